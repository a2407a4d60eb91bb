import { statfsSync } from 'node:fs'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Appended } from '#domain/ports/journal.ts'
import type { CommandId, KnownId } from '#domain/room/batch.ts'
import { floorOf, freeBytes } from '#system/files/file-system.ts'
import { continues, repeatedIdFault } from '../numbering.ts'
import { type Checkpointer, lazyTransaction, PAGE_SIZE, transaction } from './database.ts'
import { isDiskFull } from './errors.ts'
import type { Room, RoomTable } from './room-table.ts'
import { checksumOf, KEY, KIND, packIds, packSums } from './rows.ts'
import type { NewRow, NewRows } from './worker-messages.ts'

const COMMITTED: Appended = { status: 'committed' }
const BEHIND: Appended = { status: 'behind' }

interface PlacedRow {
  readonly row: NewRow
  readonly room: Room
}

/** Writes the batches of the commit loop: one transaction, one fsync. */
export class Appender {
  readonly #db: DatabaseSync
  readonly #rooms: RoomTable
  readonly #space: FreeSpace
  readonly #checkpointer: Checkpointer
  readonly #isCopy: boolean
  readonly #knownId: StatementSync
  readonly #insertId: StatementSync
  readonly #insertRow: StatementSync
  #wasFull = false

  /** `isCopy`: of a log that has everything: entries may be missing, and what a crash of the machine takes is fetched again. */
  constructor(db: DatabaseSync, rooms: RoomTable, space: FreeSpace, checkpointer: Checkpointer, isCopy = false) {
    this.#db = db
    this.#rooms = rooms
    this.#space = space
    this.#checkpointer = checkpointer
    this.#isCopy = isCopy
    this.#knownId = db.prepare('SELECT seq FROM ids WHERE room = ? AND id = ?')
    this.#insertId = db.prepare('INSERT INTO ids (room, id, seq) VALUES (?, ?, ?)')
    // An existing key can only belong to a damaged row, because the numbering has been checked.
    this.#insertRow = db.prepare(
      `INSERT OR REPLACE INTO batches (key, last, kind, room, ids, bytes, checksum, sums) VALUES (${KEY}, ?, ?, ?, ?, ?, ?, ?)`,
    )
  }

  append({ rows, bytes }: NewRows): Appended {
    const known = rows.flatMap(({ room, ids }) => this.known(room, ids))
    if (known.length > 0) return { status: 'duplicate', known }
    const fault = repeatedIdFault(rows)
    if (fault !== undefined) throw new RangeError(fault)
    if (!continues(rows, (room) => this.#rooms.get(room)?.last, this.#isCopy)) return BEHIND
    const { places, fresh } = this.#place(rows)
    const shortage = this.#space.shortage()
    if (shortage !== undefined) return { status: 'readOnly', message: shortage }
    try {
      if (this.#wasFull) this.#checkpointer.run('TRUNCATE')
      const write = this.#isCopy ? lazyTransaction : transaction
      write(this.#db, () => this.#write(places, fresh, bytes))
    } catch (error) {
      if (!isDiskFull(error)) throw error
      this.#wasFull = true
      return { status: 'readOnly', message: DISK_FULL }
    }
    this.#wasFull = false
    for (const room of fresh) this.#rooms.add(room)
    for (const { row, room } of places) room.last = row.last
    this.#checkpointer.wrote(pagesOf(rows, bytes))
    return COMMITTED
  }

  /** One durable transaction makes those before it durable: they are in the same log. False where the disk is full. */
  sync(): boolean {
    const [name = ''] = this.#rooms.names()
    const room = this.#rooms.get(name)
    try {
      if (room !== undefined) transaction(this.#db, () => this.#rooms.save(room))
      return true
    } catch (error) {
      if (!isDiskFull(error)) throw error
      return false
    }
  }

  known(room: string, ids: readonly CommandId[]): KnownId[] {
    const known: KnownId[] = []
    const key = this.#rooms.get(room)?.key
    if (key === undefined) return known
    for (const { id } of ids) {
      const found = this.#knownId.get(key, id)
      if (found !== undefined) known.push({ room, id, seq: Number(found['seq']) })
    }
    return known
  }

  /** Finds or drafts each row's room. */
  #place(rows: readonly NewRow[]): { places: PlacedRow[]; fresh: Room[] } {
    const fresh = new Map<string, Room>()
    const places = rows.map((row) => {
      let room = this.#rooms.get(row.room) ?? fresh.get(row.room)
      if (room === undefined) {
        room = this.#rooms.draft(row.room, fresh.size)
        fresh.set(row.room, room)
      }
      return { row, room }
    })
    return { places, fresh: [...fresh.values()] }
  }

  #write(places: readonly PlacedRow[], fresh: readonly Room[], bytes: Uint8Array): void {
    for (const room of fresh) this.#rooms.save(room)
    let at = 0
    for (const { row, room } of places) {
      const { first, last, length } = row
      const kind = row.facts ? KIND.facts : KIND.chat
      const stored = {
        first,
        last,
        kind,
        room: row.room,
        ids: packIds(row.ids),
        bytes: bytes.subarray(at, at + length),
      }
      at += length
      this.#insertRow.run(
        room.key,
        first,
        last,
        kind,
        stored.room,
        stored.ids,
        stored.bytes,
        checksumOf(stored),
        packSums(room.name, stored.bytes),
      )
      for (const { id, seq } of row.ids) this.#insertId.run(room.key, id, seq)
    }
  }
}

/** About how many pages this wrote: a leaf for each row, a leaf for each id, and the overflow pages. */
const pagesOf = (rows: readonly NewRow[], bytes: Uint8Array): number =>
  rows.reduce((pages, { ids }) => pages + 1 + ids.length, Math.ceil(bytes.length / PAGE_SIZE))

const CHECK_EVERY_MS = 1000
/** Everybody in the room reads it, so the path of the disk is only in the log. */
const DISK_FULL = "the host's disk is full; once there is room, messages are taken again without a restart"

/** Keeps some space free on the disk, so that everything beside the journal (the log, uploads about to finish) can go on. */
export class FreeSpace {
  readonly #directory: string
  readonly #floorBytes: number | undefined
  #checkedAt = Number.NEGATIVE_INFINITY
  #shortage: string | undefined

  /** `floorBytes`: by default the greater of 64 MiB and 1 % of the disk. */
  constructor(directory: string, floorBytes: number | undefined) {
    this.#directory = directory
    this.#floorBytes = floorBytes
  }

  /** The message for members while too little is free; checks the disk at most once a second. */
  shortage(): string | undefined {
    const now = performance.now()
    if (now - this.#checkedAt < CHECK_EVERY_MS) return this.#shortage
    this.#checkedAt = now
    const fileSystem = statfsSync(this.#directory)
    this.#shortage = freeBytes(fileSystem) >= (this.#floorBytes ?? floorOf(fileSystem)) ? undefined : DISK_FULL
    return this.#shortage
  }
}
