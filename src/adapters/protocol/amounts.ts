const POWER: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 }

/** The bytes of `500k`, `5M` or `1.5 GB`, decimal; undefined where it is no size. */
export function bytesOf(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d{1,15}(?:\.\d{1,3})?) ?([kmgt]?)b?$/i.exec(text.trim()) ?? []
  if (amount === undefined) return undefined
  // 0 stands for no limit: a small limit must not be rounded to it.
  const least = Number(amount) > 0 ? 1 : 0
  const bytes = Math.max(least, Math.round(Number(amount) * (POWER[unit.toLowerCase()] ?? 1)))
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }

/** What a person means by `10`, `90s`, `30m`, `12h` or `7d`, in seconds; undefined where it is no time. */
export function spanOf(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d{1,9}) ?([smhd]?)$/i.exec(text.trim()) ?? []
  return amount === undefined ? undefined : Number(amount) * (UNIT_SECONDS[unit.toLowerCase()] ?? 1)
}
