/** A public IPv4 address that the text ties to a person. Private, reserved and well-known ones tell nobody. */
import type { NumberSpan } from './number-span.ts'

const IPV4 = /^(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}$/
const NOT_PERSONAL =
  /^(?:0\.|10\.|127\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|192\.168\.|192\.0\.2\.|198\.51\.100\.|203\.0\.113\.|22[4-9]\.|2[3-5]\d\.|8\.8\.|1\.1\.1\.1|1\.0\.0\.1|9\.9\.9\.9|[0-9]\.\d\.\d\.\d$)/
const PERSON =
  /(?:^|[^a-z])(?:ip|address|client|client_ip|customer|user|visitor|logged|login|from|blocked)(?:$|[^a-z])/i

export function isPersonalIp({ context, written }: NumberSpan): boolean {
  return IPV4.test(written) && !NOT_PERSONAL.test(written) && PERSON.test(context.before)
}
