import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { type Room, roomChecksum } from '../room-table.ts'
import { isWhole, type Row, type UncheckedRow } from '../row.ts'
import { PAGE_SIZE } from '../schema.ts'
import { type Cell, type PageOf, readLeaf } from './cells.ts'
import { type Salvaged, SalvagedRows } from './salvaged-rows.ts'
import type { WalScan } from './wal.ts'

/**
 * Brings every entry that still verifies from a damaged database file and its log into `target`, a fresh one. It reads pages, not
 * trees: a row is found when its own page is whole, whatever happened to the pages that lead to it.
 */
export const salvage = (file: string, wal: WalScan | undefined, target: DatabaseSync): Salvaged => {
  const fd = openSync(file, 'r')
  try {
    const frames = wal?.frames ?? []
    const newest = new Map(frames.map((frame) => [frame.page, frame.bytes]))
    const count = Math.floor(fstatSync(fd).size / PAGE_SIZE)
    const fromFile: PageOf = (page) => {
      const bytes = Buffer.alloc(PAGE_SIZE)
      return readSync(fd, bytes, 0, PAGE_SIZE, (page - 1) * PAGE_SIZE) === 0 ? undefined : bytes
    }
    const pageOf: PageOf = (page) => newest.get(page) ?? (page <= count + 1 ? fromFile(page) : undefined)
    const salvaged = new SalvagedRows(target)
    const taking = {
      accept: (cell: Cell) => acceptCell(cell, salvaged),
      leave: (cell: Cell) => leaveCell(cell, salvaged),
    }
    // Newest first: where a row was rewritten, the first one found stays.
    for (const frame of frames.toReversed()) readLeaf(frame.bytes, frame.page, pageOf, taking)
    for (let page = 1; page <= count + 1; page += 1) {
      const bytes = fromFile(page)
      if (bytes !== undefined) readLeaf(bytes, page, pageOf, taking)
    }
    return salvaged.finish()
  } finally {
    closeSync(fd)
  }
}

const acceptCell = ({ rowid, values }: Cell, salvaged: SalvagedRows): boolean => {
  if (values.length === 5) {
    const room = toRoom(Number(rowid), values)
    if (room !== undefined) salvaged.room(room)
    return room !== undefined
  }
  const row = toRow(rowid, values)
  if (row === undefined || !isWhole(row)) return false
  salvaged.row(Number(rowid >> 40n), row satisfies Row)
  return true
}

const leaveCell = ({ rowid, values }: Cell, salvaged: SalvagedRows): void => {
  const row = toRow(rowid, values)
  if (row !== undefined) salvaged.unreadable(Number(rowid >> 40n), row)
}

/** Rows of before have no sums. */
const toRow = (rowid: bigint, values: Cell['values']): UncheckedRow | undefined => {
  if (values.length !== 7 && values.length !== 8) return undefined
  const [, last, kind, room, ids, bytes, checksum, sums = null] = values
  return { first: Number(rowid & 0xff_ffff_ffffn), last, kind, room, ids, bytes, checksum, sums }
}

const toRoom = (key: number, values: Cell['values']): Room | undefined => {
  const [, name, first, last, checksum] = values
  if (typeof name !== 'string' || typeof first !== 'number' || typeof last !== 'number') return undefined
  const room = { key, name, first, last }
  return checksum === roomChecksum(room) ? room : undefined
}
