import { expiryOf } from '../room/expiry.ts'
import type { RoomState } from '../room/state.ts'
import type { KeptFile } from './retention.ts'

/** A file of which bytes have come. */
interface Arriving {
  readonly room: string
  /** Bytes that have arrived, or are about to. */
  readonly bytes: number
  /** Up to this offset it need not ask again: nothing of it is set aside. */
  readonly ahead: number
  /** `ahead` holds while this is the ledger's. */
  readonly period: number
}

/** The state of a room, as far as its files go. */
export type RoomFiles = Pick<RoomState, 'name' | 'files' | 'rules' | 'wholeBytes'>

/**
 * The files of a host, and their number and bytes as running sums: an upload asks for them with each MiB, however many files there are.
 * Bytes of whole files are the rooms' own sums (`RoomState.wholeBytes`).
 */
export class FileLedger {
  readonly #roomOf = new Map<string, string>()
  /** Unfinished files with bytes, by id. Bytes that are only promised do not count (C114). */
  readonly #arriving = new Map<string, Arriving>()
  /** Ids of unfinished files without any. */
  readonly #awaited = new Set<string>()
  /** Whole files that are being removed, with their rooms. */
  readonly #going = new Map<string, string>()
  /** Files of each room that a commit under way makes whole, or takes away: until it is answered, room and ledger may both count them. */
  readonly #changing = new Map<string, Set<string>>()
  readonly #arrivingIn = new Map<string, number>()
  #arrivingBytes = 0
  #files = 0
  #period = 0

  /** Files of all rooms that have bytes, without those that are on their way out. */
  get files(): number {
    return this.#files
  }

  /** Files of all rooms, also those without bytes and those on their way out. */
  get size(): number {
    return this.#roomOf.size
  }

  /** Bytes that have come of unfinished files, in all rooms. */
  get arrivingBytes(): number {
    return this.#arrivingBytes
  }

  has(id: string): boolean {
    return this.#roomOf.has(id)
  }

  roomOf(id: string): string | undefined {
    return this.#roomOf.get(id)
  }

  /** The names of rooms with files. */
  rooms(): ReadonlySet<string> {
    return new Set(this.#roomOf.values())
  }

  /** The host has the file, whole or not. */
  add(id: string, room: string): void {
    this.#recount(id, () => this.#roomOf.set(id, room))
  }

  delete(id: string): void {
    this.#recount(id, () => this.#roomOf.delete(id))
  }

  /** Whether the file is among `files`. */
  counts(id: string): boolean {
    if (this.#arriving.has(id)) return true
    return this.#roomOf.has(id) && !this.#awaited.has(id) && !this.#going.has(id)
  }

  /** Bytes that have come of an unfinished file. */
  arrived(id: string): number {
    return this.#arriving.get(id)?.bytes ?? 0
  }

  /** `bytes` of an unfinished file have come, or are about to. */
  arrive(id: string, room: string, bytes: number, ahead = bytes): void {
    this.#recount(id, () => {
      this.#awaited.delete(id)
      this.#addArriving(room, bytes - this.arrived(id))
      this.#arriving.set(id, { room, bytes, ahead, period: this.#period })
    })
  }

  /** Nothing has come of it yet. */
  await(id: string): void {
    this.release(id)
    this.#recount(id, () => this.#awaited.add(id))
  }

  /** The same as `arrive`, where so much was allowed ahead; false where it must be asked for. */
  advance(id: string, bytes: number): boolean {
    const known = this.#arriving.get(id)
    if (known === undefined || known.period !== this.#period || bytes > known.ahead) return false
    if (bytes > known.bytes) this.arrive(id, known.room, bytes, known.ahead)
    return true
  }

  /** From now on nobody has anything ahead. */
  endAhead(): void {
    this.#period++
  }

  /** The file is not on its way any more: it is whole, or withdrawn. */
  release(id: string): void {
    this.#recount(id, () => {
      const known = this.#arriving.get(id)
      this.#awaited.delete(id)
      this.#arriving.delete(id)
      if (known === undefined) return
      this.#addArriving(known.room, -known.bytes)
      this.#settled(id, known.room)
    })
  }

  /** A commit under way makes the unfinished file whole; `release` follows. */
  settle(id: string, room: string): void {
    if (this.#arriving.has(id)) this.#change(id, room)
  }

  /** The whole file is on its way out, and makes room. */
  go(id: string, room: string): void {
    this.#recount(id, () => this.#going.set(id, room))
    this.#change(id, room)
  }

  /** Its removal has ended, one way or the other. */
  gone(id: string): void {
    const room = this.#going.get(id)
    this.#recount(id, () => this.#going.delete(id))
    if (room !== undefined) this.#settled(id, room)
  }

  /** A room's whole files without those on their way out, in the order of their offers. */
  *whole({ files, rules }: RoomFiles): Iterable<KeptFile> {
    for (const { status, file, at } of files.values())
      if (status === 'whole' && !this.#going.has(file.id))
        yield { id: file.id, bytes: file.size, at, expiresAt: expiryOf(rules, file, at) }
  }

  /** Bytes of a room: of `whole` files as above, and `arriving` ones of unfinished files. */
  bytesIn({ name, files, wholeBytes }: RoomFiles): { readonly whole: number; readonly arriving: number } {
    let whole = wholeBytes
    let arriving = this.#arrivingIn.get(name) ?? 0
    for (const id of this.#changing.get(name) ?? []) {
      const known = files.get(id)
      if (known?.status !== 'whole') continue
      if (this.#going.has(id)) whole -= known.file.size
      arriving -= this.arrived(id)
    }
    return { whole, arriving }
  }

  #recount(id: string, change: () => unknown): void {
    const before = this.counts(id)
    change()
    this.#files += Number(this.counts(id)) - Number(before)
  }

  #addArriving(room: string, bytes: number): void {
    this.#arrivingBytes += bytes
    const all = (this.#arrivingIn.get(room) ?? 0) + bytes
    if (all === 0) this.#arrivingIn.delete(room)
    else this.#arrivingIn.set(room, all)
  }

  #change(id: string, room: string): void {
    const changing = this.#changing.get(room) ?? new Set()
    this.#changing.set(room, changing.add(id))
  }

  #settled(id: string, room: string): void {
    const changing = this.#changing.get(room)
    changing?.delete(id)
    if (changing?.size === 0) this.#changing.delete(room)
  }
}
