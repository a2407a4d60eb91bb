import type { KnownFile, SharedFileStore } from '../ports/file-store.ts'
import type { Batch } from '../room/batch.ts'
import type { RoomFile } from '../room/state.ts'
import type { Evictions } from './evictions.ts'
import type { FileLedger } from './file-ledger.ts'
import type { Rooms } from './rooms.ts'
import type { UploadPlaces } from './upload-places.ts'

interface ForeignFilesParts {
  readonly rooms: Rooms
  readonly ledger: FileLedger
  readonly evictions: Evictions
  readonly places: UploadPlaces
  /** Called with every error. */
  failed(error: unknown): void
}

/** The files that came in at other hosts of a cluster: added and removed as the shared journal says. */
export class ForeignFiles {
  /** The name of this host; undefined where it shares no files. */
  readonly host: string | undefined
  readonly #fileStore: SharedFileStore | undefined
  readonly #parts: ForeignFilesParts

  constructor(fileStore: SharedFileStore | undefined, parts: ForeignFilesParts) {
    this.#parts = parts
    this.host = fileStore?.host
    this.#fileStore = fileStore
    fileStore?.know((id) => this.#known(id))
  }

  /** To be called once this host has found its own files. `unfinished`: those among the ids that are not complete. */
  started(ids: Iterable<string>, unfinished: ReadonlySet<string>): void {
    this.#fileStore?.check([...ids].filter((id) => !unfinished.has(id)))
  }

  /** Whether the bytes of an upload arrive at another host. */
  has(file: RoomFile): boolean {
    return file.status === 'offered' && file.home !== this.host
  }

  /** Takes in a batch of another host. */
  adopt({ room, entries }: Batch): void {
    const { ledger, evictions } = this.#parts
    for (const entry of entries) {
      if (entry.type === 'fileOffered' || entry.type === 'fileCompleted') {
        const { id, expiresAt = Number.POSITIVE_INFINITY } = entry.file
        ledger.add(id, room)
        evictions.expire(expiresAt)
        evictions.sweepLater()
      }
      if (entry.type === 'fileWithdrawn') this.#withdraw(entry.file.id, entry.reason)
    }
  }

  #withdraw(id: string, reason: string): void {
    const { evictions, places, failed } = this.#parts
    const transfer = places.find(id)
    if (transfer === undefined) evictions.forget(id)
    else places.end(transfer, reason).catch(failed)
  }

  async #known(id: string): Promise<KnownFile | undefined> {
    const { ledger, rooms } = this.#parts
    const name = ledger.roomOf(id)
    if (name === undefined) return undefined
    const file = (await rooms.use(name)).state.files.get(id)
    rooms.release(name)
    if (file?.status === 'whole') return { whole: file.file }
    return file && { ...(file.home === undefined ? {} : { home: file.home }) }
  }
}
