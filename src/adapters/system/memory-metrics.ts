import type { Metrics } from '#domain/ports/metrics.ts'

export interface Distribution {
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
}

export interface MetricsSnapshot {
  readonly counters: Readonly<Record<string, number>>
  readonly gauges: Readonly<Record<string, number>>
  readonly distributions: Readonly<Record<string, Distribution>>
}

/** Counts in memory; a distribution is kept as count, sum, least and greatest. */
export class MemoryMetrics implements Metrics {
  readonly #counters = new Map<string, number>()
  readonly #gauges = new Map<string, number>()
  readonly #distributions = new Map<string, Distribution>()

  count(name: string, by = 1): void {
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + by)
  }

  gauge(name: string, value: number): void {
    this.#gauges.set(name, value)
  }

  observe(name: string, value: number): void {
    const { count, sum, min, max } = this.#distributions.get(name) ?? { count: 0, sum: 0, min: value, max: value }
    this.#distributions.set(name, {
      count: count + 1,
      sum: sum + value,
      min: Math.min(min, value),
      max: Math.max(max, value),
    })
  }

  /** What was counted until now, as plain data. */
  snapshot(): MetricsSnapshot {
    return {
      counters: Object.fromEntries(this.#counters),
      gauges: Object.fromEntries(this.#gauges),
      distributions: Object.fromEntries(this.#distributions),
    }
  }
}
