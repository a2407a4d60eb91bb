import { type Logger, pino } from 'pino'
import type { Log, LogFields } from '#domain/ports/system.ts'

export type LogLevel = 'info' | 'warn' | 'error' | 'silent'

export interface PinoLogOptions {
  readonly level?: LogLevel
  /** Where the lines go; standard error unless told otherwise. */
  readonly stream?: LineStream
}

const LONGEST_VALUE_BYTES = 256

/** Each entry is one line of JSON on standard error; JSON escapes control characters in the values. */
export class PinoLog implements Log {
  readonly #sink: StderrSink
  readonly #logger: Logger

  constructor({ level = 'info', stream }: PinoLogOptions = {}) {
    this.#sink = new StderrSink(stream)
    this.#logger = pino({ level, timestamp: pino.stdTimeFunctions.isoTime }, this.#sink)
  }

  /** Lines lost because the reader was too slow or gone. */
  get dropped(): number {
    return this.#sink.dropped
  }

  info(what: string, fields?: LogFields): void {
    this.#logger.info(cutFields(fields), cut(what))
  }

  warn(what: string, fields?: LogFields): void {
    this.#logger.warn(cutFields(fields), cut(what))
  }

  error(what: string, fields?: LogFields): void {
    this.#logger.error(cutFields(fields), cut(what))
  }
}

const cutFields = (fields: LogFields = {}): LogFields =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? cut(value) : value]),
  )

/** At most 256 bytes of UTF-8, never half a character. */
const cut = (text: string): string => {
  if (text.length * 3 <= LONGEST_VALUE_BYTES) return text
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(LONGEST_VALUE_BYTES))
  return text.slice(0, read)
}

/** The target of log lines: `process.stderr`, or a stream in tests. */
export interface LineStream {
  readonly writableLength: number
  write(line: string): boolean
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** Bytes of lines that may wait for a stalled reader. */
const WAITING_BYTES = 256 * 1024

/**
 * Writes log lines without ever waiting for the reader (C89): past `WAITING_BYTES`, or when the stream is closed or its disk full, a
 * line is dropped and counted. Node keeps lines for a full pipe or socket in memory and writes on.
 */
export class StderrSink {
  readonly #stream: LineStream
  #dropped = 0

  constructor(stream: LineStream = process.stderr) {
    this.#stream = stream
    // One error may stand for several waiting lines; a count above 0 is the sign.
    stream.on('error', () => {
      this.#dropped += 1
    })
  }

  /** Lost lines. */
  get dropped(): number {
    return this.#dropped
  }

  write(line: string): void {
    if (this.#stream.writableLength > WAITING_BYTES) {
      this.#dropped += 1
      return
    }
    try {
      this.#stream.write(line)
    } catch {
      this.#dropped += 1 // a file is written at once, and its disk may be full
    }
  }
}
