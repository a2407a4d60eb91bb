import { type Logger, pino } from 'pino'
import type { Log, LogFields } from '#domain/ports/log.ts'
import { type LineStream, StderrSink } from './stderr-sink.ts'

export type LogLevel = 'info' | 'warn' | 'error' | 'silent'

export interface PinoLogOptions {
  readonly level?: LogLevel
  /** Where the lines go; standard error unless told otherwise. */
  readonly stream?: LineStream
}

const LONGEST_VALUE_BYTES = 256

/** One line of JSON for each thing logged, on standard error; JSON escapes control characters in the values. */
export class PinoLog implements Log {
  readonly #sink: StderrSink
  readonly #logger: Logger

  constructor({ level = 'info', stream }: PinoLogOptions = {}) {
    this.#sink = new StderrSink(stream)
    this.#logger = pino({ level, timestamp: pino.stdTimeFunctions.isoTime }, this.#sink)
  }

  /** Lines lost because nobody took them. */
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
