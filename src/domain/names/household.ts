/** Whom an address belongs to: one household has a whole IPv6 /64 (C70). */
export function householdOf(address: string): string {
  if (!address.includes(':')) return address
  const [before = '', after] = address.split('::')
  const groups = before.split(':').filter((group) => group !== '')
  const tail = after === undefined ? [] : after.split(':').filter((group) => group !== '')
  const zeros = after === undefined ? 0 : 8 - groups.length - tail.length
  return [...groups, ...Array<string>(Math.max(0, zeros)).fill('0'), ...tail].slice(0, 4).join(':')
}
