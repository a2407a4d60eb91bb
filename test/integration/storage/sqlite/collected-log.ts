import assert from 'node:assert/strict'
import type { Log, LogFields } from '#domain/ports/system.ts'

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error'
  readonly what: string
  readonly fields: LogFields
}

/** Keeps what was logged, for a test to look at. */
export class CollectedLog implements Log {
  readonly lines: LogLine[] = []

  info(what: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'info', what, fields })
  }

  warn(what: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'warn', what, fields })
  }

  error(what: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'error', what, fields })
  }

  errors(): LogLine[] {
    return this.lines.filter(({ level }) => level === 'error')
  }

  assertQuiet(): void {
    assert.deepEqual(this.lines, [])
  }
}
