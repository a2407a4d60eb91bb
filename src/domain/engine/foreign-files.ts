import type { ForgottenHost, KnownFile, LostFile, SharedFileStore } from '../ports/file-store.ts'
import { type RoomActor, tell } from '../room/actor.ts'
import type { Batch } from '../room/batch.ts'
import { type CompleteFile, IN_BAND, type OfferFile, type WithdrawFile } from '../room/commands.ts'
import type { RoomFile, UnfinishedFile } from '../room/state.ts'
import type { Evictions } from './evictions.ts'
import type { FileLedger } from './file-ledger.ts'
import type { FoundFacts } from './found-facts.ts'
import type { Rooms } from './rooms.ts'
import type { UploadPlaces } from './upload-places.ts'

interface ForeignFilesParts {
  readonly rooms: Rooms
  readonly ledger: FileLedger
  readonly evictions: Evictions
  readonly places: UploadPlaces
  /** Called with every error. */
  failed(error: unknown): void
  /** Continues an upload with `durable` bytes at this host. */
  resume(room: RoomActor, file: UnfinishedFile, durable: number): Promise<void>
}

/** The files that came in at other hosts of a cluster: added and removed as the shared journal says. */
export class ForeignFiles {
  /** The name of this host; undefined outside a cluster. */
  readonly host: string | undefined
  readonly #fileStore: SharedFileStore | undefined
  readonly #parts: ForeignFilesParts
  /** Uploads that this host is taking over, since their homes are gone. */
  readonly #taking = new Map<string, Promise<void>>()

  constructor(fileStore: SharedFileStore | undefined, parts: ForeignFilesParts) {
    this.#parts = parts
    this.host = fileStore?.host
    this.#fileStore = fileStore
    fileStore?.know(
      (id) => this.#known(id),
      (id) => this.#take(id),
    )
  }

  /** To be called once this host has found its own files. `unfinished`: those among the ids that are not complete. */
  started(ids: Iterable<string>, unfinished: ReadonlySet<string>): void {
    this.#fileStore?.check([...ids].filter((id) => !unfinished.has(id)))
  }

  /** Whether the bytes of an upload arrive at another host. */
  has(file: RoomFile): boolean {
    return file.status === 'offered' && file.home !== this.host
  }

  /** Whether a file without a transfer here still exists: complete, or arriving at another host. */
  hasMoved(file: RoomFile | undefined): boolean {
    return file !== undefined && (file.status === 'whole' || this.has(file))
  }

  /**
   * A fact about an upload, marked as this host's, so that the room refuses it once another host has taken over. A member's removal
   * applies at every host.
   */
  fromHere<F extends OfferFile | CompleteFile | WithdrawFile>(fact: F): F {
    const isRemoval = fact.type === 'withdrawFile' && fact.removedBy !== undefined
    return this.host === undefined || isRemoval ? fact : { ...fact, home: this.host }
  }

  /** Resolves once a take-over of the upload in progress here has ended; at once without one. */
  async taken(id: string): Promise<void> {
    await this.#taking.get(id)
  }

  /** Checks the bytes of uploads that other hosts took over from this one while it was away. */
  async recheck(moved: FoundFacts['moved']): Promise<void> {
    for (const [id, homes] of moved)
      if (this.host !== undefined && homes.includes(this.host)) await this.#fileStore?.recheck(id)
  }

  /** A host is lost for good: its uploads end, and the files it had are copied from the others. Rejects if one of those does not answer. */
  async forget(host: string): Promise<ForgottenHost> {
    const { evictions, ledger, rooms } = this.#parts
    const whole = new Map<string, LostFile>()
    const lost: LostFile[] = []
    for (const name of ledger.rooms()) {
      const room = await rooms.use(name)
      for (const { file, by, ...known } of [...room.state.files.values()]) {
        const { id } = file
        if (known.status === 'whole') whole.set(id, { room: name, name: file.name })
        if (known.status === 'whole' || known.home !== host) continue
        const told = await tell(room, by, { type: 'withdrawFile', file: id, reason: lostForGood, home: host })
        if (told.type === 'rejected') continue
        evictions.forget(id)
        lost.push({ room: name, name: file.name })
      }
      rooms.release(name)
    }
    const { copying = 0, missing = [] } = (await this.#fileStore?.spread([...whole.keys()])) ?? {}
    return { copying, lost: [...lost, ...missing.flatMap((id) => whole.get(id) ?? [])] }
  }

  /** Takes in a batch of another host. */
  adopt({ room, entries }: Batch): void {
    const { ledger, evictions, places, failed } = this.#parts
    for (const entry of entries) {
      if (entry.type === 'fileOffered' || entry.type === 'fileCompleted') {
        const { id, expiresAt = Number.POSITIVE_INFINITY } = entry.file
        ledger.add(id, room)
        evictions.expire(expiresAt)
        evictions.sweepLater()
        // Another host has taken over. The room refuses whatever was decided here in the meantime.
        if (entry.type === 'fileOffered') places.find(id)?.withdraw(movedOn).catch(failed)
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

  #take(id: string): Promise<void> {
    const taking = this.#takeOver(id).finally(() => this.#taking.delete(id))
    this.#taking.set(id, taking)
    return taking
  }

  /** The room decides which host is first. The sender of an upload in a single request is gone as well. */
  async #takeOver(id: string): Promise<void> {
    const { ledger, rooms, resume } = this.#parts
    const name = ledger.roomOf(id)
    const room = name === undefined ? undefined : await rooms.use(name)
    const file = room?.state.files.get(id)
    try {
      const durable = await this.#fileStore?.durable(id)
      if (room === undefined || file?.status !== 'offered' || file.owner === IN_BAND || durable === undefined)
        return await this.#fileStore?.remove(id)
      const { by, owner, home } = file
      const offer = { type: 'offerFile', file: file.file, ...(owner === undefined ? {} : { owner }) } as const
      const told = await tell(room, by, { ...this.fromHere(offer), ...(home === undefined ? {} : { instead: home }) })
      if (told.type === 'ack') await resume(room, file, durable)
      else await this.#fileStore?.remove(id)
    } finally {
      if (name !== undefined) rooms.release(name)
    }
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

const movedOn = 'its machine was away, and it goes on at another'
const lostForGood = 'its machine is lost for good'
