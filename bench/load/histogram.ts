const STEPS = 32
const UNITS_PER_MS = 10_000

/** Times in milliseconds, counted in buckets 3 % wide. */
export class Histogram {
  readonly #counts = new Uint32Array(STEPS * 30)
  #count = 0
  #most = 0

  add(ms: number): void {
    const units = Math.max(0, Math.round(ms * UNITS_PER_MS))
    this.#counts[bucketOf(units)]! += 1
    this.#count += 1
    if (ms > this.#most) this.#most = ms
  }

  get count(): number {
    return this.#count
  }

  get most(): number {
    return this.#most
  }

  /** `share` 0.99 is p99. NaN where nothing was counted. */
  quantile(share: number): number {
    let left = Math.ceil(share * this.#count)
    if (left === 0) return Number.NaN
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      left -= this.#counts[bucket] as number
      if (left <= 0) return unitsOf(bucket) / UNITS_PER_MS
    }
    return this.#most
  }
}

function bucketOf(units: number): number {
  if (units < 2 * STEPS) return units
  const shift = 26 - Math.clz32(units)
  return shift * STEPS + (units >>> shift)
}

function unitsOf(bucket: number): number {
  if (bucket < 2 * STEPS) return bucket
  const shift = Math.floor(bucket / STEPS) - 1
  return ((bucket % STEPS) + STEPS + 0.5) * 2 ** shift
}
