import { type ReadonlySignal, type Signal, signal } from '@preact/signals'
import type { ApiClient } from '#client/api-client.ts'
import { isRefusal } from '#client/errors.ts'
import { listFiles } from '#client/queries.ts'
import { type Progress, TransferMeter } from '#client/transfers.ts'
import type { Member, MentionedFile, RoomEvent } from '#domain/room/events.ts'
import type { FileRow } from '#protocol/schema.ts'

/** A file of the room; one that is whole has its digest. */
export type KnownFile = MentionedFile & { readonly sha256?: string }

/** A file of the room, and how it stands. */
export interface FileState {
  readonly status: 'arriving' | 'paused' | 'whole' | 'gone'
  readonly file: KnownFile
  readonly by: Member
  readonly at: number
  /** Bytes that had come when that was last told. */
  readonly arrived: number
  /** The names of its receivers. */
  readonly verified: readonly string[]
  /** The names of those to whom the host has served its last byte. */
  readonly served: readonly string[]
}

/** The files of the open room: the host's list, and the events since. */
export class RoomFiles {
  readonly #api: ApiClient
  readonly #room: string
  readonly #files = new Map<string, Signal<FileState | undefined>>()
  readonly #ids = signal<readonly string[]>([])
  readonly #meters = new Map<string, TransferMeter>()

  constructor(api: ApiClient, room: string) {
    this.#api = api
    this.#room = room
  }

  /** Undefined for a file that the host does not list: it is gone, or not known yet. */
  of(id: string): ReadonlySignal<FileState | undefined> {
    return this.#of(id)
  }

  /** The ids of all that are in the room, in the order in which they came. */
  get ids(): ReadonlySignal<readonly string[]> {
    return this.#ids
  }

  /** All of them as they stand; follows each. */
  all(): readonly FileState[] {
    return this.#ids.value.flatMap((id) => this.#of(id).value ?? [])
  }

  /** How a file that somebody sends moves, as far as the host tells. */
  progress(id: string): Progress | undefined {
    return this.#meters.get(id)?.at(performance.now())
  }

  /** Reads the list; again after a lost connection, for the changes meanwhile. */
  async load(): Promise<void> {
    const rows = await listFiles(this.#api, this.#room)
    if (isRefusal(rows)) return
    for (const row of rows) this.#of(row.id).value = stateOf(row)
    this.#ids.value = rows.map(({ id }) => id)
  }

  heard(event: RoomEvent): void {
    if (!('file' in event)) return
    const { file } = event
    const state = this.#of(file.id)
    const before = state.peek()
    const known: FileState = before ?? {
      status: 'arriving',
      file,
      by: event.by,
      at: Date.now(),
      arrived: 0,
      verified: [],
      served: [],
    }
    switch (event.type) {
      case 'fileOffered':
        state.value = { ...known, status: 'arriving', file, by: event.by, at: event.at }
        break
      case 'fileProgressed':
        this.#moved(file, event.bytes)
        state.value = { ...known, status: 'arriving', arrived: event.bytes }
        break
      case 'fileCompleted':
        this.#meters.delete(file.id)
        state.value = { ...known, status: 'whole', file, by: event.by, at: event.at, arrived: event.file.size }
        break
      case 'fileWithdrawn':
        this.#meters.delete(file.id)
        state.value = { ...known, status: 'gone' }
        this.#ids.value = this.#ids.peek().filter((id) => id !== file.id)
        return
      case 'fileReceived':
        if (before !== undefined && !known.verified.includes(event.by.name))
          state.value = { ...known, verified: [...known.verified, event.by.name] }
        return
      case 'fileServed':
        if (before !== undefined && !known.served.includes(event.by.name))
          state.value = { ...known, served: [...known.served, event.by.name] }
        return
      default:
        event satisfies never
    }
    if (!this.#ids.peek().includes(file.id)) this.#ids.value = [...this.#ids.peek(), file.id]
  }

  #moved(file: MentionedFile, bytes: number): void {
    const now = performance.now()
    const meter = this.#meters.get(file.id) ?? new TransferMeter(file.name, now)
    if (!this.#meters.has(file.id)) meter.take({ type: 'begins', at: bytes, total: file.size }, now)
    this.#meters.set(file.id, meter)
    meter.take({ type: 'moved', bytes }, now)
  }

  #of(id: string): Signal<FileState | undefined> {
    const state = this.#files.get(id) ?? signal(undefined)
    this.#files.set(id, state)
    return state
  }
}

const stateOf = ({ status, offset, size, receipts = [], served = [], by, byId, at, ...file }: FileRow): FileState => ({
  status,
  file: { ...file, ...(size === undefined ? {} : { size }) },
  by: { id: byId, name: by },
  at,
  arrived: (status === 'whole' ? size : offset) ?? 0,
  verified: receipts.map(({ name }) => name),
  served: served.map(({ name }) => name),
})
