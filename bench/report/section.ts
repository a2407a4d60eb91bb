/** A figure that has something to reach. */
export interface Finding {
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly target?: { readonly atLeast: number } | { readonly atMost: number }
}

/** What one part of the benchmark came to. */
export interface Section {
  readonly title: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly findings: readonly Finding[]
  readonly notes: readonly string[]
  /** Everything that was measured, for `--json`. */
  readonly raw: unknown
}

export function isMet({ value, target }: Finding): boolean | undefined {
  if (target === undefined || Number.isNaN(value)) return undefined
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost
}

/** Two or three significant digits: more would claim more than a busy machine can tell. */
export function figure(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '-'
  if (Math.abs(value) >= 1e6) return `${short(value / 1e6)} M`
  if (Math.abs(value) >= 10_000) return `${short(value / 1000)} k`
  return short(value)
}

function short(value: number): string {
  const size = Math.abs(value)
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)
}
