import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** A network as people write it: `10.0.0.0/8`, `2001:db8::/32`, or one address. */
interface Network {
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
  readonly prefix: number
}

/** Undefined where it is none. The network of all addresses is none: everybody in it could say where they come from. */
export function networkIn(text: string): Network | undefined {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const family = isIPv4(address) ? 'ipv4' : isIPv6(address) && !address.includes('%') ? 'ipv6' : undefined
  if (family === undefined) return undefined
  const most = family === 'ipv4' ? 32 : 128
  const prefix = bits === undefined ? most : Number(bits)
  return prefix < 1 || prefix > most ? undefined : { address, family, prefix }
}

/** The networks in which everybody is a proxy of ours: what they say of their clients is believed. */
export class TrustedProxies {
  readonly #networks = new BlockList()

  /** Throws `RangeError` where one of these is no network. */
  constructor(networks: readonly string[]) {
    for (const text of networks) {
      const network = networkIn(text)
      if (network === undefined) throw new RangeError(`${text} is no network such as 10.0.0.0/8`)
      this.#networks.addSubnet(network.address, network.prefix, network.family)
    }
  }

  readonly trusts = (text: string): boolean => {
    const address = addressIn(text)
    return address !== undefined && this.#networks.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
  }
}

/** The one form of an address, without zone, an IPv4 address that is mapped into IPv6 as IPv4; undefined where the text is none. */
export function addressIn(text: string): string | undefined {
  if (isIPv4(text)) return text
  if (!isIPv6(text)) return undefined
  const name = new URL(`http://[${text.replace(/%.*$/, '')}]`).hostname.slice(1, -1)
  const [, high, low] = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(name) ?? []
  if (high === undefined || low === undefined) return name
  return [high, low].flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]).join('.')
}
