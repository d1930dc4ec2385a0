import { BlockList, isIP } from 'node:net'

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** RFC 1918, RFC 3927, RFC 4193 and RFC 4291 link-local: addresses that no router forwards to the internet. */
const PRIVATE = new BlockList()
PRIVATE.addSubnet('10.0.0.0', 8, 'ipv4')
PRIVATE.addSubnet('172.16.0.0', 12, 'ipv4')
PRIVATE.addSubnet('192.168.0.0', 16, 'ipv4')
PRIVATE.addSubnet('169.254.0.0', 16, 'ipv4')
PRIVATE.addSubnet('fc00::', 7, 'ipv6')
PRIVATE.addSubnet('fe80::', 10, 'ipv6')

function isListed(list: BlockList, address: string): boolean {
  const plain = address.replace(/^\[|\]$/g, '').replace(/^::ffff:(?=\d+\.)/i, '')
  const version = isIP(plain)
  return version !== 0 && list.check(plain, version === 6 ? 'ipv6' : 'ipv4')
}

/** True for an address literal, IPv6 in brackets or not. */
export function isIpAddress(host: string): boolean {
  return isIP(host.replace(/^\[|\]$/g, '')) !== 0
}

/** True for 127.0.0.0/8 and ::1, mapped forms included. Names are never loopback here. */
export function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && isListed(LOOPBACK, address)
}

/** True for loopback and for private addresses. */
export function isPrivateAddress(address: string | undefined): boolean {
  return address !== undefined && (isListed(LOOPBACK, address) || isListed(PRIVATE, address))
}

/** The host of an endpoint that claims to be this machine: a loopback literal or `localhost`. */
export function isLoopbackHost(hostname: string): boolean {
  const plain = hostname.toLowerCase().replace(/\.$/, '')
  return plain === 'localhost' || isLoopbackAddress(plain)
}
