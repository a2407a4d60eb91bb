import { isIPv4 } from 'node:net'

export const isLoopback = (address: string): boolean =>
  address === '::1' || (isIPv4(address) && address.startsWith('127.'))

export { householdOf } from '../../../domain/names/household.ts'
