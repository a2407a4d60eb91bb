import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cp, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { Batch } from '#domain/room/batch.ts'
import type { Entry } from '#domain/room/events.ts'
import { SqliteJournal } from '#storage/sqlite/journal.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { canTrace } from '../integration/storage/disk/strace.ts'
import { CollectedLog } from '../integration/storage/sqlite/collected-log.ts'

const ERASER = fileURLToPath(new URL('./journal-eraser.ts', import.meta.url))
/** All by which SQLite and the wiping change files, or make that durable. */
const CALLS = ['pwrite64', 'fdatasync', 'ftruncate']
/** One message is rewritten in few calls, a whole room in many: of each, every so many-th is tried. */
const TARGETS = [
  { target: '77', every: 7 },
  { target: 'all', every: 480 },
]
const BATCHES = 60

const token = (): string => randomBytes(16).toString('hex')

/** A journal of two rooms whose rows were moved while they grew, indexed, closed; and the text of each message. */
async function madeJournal(directory: string): Promise<readonly string[]> {
  const journal = new SqliteJournal({ directory, log: new CollectedLog(), freeSpaceFloorBytes: 0 })
  await journal.open()
  const texts: string[] = []
  for (let batch = 0; batch < BATCHES; batch++) {
    const first = texts.length + 1
    const entries = Array.from({ length: 1 + (batch % 5) }, (_, index): Entry => {
      texts.push(token())
      return { type: 'said', seq: first + index, at: 1, by: { id: 'm1', name: 'ani' }, text: `${texts.at(-1)} kopi` }
    })
    const others = entries.map((entry) => ({ ...entry, text: 'teh '.repeat(batch) }))
    await journal.append([new Batch('lobby', entries), new Batch('hall', others)])
  }
  await journal.search('lobby', 'kopi', 1, 1000)
  await journal.close()
  return texts
}

/** Names of files that have one of these texts, as they are or as the search index shortens them. */
async function filesWith(directory: string, texts: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const name of await readdir(directory)) {
    const bytes = await readFile(join(directory, name))
    if (texts.some((text) => bytes.includes(text.slice(8)))) found.push(name)
  }
  return found
}

/** Runs the eraser; what it said until it ended, or was killed at the `nth` such call of one of its threads. */
async function erase(directory: string, target: string, call: string, nth: number) {
  const kill = ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${nth}`]
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', ERASER, directory, target]
  return await new Promise<{ readonly wasKilled: boolean; readonly said: string }>((resolve) => {
    execFile('strace', [...kill, ...node], (error, said) => resolve({ wasKilled: error !== null, said }))
  })
}

test.for(TARGETS)(
  'C80 text that was said to be erased is gone when the host is killed at any step, and after the next start ($target)',
  async ({ target, every }, context) => {
    if (!canTrace()) return context.skip()
    const made = await temporaryDirectory()
    const texts = await madeJournal(made)
    const gone = target === 'all' ? texts : texts.filter((_, index) => index === Number(target) - 1)
    expect(await filesWith(made, gone)).toEqual(['journal.db'])
    const tally = { kills: 0, before: 0 }
    for (const call of CALLS)
      for (let nth = 1; ; nth += every) {
        const directory = await temporaryDirectory()
        await cp(made, directory, { recursive: true })
        const { wasKilled, said } = await erase(directory, target, call, nth)
        const wasErased = said.includes('erased')
        if (wasErased) expect(await filesWith(directory, gone)).toEqual([])
        else tally.before++
        tally.kills += wasKilled ? 1 : 0
        // The host that starts again asks for it again.
        const again = await erase(directory, target, 'chroot', 1)
        expect(again).toEqual({ wasKilled: false, said: 'open\nerased\n' })
        expect(await filesWith(directory, gone)).toEqual([])
        const journal = new SqliteJournal({ directory, log: new CollectedLog() })
        await journal.open()
        const left = (await journal.read('lobby', 0, 10_000)).flatMap(({ entries }) => entries)
        await journal.close()
        expect(left.map((entry) => (entry.type === 'said' ? entry.text.slice(0, 32) : entry.type))).toEqual(
          texts.map((text) => (gone.includes(text) ? 'erased' : text)),
        )
        expect((await readdir(directory)).filter((name) => name.startsWith('quarantine'))).toEqual([])
        if (!wasKilled) break
      }
    console.log(`erasing ${target}: ${tally.kills} kills, ${tally.before} before it was said to be done`)
    expect(tally.kills).toBeGreaterThan(CALLS.length)
    expect(tally.before).toBeGreaterThan(0)
  },
)
