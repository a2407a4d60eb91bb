import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { Batch } from '#domain/room/batch.ts'
import { SqliteJournal } from '#storage/sqlite/journal.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { countFaults } from '../harness/fault-count.ts'
import { PATIENCE_MS } from '../harness/patience.ts'
import { howToGet } from '../harness/tools.ts'
import { canTrace } from '../integration/storage/disk/strace.ts'
import { CollectedLog } from '../integration/storage/sqlite/collected-log.ts'
import { JournalProcess } from './journal-process.ts'

countFaults('full disks and failed fsyncs under the journal')

const MIB = 1024 * 1024
/** More than what the last of the failing fsyncs needs. */
const MOST_APPENDS = 1200
const inCi = process.env['CI'] === 'true'
const isRoot = process.getuid?.() === 0
const traceable = canTrace()

let directory: string
beforeEach(async () => {
  directory = await temporaryDirectory()
})

const append = (journal: SqliteJournal, seq: number, text = 'x'.repeat(3000)) =>
  journal.append([new Batch('lobby', [{ type: 'said', seq, at: seq, by: { id: 'm1', name: 'ani' }, text }])])

const count = async (journal: SqliteJournal): Promise<number> => {
  let found = 0
  for (;;) {
    const batches = await journal.read('lobby', found, 100)
    if (batches.length === 0) return found
    found = batches.at(-1)!.last!
  }
}

/** Appends until the journal takes no more; gives how many it took. */
const fillUp = async (journal: SqliteJournal): Promise<number> => {
  for (let seq = 1; seq < 10_000; seq += 1) {
    const appended = await append(journal, seq)
    if (appended.status === 'readOnly') {
      // Strangers read it.
      expect(appended.message).not.toContain(directory)
      return seq - 1
    }
    assert.equal(appended.status, 'committed')
  }
  throw new Error('the disk never got full')
}

describe('C75: a full disk', () => {
  const mountSmall = (): boolean => {
    const mounted = isRoot && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', directory]).status === 0
    if (!mounted && inCi && isRoot) throw new Error('root could not mount a tmpfs of 4 MiB')
    return mounted
  }

  for (const [what, floor] of [
    ['out of space', 0],
    ['below the free-space floor', 1.5 * MIB],
  ] as const) {
    test(`${what} is read-only until there is room again`, async (context) => {
      if (!mountSmall()) return context.skip('needs to mount a tmpfs: run as root, or in `unshare -rm`')
      try {
        const ballast = join(directory, 'ballast')
        await writeFile(ballast, Buffer.alloc(1.5 * MIB))
        const log = new CollectedLog()
        const journal = new SqliteJournal({ directory, log, freeSpaceFloorBytes: floor })
        await journal.open()
        const kept = await fillUp(journal)
        expect(kept).toBeGreaterThan(0)
        for (let tries = 0; tries < 20; tries += 1) expect((await append(journal, kept + 1)).status).toBe('readOnly')
        expect(await count(journal)).toBe(kept)
        expect(await journal.span('lobby')).toEqual({ first: 1, last: kept })
        await journal.search('lobby', 'x', 10, 1_000_000)
        await rm(ballast)
        const deadline = performance.now() + PATIENCE_MS
        while ((await append(journal, kept + 1)).status === 'readOnly') assert.ok(performance.now() < deadline, 'heals')
        expect((await append(journal, kept + 2)).status).toBe('committed')
        await journal.close()
        const again = new SqliteJournal({ directory, log, freeSpaceFloorBytes: 0 })
        await again.open()
        expect(await count(again)).toBe(kept + 2)
        await again.close()
        expect(log.errors()).toEqual([])
      } finally {
        spawnSync('umount', [directory])
      }
    })
  }
})

describe('C76: an fsync that fails', () => {
  // Early ones hit while the database is made or opened, late ones a commit or a checkpoint.
  for (const when of [1, 2, 3, 4, 8, 30, 31, 1000]) {
    test(`is never tried again: nothing is promised after the ${when}. one fails`, async (context) => {
      if (!traceable) return context.skip(howToGet('strace'))
      const inject = `inject=fsync,fdatasync:error=EIO:when=${when}`
      const strace = ['strace', '-f', '-o', '/dev/null', '-e', 'trace=fsync,fdatasync', '-e', inject]
      const writer = new JournalProcess(directory, 'write', strace, MOST_APPENDS)
      await writer.ended()
      const failed = writer.lines.findIndex((line) => line.startsWith('failed'))
      // While it makes the files SQLite passes over a directory that cannot be synced; ours is synced after it.
      if (when >= 8) assert.ok(failed >= 0, 'the failure is told')
      const after = failed < 0 ? [] : writer.lines.slice(failed).filter((line) => line !== 'closed')
      for (const line of after) expect(line).toBe('failed JOURNAL_BROKEN')
      if (failed >= 0) expect(existsSync(join(directory, 'journal.suspect'))).toBe(true)
      const journal = new SqliteJournal({ directory, log: new CollectedLog() })
      await journal.open()
      expect(existsSync(join(directory, 'journal.suspect'))).toBe(false)
      const last = writer.kept().at(-1) ?? 0
      const found = await count(journal)
      assert.ok(found === last || found === last + 1, `${found} found, ${last} promised`)
      await journal.close()
    })
  }
})
