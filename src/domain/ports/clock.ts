/** Where time comes from. */
export interface Clock {
  /** Milliseconds since 1970; may jump. For people to read, never to measure or order by. */
  now(): number
  /** Milliseconds from some fixed moment; never jumps. */
  elapsed(): number
  /** Calls `run` once after `ms` milliseconds of `elapsed` time, unless cancelled. Does not keep the process alive. */
  after(ms: number, run: () => void): Cancel
  /** Calls `run` once, after the input that is already waiting has been handed out: the end of the tick. */
  soon(run: () => void): void
}

export type Cancel = () => void
