import { isIPv4 } from 'node:net'

export { subnetOf } from '#domain/names/subnet.ts'

export const isLoopback = (address: string): boolean =>
  address === '::1' || (isIPv4(address) && address.startsWith('127.'))
