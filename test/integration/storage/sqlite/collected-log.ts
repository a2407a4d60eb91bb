import assert from 'node:assert/strict'
import { type LogLine, MemoryLog } from '#system/log.ts'

/** A log in memory with checks for the journal's tests. */
export class CollectedLog extends MemoryLog {
  errors(): LogLine[] {
    return this.lines.filter(({ level }) => level === 'error')
  }

  assertQuiet(): void {
    assert.deepEqual(this.lines, [])
  }
}
