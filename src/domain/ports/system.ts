/** The source of time. */
export interface Clock {
  /** Milliseconds since 1970; may jump. For people to read, not for measuring or ordering. */
  now(): number
  /** Milliseconds from some fixed moment; never jumps. */
  elapsed(): number
  /** Calls `run` once after `ms` milliseconds of `elapsed` time, unless cancelled. Does not keep the process alive. */
  after(ms: number, run: () => void): Cancel
  /** Calls `run` once, after the input already waiting was handed out: at the end of the tick. */
  soon(run: () => void): void
}

/** Cancels a timer; without effect once it has run. */
export type Cancel = () => void

/** The source of ids that cannot be guessed. */
export interface Ids {
  /** A new id: 128 bits of randomness as 32 hexadecimal digits. */
  next(): string
}

/** Values of one log line, by name. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** For the host's operator. Never with message texts, tokens or file names; an `error` field holds a code or an error's message. */
export interface Log {
  info(what: string, fields?: LogFields): void
  warn(what: string, fields?: LogFields): void
  error(what: string, fields?: LogFields): void
}

/** Counts and sizes by name; names are lower_snake_case, with the unit last (`commit_ms`, `relayed_bytes`). */
export interface Metrics {
  /** Adds to a counter; `by` defaults to 1. */
  count(name: string, by?: number): void
  /** Notes one measured value of a distribution. */
  observe(name: string, value: number): void
  /** Sets a level that goes up and down. */
  gauge(name: string, value: number): void
}
