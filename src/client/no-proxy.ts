// NO_PROXY: which servers are dialled without the proxy that the environment names.
// The rules are those of Go's httpproxy, which are wider than curl's: CIDR, ports, and a name's subdomains.

import { BlockList, isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import type { WebSocketUrl } from '../handshake/index.ts'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

const family = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

/**
 * Whether the server is dialled directly: always on the loopback, else where an element of `list`, between commas, says
 * so. That is `*`, an address, a range of addresses in CIDR notation, or a name, which covers its subdomains and, with a
 * dot or `*.` in front, nothing else. Behind an address or a name may be a port. What is none of these is passed over.
 */
export function isExempt({ hostname, port }: Pick<WebSocketUrl, 'hostname' | 'port'>, list: string): boolean {
  const isAddress = isIP(hostname) !== 0
  if (hostname === 'localhost' || (isAddress && loopback.check(hostname, family(hostname)))) return true
  return list.split(',').some((element) => {
    const text = element.trim().toLowerCase()
    if (text === '*') return true
    const range = /^(.*)\/(\d{1,3})$/.exec(text)
    if (range !== null) return isAddress && isInRange(hostname, range[1], Number(range[2]))
    const [name, wantedPort] = splitPort(text)
    if (name === '' || (wantedPort !== undefined && wantedPort !== port)) return false
    if (isIP(name) !== 0) return isAddress && isInRange(hostname, name, isIP(name) === 4 ? 32 : 128)
    return !isAddress && isOfDomain(hostname, name)
  })
}

function isInRange(address: string, start: string, bits: number): boolean {
  const version = isIP(start)
  if (version === 0 || bits > (version === 4 ? 32 : 128)) return false
  const range = new BlockList()
  range.addSubnet(start, bits, family(start))
  // BlockList takes an IPv4 address and the same one mapped into IPv6 for equal; a range of IPv6 holds the mapped ones only.
  if (version === 6 && isIP(address) === 4 && !/^::ffff:/i.test(start)) return false
  return range.check(address, family(address))
}

/** `name`, `name:port`, `[address]`, `[address]:port`, or an IPv6 address by itself. */
function splitPort(text: string): [name: string, port: number | undefined] {
  const [, bracketed, plain, digits] = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? []
  const name = bracketed ?? plain
  if (name === undefined) return [isIP(text) === 6 ? text : '', undefined]
  return [name, digits === undefined ? undefined : Number(digits)]
}

function isOfDomain(hostname: string, rule: string): boolean {
  const pattern = rule.startsWith('*.') ? rule.slice(1) : rule
  const subdomainsOnly = pattern.startsWith('.')
  const name = domainToASCII(subdomainsOnly ? pattern.slice(1) : pattern)
  if (name === '') return false
  return hostname.endsWith(`.${name}`) || (!subdomainsOnly && hostname === name)
}
