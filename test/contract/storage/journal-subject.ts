import assert from 'node:assert/strict'
import type { Journal } from '#domain/ports/journal.ts'
import { Batch } from '#domain/room/batch.ts'
import type { Entry } from '#domain/room/events.ts'

/** An open, empty journal, and the abilities of its kind. */
export interface JournalUnderTest {
  readonly journal: Journal
  /** Closes the journal and opens it again; absent when nothing outlives it. */
  reopen?(): Promise<Journal>
  dispose(): Promise<void>
}

/** An entry without its number, time and author. */
export type UnnumberedEntry = Entry extends infer Each
  ? Each extends Entry
    ? Omit<Each, 'seq' | 'at' | 'by'>
    : never
  : never

export const ani = { id: 'm1', name: 'ani' }
const AT = 1_790_000_000_000

export const numbered = (drafts: readonly UnnumberedEntry[], first = 1): Entry[] =>
  drafts.map((draft, index) => ({ ...draft, seq: first + index, at: AT + first + index, by: ani }))

/** Everything after `after`, in pages of `limit`. */
export const readAll = async (journal: Journal, room: string, after: number, limit: number): Promise<Entry[]> => {
  const found: Entry[] = []
  for (let from = after; ; ) {
    const batches = await journal.read(room, from, limit)
    if (batches.length === 0) return found
    for (const batch of batches) {
      assert.equal(batch.room, room)
      assert.equal(batch.first, batch.entries[0]?.seq)
      found.push(...batch.entries)
    }
    assert.ok(found.at(-1)!.seq > from, 'a page moves on')
    from = found.at(-1)!.seq
  }
}

/** The journal of one case, with the numbering of the engine. */
export class Subject {
  readonly #made: JournalUnderTest
  #journal: Journal

  constructor(made: JournalUnderTest) {
    this.#made = made
    this.#journal = made.journal
  }

  get journal(): Journal {
    return this.#journal
  }

  async append(room: string, drafts: readonly UnnumberedEntry[], ids: readonly string[] = []): Promise<void> {
    const first = ((await this.#journal.span(room))?.last ?? 0) + 1
    const commandIds = ids.map((id, index) => ({ id, seq: first + index }))
    const appended = await this.#journal.append([new Batch(room, numbered(drafts, first), commandIds)])
    assert.deepEqual(appended, { status: 'committed' })
  }

  async reopen(): Promise<void> {
    if (this.#made.reopen !== undefined) this.#journal = await this.#made.reopen()
  }

  /** Everything is there again after reopening. */
  async verifyKept(): Promise<void> {
    if (this.#made.reopen === undefined) return
    await this.#journal.open()
    const before = await this.#everything()
    await this.reopen()
    assert.deepEqual(await this.#everything(), before)
  }

  dispose(): Promise<void> {
    return this.#made.dispose()
  }

  async #everything(): Promise<unknown> {
    const known = await this.#journal.rooms()
    const rooms = [...known.keys()].sort()
    const spans = await this.#each(rooms, (room) => this.#journal.span(room))
    assert.deepEqual(known, new Map(spans))
    return {
      spans,
      contents: await this.#each(rooms, (room) => readAll(this.#journal, room, 0, 50)),
      facts: await this.#each(rooms, (room) => this.#journal.facts(room)),
    }
  }

  #each<T>(rooms: readonly string[], look: (room: string) => Promise<T>): Promise<[string, T][]> {
    return Promise.all(rooms.map(async (room): Promise<[string, T]> => [room, await look(room)]))
  }
}
