import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isLoopbackAddress, isLoopbackHost, isPrivateAddress } from './address.ts'

const LOOPBACK = [
  '127.0.0.1',
  '127.255.255.254',
  '::1',
  '[::1]',
  '::ffff:127.0.0.1',
  '::FFFF:127.9.9.9',
  '0:0:0:0:0:0:0:1',
]
const PRIVATE = [
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.1.1',
  '::ffff:10.1.2.3',
  'fd00::1',
  'fe80::1',
  '[fc00::1]',
]
const PUBLIC = [
  '8.8.8.8',
  '128.0.0.1',
  '126.255.255.255',
  '172.15.0.1',
  '172.32.0.1',
  '192.169.0.1',
  '11.0.0.1',
  '0.0.0.0',
  '::',
  '::ffff:8.8.8.8',
  '2001:db8::1',
  'fec0::1',
  '100.64.0.1',
]
/** Names, and ways of writing an address that some parsers take for loopback. */
const NO_ADDRESS = [
  '',
  'localhost',
  'example.com',
  '127.0.0.1.example.com',
  '127.1',
  '0x7f.0.0.1',
  '2130706433',
  '127.0.0.1 ',
  '127.0.0.1:80',
  '127.0.0.01',
]

describe('addresses', () => {
  for (const address of LOOPBACK) {
    test(`${address} is this machine`, () => {
      assert.ok(isLoopbackAddress(address))
      assert.ok(isPrivateAddress(address))
    })
  }
  for (const address of PRIVATE) {
    test(`${address} is of the house, not of this machine`, () => {
      assert.ok(!isLoopbackAddress(address))
      assert.ok(isPrivateAddress(address))
    })
  }
  for (const address of [...PUBLIC, ...NO_ADDRESS]) {
    test(`"${address}" is neither`, () => {
      assert.ok(!isLoopbackAddress(address))
      assert.ok(!isPrivateAddress(address))
    })
  }
  test('an unknown peer is neither', () => {
    assert.ok(!isLoopbackAddress(undefined))
    assert.ok(!isPrivateAddress(undefined))
  })

  for (const host of ['localhost', 'LOCALHOST', 'localhost.', '127.0.0.1', '[::1]', '127.0.0.1.']) {
    test(`host ${host} claims to be this machine`, () => assert.ok(isLoopbackHost(host)))
  }
  for (const host of [
    'localhost.example.com',
    'my-localhost',
    'host.docker.internal',
    '0.0.0.0',
    '192.168.1.1',
    '',
    'localhost..',
  ]) {
    test(`host "${host}" does not`, () => assert.ok(!isLoopbackHost(host)))
  }
})
