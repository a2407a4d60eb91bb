import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { DirectoryInUse } from '#domain/ports/journal.ts'
import { Batch } from '#domain/room/batch.ts'
import { SqliteJournal } from '#storage/sqlite/journal.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { CollectedLog } from '../integration/storage/sqlite/collected-log.ts'
import { JournalProcess } from './journal-process.ts'

const MESSAGES = 20_000
const MESSAGES_A_BATCH = 100
const CYCLES = 6

let directory: string
beforeEach(async () => {
  directory = await temporaryDirectory()
})

const opened = async (log = new CollectedLog()): Promise<SqliteJournal> => {
  const journal = new SqliteJournal({ directory, log })
  await journal.open()
  return journal
}

const sequences = async (journal: SqliteJournal, room: string): Promise<number[]> => {
  const found: number[] = []
  for (;;) {
    const batches = await journal.read(room, found.at(-1) ?? 0, 1000)
    if (batches.length === 0) return found
    for (const { entries } of batches) for (const { seq } of entries) found.push(seq)
  }
}

const fill = async (): Promise<void> => {
  const journal = await opened()
  for (let first = 1; first <= MESSAGES; first += MESSAGES_A_BATCH) {
    const entries = Array.from({ length: MESSAGES_A_BATCH }, (_, index) => {
      const seq = first + index
      return { type: 'said', seq, at: seq, by: { id: 'm1', name: 'ani' }, text: `old line ${seq}` } as const
    })
    const ids = entries.map(({ seq }) => ({ id: `id-${seq}`, seq }))
    const batches = ['lobby', 'hall'].map((room) => new Batch(room, entries, ids))
    assert.deepEqual(await journal.append(batches), { status: 'committed' })
  }
  await journal.close()
}

describe('C79: a process that is killed while it writes', () => {
  test('has kept what it was promised exactly once, and starts again', async () => {
    await fill()
    let before = MESSAGES
    for (let cycle = 0; cycle < CYCLES; cycle += 1) {
      const writer = new JournalProcess(directory, 'write')
      await writer.until(50 + cycle * 211)
      await writer.kill()
      const log = new CollectedLog()
      const started = performance.now()
      const journal = await opened(log)
      const tookMs = performance.now() - started
      const kept = writer.kept()
      expect(kept[0]).toBe(before + 1)
      const [lobby, hall] = [await sequences(journal, 'lobby'), await sequences(journal, 'hall')]
      // One append may have been kept without the process living to say so; it is whole then.
      const last = lobby.length
      assert.ok(last === kept.at(-1)! || last === kept.at(-1)! + 1, `${last} kept, ${kept.at(-1)} promised`)
      assert.deepEqual(
        lobby,
        Array.from({ length: last }, (_, index) => index + 1),
      )
      assert.deepEqual(hall, lobby)
      const again = { type: 'said', seq: last + 1, at: 0, by: { id: 'm1', name: 'ani' }, text: 'again' } as const
      const known = await journal.append([new Batch('lobby', [again], [{ id: `id-${kept.at(-1)}`, seq: last + 1 }])])
      expect(known.status).toBe('duplicate')
      await journal.close()
      log.assertQuiet()
      console.log(
        `C79: killed after ${kept.length} appends, ${last} messages a room, open again in ${tookMs.toFixed(0)} ms`,
      )
      before = last
    }
  })
})

describe('C85: a directory that another process has open', () => {
  test('is refused with its pid where that can be told, and free when it is killed', async () => {
    const holder = new JournalProcess(directory, 'hold')
    await holder.until(1)
    expect(holder.lines).toEqual(['open'])
    await expect(opened()).rejects.toMatchObject({ code: 'DIRECTORY_IN_USE', pid: undefined })
    await writeFile(join(directory, 'owner.json'), '{"pid": "half')
    await expect(opened()).rejects.toMatchObject({ pid: undefined })
    await writeFile(join(directory, 'owner.json'), JSON.stringify({ pid: holder.pid, host: hostname() }))
    const refusal = await opened().catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(DirectoryInUse)
    expect(refusal).toMatchObject({ pid: holder.pid })
    await holder.kill()
    const journal = await opened()
    await journal.close()
  })

  test('is refused within one process too', async () => {
    const journal = await opened()
    await expect(opened()).rejects.toBeInstanceOf(DirectoryInUse)
    await expect(opened()).rejects.toBeInstanceOf(DirectoryInUse)
    await journal.close()
    await (await opened()).close()
  })
})
