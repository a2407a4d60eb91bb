import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Log } from '#domain/ports/system.ts'
import { isDamage } from './errors.ts'
import type { OnDamaged, Reader } from './reader.ts'
import type { RoomTable } from './room-table.ts'
import { KEY, ROW_COLUMNS, type UncheckedRow } from './rows.ts'

/** So much is read at a time: a commit waits a few milliseconds for it at most. */
const STEP_BYTES = 256 * 1024
const STEP_IDS = 2000
/** Behind every row. */
const END = { room: 0x7f_ffff, first: 0xff_ffff_ffff }

class Damaged extends Error {}

interface Place {
  readonly room: number
  readonly first: number
}

type StoredRow = UncheckedRow & { readonly room_key: number }

/**
 * Reads a journal that was opened without reading all of it, in short steps between the requests: every row by its checksum, the index of
 * facts beside the rows, and the ids. Damage is reported; the next start saves what verifies.
 */
export class Verifier {
  readonly #rooms: RoomTable
  readonly #reader: Reader
  readonly #log: Log
  readonly #onDamaged: OnDamaged
  readonly #rows: StatementSync
  readonly #facts: StatementSync
  readonly #ids: StatementSync
  #status: 'rows' | 'ids' | 'done' = 'rows'
  #at: Place = { room: 0, first: 0 }
  #id: readonly [room: number, id: string] = [0, '']

  constructor(db: DatabaseSync, rooms: RoomTable, reader: Reader, log: Log, onDamaged: OnDamaged) {
    this.#rooms = rooms
    this.#reader = reader
    this.#log = log
    this.#onDamaged = onDamaged
    this.#rows = db.prepare(
      `SELECT CAST(key >> 40 AS REAL) AS room_key, ${ROW_COLUMNS} FROM batches NOT INDEXED WHERE key > ${KEY} ORDER BY key`,
    )
    this.#facts = db.prepare(
      `SELECT count(*) AS facts FROM batches INDEXED BY batches_facts WHERE kind > 0 AND key > ${KEY} AND key <= ${KEY}`,
    )
    this.#ids = db.prepare(
      `SELECT CAST(room AS REAL) AS room, id FROM ids WHERE (room, id) > (?, ?) ORDER BY room, id LIMIT ${STEP_IDS}`,
    )
  }

  step(): 'more' | 'done' {
    try {
      if (this.#status === 'rows') this.#stepRows()
      else if (this.#status === 'ids') this.#stepIds()
    } catch (error) {
      if (!isDamage(error) && !(error instanceof Damaged)) throw error
      this.#damaged(String(error))
    }
    return this.#status === 'done' ? 'done' : 'more'
  }

  #stepRows(): void {
    let { room, first } = this.#at
    let bytes = 0
    let facts = 0
    let isOver = true
    for (const stored of this.#rows.iterate(room, first)) {
      const row = stored as unknown as StoredRow
      room = row.room_key
      first = Number(row.first)
      if (Number(row.kind) > 0) facts++
      const known = this.#rooms.withKey(room)
      if (known === undefined) throw new Damaged('there are rows of no room')
      this.#reader.verify(known, row)
      bytes += row.bytes instanceof Uint8Array ? row.bytes.length : 0
      isOver = bytes < STEP_BYTES
      if (!isOver) break
    }
    const from = this.#at
    this.#at = { room, first }
    const to = isOver ? END : this.#at
    if (this.#facts.get(from.room, from.first, to.room, to.first)?.['facts'] !== facts)
      throw new Damaged('the index of facts is not that of the rows')
    if (isOver) this.#status = 'ids'
  }

  #stepIds(): void {
    const ids = this.#ids.all(...this.#id)
    const newest = ids.at(-1)
    if (newest === undefined) this.#status = 'done'
    else this.#id = [Number(newest['room']), String(newest['id'])]
  }

  /** Once: what lies behind it may be anything. */
  #damaged(damage: string): void {
    this.#status = 'done'
    this.#log.error('the journal is damaged: what verifies is served, and saved at the next start', { damage })
    this.#onDamaged()
  }
}
