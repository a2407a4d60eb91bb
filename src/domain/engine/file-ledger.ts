import { expiryOf } from '../room/expiry.ts'
import type { RoomState } from '../room/state.ts'
import type { KeptFile } from './retention.ts'

/** An unfinished file with some of its bytes. */
interface Arriving {
  readonly room: string
  /** Bytes received, with those about to arrive. */
  readonly bytes: number
  /** Offset up to which the upload may go on without asking. Nothing is reserved for it. */
  readonly ahead: number
  /** `ahead` is valid while this is the ledger's period. */
  readonly period: number
}

/** The part of a room's state that concerns its files. */
export type RoomFiles = Pick<RoomState, 'name' | 'files' | 'rules' | 'wholeBytes'>

/**
 * The files of a host, with their number and bytes as running sums, since an upload asks for them with each MiB, however many files
 * there are. The bytes of complete files are the rooms' own sums (`RoomState.wholeBytes`).
 */
export class FileLedger {
  readonly #roomOf = new Map<string, string>()
  /** Unfinished files with bytes, by id. Bytes that are only announced do not count (C114). */
  readonly #arriving = new Map<string, Arriving>()
  /** Ids of unfinished files without bytes. */
  readonly #awaited = new Set<string>()
  /** Complete files being removed, with their rooms. */
  readonly #going = new Map<string, string>()
  /**
   * Files of each room that a commit in progress completes or removes: until it is answered, both the room and the ledger may count
   * them.
   */
  readonly #changing = new Map<string, Set<string>>()
  readonly #arrivingIn = new Map<string, number>()
  #arrivingBytes = 0
  #files = 0
  #period = 0

  /** Number of files with bytes in all rooms, without those being removed. */
  get files(): number {
    return this.#files
  }

  /** Number of files in all rooms, with those without bytes and those being removed. */
  get size(): number {
    return this.#roomOf.size
  }

  /** Bytes received of unfinished files in all rooms. */
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

  /** Adds a file of the host, complete or not. */
  add(id: string, room: string): void {
    this.#recount(id, () => this.#roomOf.set(id, room))
  }

  delete(id: string): void {
    this.#recount(id, () => this.#roomOf.delete(id))
  }

  /** Whether `files` counts the file. */
  counts(id: string): boolean {
    if (this.#arriving.has(id)) return true
    return this.#roomOf.has(id) && !this.#awaited.has(id) && !this.#going.has(id)
  }

  /** Bytes received of an unfinished file. */
  arrived(id: string): number {
    return this.#arriving.get(id)?.bytes ?? 0
  }

  /** Counts `bytes` of an unfinished file as received or about to arrive. */
  arrive(id: string, room: string, bytes: number, ahead = bytes): void {
    this.#recount(id, () => {
      this.#awaited.delete(id)
      this.#addArriving(room, bytes - this.arrived(id))
      this.#arriving.set(id, { room, bytes, ahead, period: this.#period })
    })
  }

  /** Adds an unfinished file without bytes. */
  await(id: string): void {
    this.release(id)
    this.#recount(id, () => this.#awaited.add(id))
  }

  /** Does what `arrive` does within the bytes allowed ahead; answers false when the upload must ask. */
  advance(id: string, bytes: number): boolean {
    const known = this.#arriving.get(id)
    if (known === undefined || known.period !== this.#period || bytes > known.ahead) return false
    if (bytes > known.bytes) this.arrive(id, known.room, bytes, known.ahead)
    return true
  }

  /** Takes back what every upload was allowed ahead. */
  endAhead(): void {
    this.#period++
  }

  /** The file is complete or withdrawn: no longer unfinished. */
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

  /** A commit in progress completes the file; `release` follows. */
  settle(id: string, room: string): void {
    if (this.#arriving.has(id)) this.#change(id, room)
  }

  /** The removal of a complete file begins: its space counts as free. */
  go(id: string, room: string): void {
    this.#recount(id, () => this.#going.set(id, room))
    this.#change(id, room)
  }

  /** The removal has ended, with or without success. */
  gone(id: string): void {
    const room = this.#going.get(id)
    this.#recount(id, () => this.#going.delete(id))
    if (room !== undefined) this.#settled(id, room)
  }

  /** The complete files of a room without those being removed, in the order of their offers. */
  *whole({ files, rules }: RoomFiles): Iterable<KeptFile> {
    for (const { status, file, at } of files.values())
      if (status === 'whole' && !this.#going.has(file.id))
        yield { id: file.id, bytes: file.size, at, expiresAt: expiryOf(rules, file, at) }
  }

  /** Bytes of a room's files: `whole` of complete ones as above, `arriving` of unfinished ones. */
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
