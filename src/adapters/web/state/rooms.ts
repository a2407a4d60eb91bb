import { type ReadonlySignal, signal } from '@preact/signals'
import type { ApiClient } from '#client/api-client.ts'
import { isRefusal } from '#client/errors.ts'
import type { RoomRow } from '#client/http-bodies.ts'
import { listRooms } from '#client/queries.ts'

/** The rooms of the host that one may see. Asked for now and then: nothing tells of them. */
export class Rooms {
  readonly #rows = signal<readonly RoomRow[]>([])

  get rows(): ReadonlySignal<readonly RoomRow[]> {
    return this.#rows
  }

  async look(api: ApiClient): Promise<void> {
    const rooms = await listRooms(api)
    if (!isRefusal(rooms)) this.#rows.value = rooms
  }
}
