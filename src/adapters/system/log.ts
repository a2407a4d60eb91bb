import type { Log, LogFields } from '#domain/ports/system.ts'

/** For embedders that want no log. */
export class SilentLog implements Log {
  info(): void {}
  warn(): void {}
  error(): void {}
}

/** One kept line of a `MemoryLog`. */
export interface LogLine {
  readonly level: 'info' | 'warn' | 'error'
  readonly what: string
  readonly fields: LogFields
}

/** Keeps all lines, for tests. */
export class MemoryLog implements Log {
  readonly #lines: LogLine[] = []

  get lines(): readonly LogLine[] {
    return this.#lines
  }

  info(what: string, fields: LogFields = {}): void {
    this.#lines.push({ level: 'info', what, fields })
  }

  warn(what: string, fields: LogFields = {}): void {
    this.#lines.push({ level: 'warn', what, fields })
  }

  error(what: string, fields: LogFields = {}): void {
    this.#lines.push({ level: 'error', what, fields })
  }
}
