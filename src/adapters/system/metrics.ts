import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Metrics } from '#domain/ports/system.ts'

/** Wide enough for milliseconds from a tenth to ten seconds, and for counts from 1 to 10 000. */
const BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000]
const DELAY_RESOLUTION_MS = 20

/** Metrics in the text format of Prometheus, in a registry of this host's own: `tamtam_commit_ms`, `tamtam_connections_line_total`. */
export class PromMetrics implements Metrics {
  readonly #registry = new Registry()
  readonly #counters = new Map<string, Counter>()
  readonly #gauges = new Map<string, Gauge>()
  readonly #histograms = new Map<string, Histogram>()
  #delay: ReturnType<typeof monitorEventLoopDelay> | undefined

  get contentType(): string {
    return this.#registry.contentType
  }

  count(name: string, by = 1): void {
    const counter =
      this.#counters.get(name) ?? this.#made(this.#counters, name, (named) => new Counter(named), '_total')
    counter.inc(by)
  }

  gauge(name: string, value: number): void {
    const gauge = this.#gauges.get(name) ?? this.#made(this.#gauges, name, (named) => new Gauge(named))
    gauge.set(value)
  }

  observe(name: string, value: number): void {
    const histogram =
      this.#histograms.get(name) ??
      this.#made(this.#histograms, name, (named) => new Histogram({ ...named, buckets: BUCKETS }))
    histogram.observe(value)
  }

  /** All values until now, and the delay of the event loop since the call before; it is measured from the first call on, so that hosts without metrics pay nothing. */
  text(): Promise<string> {
    if (this.#delay === undefined) {
      this.#delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS })
      this.#delay.enable()
    } else {
      // The histogram includes its own interval.
      const ms = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - DELAY_RESOLUTION_MS)
      this.gauge('event_loop_delay_p50_ms', ms(this.#delay.percentile(50)))
      this.gauge('event_loop_delay_p99_ms', ms(this.#delay.percentile(99)))
      this.gauge('event_loop_delay_max_ms', ms(this.#delay.max))
      this.#delay.reset()
    }
    return this.#registry.metrics()
  }

  /** The same as numbers by name: `tamtam_rooms`, `tamtam_commit_ms_bucket{le="0.5"}`. */
  async values(): Promise<Readonly<Record<string, number>>> {
    const metrics = (await this.#registry.getMetricsAsJSON()) as readonly { name: string; values: readonly Value[] }[]
    const named = ({ metricName, labels, value }: Value, name: string) =>
      [`${metricName ?? name}${labels.le === undefined ? '' : `{le="${labels.le}"}`}`, value] as const
    return Object.fromEntries(metrics.flatMap(({ name, values }) => values.map((value) => named(value, name))))
  }

  #made<T>(all: Map<string, T>, name: string, make: (named: Named) => T, end = ''): T {
    const made = make({ name: `tamtam_${name}${end}`, help: name.replaceAll('_', ' '), registers: [this.#registry] })
    all.set(name, made)
    return made
  }
}

interface Value {
  readonly metricName?: string
  readonly labels: { readonly le?: string | number }
  readonly value: number
}

interface Named {
  readonly name: string
  readonly help: string
  readonly registers: Registry[]
}

export interface Distribution {
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
}

/** All values at one moment, by name. */
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

  /** All values until now, as plain data. */
  snapshot(): MetricsSnapshot {
    return {
      counters: Object.fromEntries(this.#counters),
      gauges: Object.fromEntries(this.#gauges),
      distributions: Object.fromEntries(this.#distributions),
    }
  }
}
