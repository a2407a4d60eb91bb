/** Counts and sizes by name; names are lower_snake_case, with the unit last (`commit_ms`, `relayed_bytes`). */
export interface Metrics {
  /** Adds to a counter; `by` defaults to 1. */
  count(name: string, by?: number): void
  /** Notes one measured value of a distribution. */
  observe(name: string, value: number): void
  /** Sets a level that goes up and down. */
  gauge(name: string, value: number): void
}
