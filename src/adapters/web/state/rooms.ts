import { type ReadonlySignal, signal } from '@preact/signals'
import { isRefusal } from '#client/errors.ts'
import type { HostRequests } from '../browser/host-requests.ts'

export interface RoomRow {
  readonly name: string
  /** How many are there. */
  readonly members: number
  /** Its newest entry. */
  readonly last: number
}

/** The rooms of the host that one may see. Asked for now and then: nothing tells of them. */
export class Rooms {
  readonly #rows = signal<readonly RoomRow[]>([])

  get rows(): ReadonlySignal<readonly RoomRow[]> {
    return this.#rows
  }

  async look(host: HostRequests): Promise<void> {
    const answer = await host.json('/rooms')
    if (!isRefusal(answer)) this.#rows.value = rowsIn(answer.value)
  }
}

function rowsIn(value: unknown): readonly RoomRow[] {
  const rooms = typeof value === 'object' && value !== null && 'rooms' in value ? value.rooms : []
  return Array.isArray(rooms) ? rooms.filter(isRow) : []
}

function isRow(value: unknown): value is RoomRow {
  if (typeof value !== 'object' || value === null) return false
  const { name, members, last } = value as Partial<Record<keyof RoomRow, unknown>>
  return typeof name === 'string' && Number.isSafeInteger(members) && Number.isSafeInteger(last)
}
