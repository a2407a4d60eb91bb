import { type ReadonlySignal, type Signal, signal } from '@preact/signals'
import type { ApiClient } from '#client/api-client.ts'
import { isRefusal } from '#client/errors.ts'
import { listFiles } from '#client/queries.ts'
import type { Audience, RoomEvent } from '#domain/room/events.ts'
import type { FileRow } from '#protocol/schema.ts'

/** The state of a file beside its entry. */
export interface FileState {
  readonly status: 'arriving' | 'paused' | 'whole' | 'gone'
  /** Bytes that had come when that was last told. */
  readonly arrived: number
  /** The names of its receivers. */
  readonly verified: readonly string[]
  /** The names of those to whom the host has served its last byte. */
  readonly served: readonly string[]
  /** The members who may see it; undefined where everybody may. */
  readonly audience: Audience | undefined
}

const unknown: FileState = { status: 'arriving', arrived: 0, verified: [], served: [], audience: undefined }

/** The files of the open room: the host's list, and the events since. */
export class RoomFiles {
  readonly #api: ApiClient
  readonly #room: string
  readonly #files = new Map<string, Signal<FileState>>()

  constructor(api: ApiClient, room: string) {
    this.#api = api
    this.#room = room
  }

  /** Undefined for a file that the host does not list: it is gone, or not known yet. */
  of(id: string): ReadonlySignal<FileState> {
    return this.#of(id)
  }

  /** Reads the list; again after a lost connection, for the changes meanwhile. */
  async load(): Promise<void> {
    const rows = await listFiles(this.#api, this.#room)
    if (isRefusal(rows)) return
    for (const row of rows) this.#of(row.id).value = stateOf(row)
  }

  heard(event: RoomEvent): void {
    if (!('file' in event)) return
    const state = this.#of(event.file.id)
    const now = { ...state.peek(), audience: event.file.audience }
    switch (event.type) {
      case 'fileOffered':
        state.value = { ...now, status: 'arriving' }
        return
      case 'fileProgressed':
        state.value = { ...now, status: 'arriving', arrived: event.bytes }
        return
      case 'fileCompleted':
        state.value = { ...now, status: 'whole', arrived: event.file.size }
        return
      case 'fileWithdrawn':
        state.value = { ...now, status: 'gone' }
        return
      case 'fileReceived':
        if (!now.verified.includes(event.by.name)) state.value = { ...now, verified: [...now.verified, event.by.name] }
        return
      case 'fileServed':
        if (!now.served.includes(event.by.name)) state.value = { ...now, served: [...now.served, event.by.name] }
        return
      default:
        event satisfies never
    }
  }

  #of(id: string): Signal<FileState> {
    const state = this.#files.get(id) ?? signal(unknown)
    this.#files.set(id, state)
    return state
  }
}

const stateOf = ({ status, offset, size, receipts = [], served = [], audience }: FileRow): FileState => ({
  status,
  arrived: (status === 'whole' ? size : offset) ?? 0,
  verified: receipts.map(({ name }) => name),
  served: served.map(({ name }) => name),
  audience,
})
