/** So many colours are there for people; each can be read on both backgrounds, and none says anything alone. */
const HUES = 12

function hueOf(name: string): number {
  let sum = 0
  for (const sign of name.toLowerCase()) sum = (sum * 31 + (sign.codePointAt(0) ?? 0)) >>> 0
  return sum % HUES
}

/** The hues of these names: by the name alone, and the next free one where two of them collide. */
export function huesOf(names: readonly string[]): ReadonlyMap<string, number> {
  const hues = new Map<string, number>()
  const taken = new Set<number>()
  for (const name of names.map((each) => each.toLowerCase()).sort()) {
    let hue = hueOf(name)
    for (let tries = 0; tries < HUES && taken.has(hue); tries++) hue = (hue + 1) % HUES
    taken.add(hue)
    hues.set(name, hue)
  }
  return hues
}

/** That of somebody who is not among them. */
export const hueIn = (hues: ReadonlyMap<string, number>, name: string): number =>
  hues.get(name.toLowerCase()) ?? hueOf(name)
