import type { Limit, Rejected } from '../errors.ts'
import { overFairShare } from '../file-limits.ts'
import { type BoundedFileStore, hasBound } from '../ports/file-store.ts'
import { type RoomActor, tell } from '../room/actor.ts'
import type { TransferActor } from '../transfer/actor.ts'
import { type Evictions, nobody } from './evictions.ts'
import type { FileLedger } from './file-ledger.ts'
import type { EngineLimits, Ports } from './limits.ts'
import { type EvictionPlan, type FileUsage, isFree, makeRoom, tightest } from './retention.ts'
import {
  arrived,
  heldBytes,
  needed,
  overShare,
  type UploadHolder,
  type UploadPlaces,
  yielding,
} from './upload-places.ts'

/** Bytes that an arriving file may reserve ahead while space is free, so that not every piece is counted. */
const AHEAD_BYTES = 1024 * 1024

/** Share of its quota at which a room is warned. */
const LOW_SHARE = 0.8

/** For a file store that does not know its size. */
const unbounded: Pick<BoundedFileStore, 'bytesLeft' | 'bound' | 'maxFileBytes'> = {
  bytesLeft: Number.POSITIVE_INFINITY,
  bound: { of: 'host', bytes: Number.POSITIVE_INFINITY },
  maxFileBytes: Number.POSITIVE_INFINITY,
}

/** The limits of files, and the bytes that may still arrive: left out where unknown. */
export interface FileSpace
  extends Pick<EngineLimits, 'maxFileBytes' | 'hostQuotaBytes' | 'roomQuotaBytes' | 'fileDays'> {
  readonly bytesLeft?: number
}

/** Decides whether arriving bytes fit: in their room's quota, in the file store, and in the host's number of files. */
export class Quotas {
  readonly #fileStore: Ports['fileStore']
  readonly #limits: EngineLimits
  readonly #ledger: FileLedger
  readonly #evictions: Evictions
  readonly #places: UploadPlaces
  /** Rooms that were told that their oldest files will go soon. */
  readonly #toldLow = new Set<string>()

  constructor(
    { fileStore }: Pick<Ports, 'fileStore'>,
    limits: EngineLimits,
    { ledger, evictions, places }: { ledger: FileLedger; evictions: Evictions; places: UploadPlaces },
  ) {
    this.#fileStore = fileStore
    this.#limits = limits
    this.#ledger = ledger
    this.#evictions = evictions
    this.#places = places
  }

  /** Registers an unfinished file with the `bytes` it has already. */
  await(room: RoomActor, id: string, bytes: number): void {
    const { name } = room.state
    const { used, quota } = this.#spaceOf(room)
    if (used < quota * LOW_SHARE) this.#toldLow.delete(name)
    if (bytes === 0) this.#ledger.await(id)
    else this.#ledger.arrive(id, name, bytes)
  }

  /** The refusal for a file of `bytes`, even if unfinished uploads gave way. Evicts nothing. */
  refusalOf(room: RoomActor, id: string, bytes: number): Rejected | undefined {
    const usage = this.#usage(room, id)
    const others = this.#ledger.arrivingBytes - this.#ledger.arrived(id)
    const alone = { ...usage, arrivingBytes: 0, storeBytesLeft: usage.storeBytesLeft + others }
    const going = makeRoom(this.#wanted(id, bytes), alone, this.#ledger.whole(room.state), this.#limits)
    return 'type' in going ? going : undefined
  }

  /** Whether a file fits with `bytes` in all, without evicting others. If so, they are counted. */
  take(room: RoomActor, id: string, bytes: number): boolean {
    if (this.#ledger.advance(id, bytes)) return true
    if (this.#isFree(room, id, bytes + AHEAD_BYTES)) {
      this.#taken(room, id, bytes, bytes + AHEAD_BYTES)
      return true
    }
    // Space is short: from now on each piece is counted.
    this.#ledger.endAhead()
    if (!this.#isFree(room, id, bytes)) return false
    this.#taken(room, id, bytes)
    return true
  }

  /** Makes space for received bytes by evicting older files. Unfinished uploads of one person or address get no more than their share. */
  async makeRoom(
    room: RoomActor,
    { id }: Pick<TransferActor, 'id'>,
    holder: UploadHolder,
    upTo: number,
  ): Promise<Rejected | undefined> {
    await this.measure()
    for (;;) {
      const all = this.#places
        .views(({ status }, isSlow) => status === 'paused' || isSlow)
        .filter((each) => each.id !== id)
      const shared = this.#shared(room)
      const over = upTo === 0 ? undefined : overShare(all, holder, arrived, upTo, shared.bytes)
      const why =
        over === undefined
          ? await this.#reserve(room, id, upTo)
          : overFairShare(over.by, heldBytes(over.uploads), shared)
      if (why === undefined || why.code !== 'DISK_FULL' || upTo === 0) return why
      const isRoomFull = over === undefined && why.limit?.of === 'room'
      const here = isRoomFull ? all.filter(({ id }) => this.#ledger.roomOf(id) === room.state.name) : all
      const gives = yielding(over?.uploads ?? here, holder, arrived)
      if (gives === undefined) return why
      await this.#places.find(gives.id)?.withdraw(needed)
    }
  }

  /** Counts bytes as `take` does, and evicts older files of the room where needed. */
  async #reserve(room: RoomActor, id: string, bytes: number): Promise<Rejected | undefined> {
    const usage = this.#usage(room, id)
    const going = makeRoom(this.#wanted(id, bytes), usage, this.#ledger.whole(room.state), this.#limits)
    if ('type' in going) return going
    const before = this.#ledger.arrived(id)
    // At once, so that concurrent requests count these bytes, and stop counting on the files to evict.
    this.#taken(room, id, bytes)
    if (going.length === 0) return undefined
    const why = await this.#evictions.evict(room, going, 'newer files need its place')
    if (why !== undefined) this.await(room, id, before)
    return why
  }

  /** A file store that shares its disk with other programs measures again before somebody is refused. */
  async measure(): Promise<void> {
    if (hasBound(this.#fileStore)) await this.#fileStore.measure()
  }

  /** The space that files take on the host, and the space left. */
  async space(): Promise<FileSpace> {
    const { maxFileBytes, hostQuotaBytes, roomQuotaBytes, fileDays } = this.#limits
    await this.measure()
    const bytesLeft = this.#store.bytesLeft
    const left = Number.isFinite(bytesLeft) ? { bytesLeft: Math.max(0, bytesLeft) } : {}
    return { maxFileBytes, hostQuotaBytes, roomQuotaBytes, fileDays, ...left }
  }

  /** The bytes that uploads into a room share while space is short: its quota or the space of the file store, whichever is less. */
  #shared({ state }: RoomActor): Limit {
    const quota: Limit = { of: 'room', bytes: this.#limits.roomQuotaBytes || Number.POSITIVE_INFINITY }
    const { bytesLeft, bound } = this.#store
    const bytes = Math.max(0, bytesLeft) + this.#ledger.arrivingBytes + this.#ledger.bytesIn(state).whole
    return tightest(quota, { of: bound.of, bytes })
  }

  get #store(): typeof unbounded {
    return hasBound(this.#fileStore) ? this.#fileStore : unbounded
  }

  /**
   * Bytes of a room's files, with those received of unfinished ones, and the quota at which its oldest go. `ahead`: bytes that the file
   * store does not hold yet.
   */
  #spaceOf({ state }: RoomActor, ahead = 0): { readonly used: number; readonly quota: number } {
    const { whole, arriving } = this.#ledger.bytesIn(state)
    const used = whole + arriving
    const most = used + Math.max(0, this.#store.bytesLeft - ahead)
    return { used, quota: Math.min(this.#limits.roomQuotaBytes || Number.POSITIVE_INFINITY, most) }
  }

  /** Once for each time the threshold is crossed: a room that stays full is not warned again with each file. */
  #tellIfLow(room: RoomActor, ahead: number): void {
    const { name } = room.state
    if (this.#toldLow.has(name)) return
    const { used, quota } = this.#spaceOf(room, ahead)
    if (used < quota * LOW_SHARE || quota === 0) return
    this.#toldLow.add(name)
    void tell(room, nobody, { type: 'tellFileSpace', used: Math.min(used, quota), quota })
  }

  #isFree(room: RoomActor, id: string, bytes: number): boolean {
    return isFree(this.#wanted(id, bytes), this.#usage(room, id), this.#limits)
  }

  #taken(room: RoomActor, id: string, bytes: number, ahead = bytes): void {
    const before = this.#ledger.arrived(id)
    this.#ledger.arrive(id, room.state.name, bytes, ahead)
    this.#tellIfLow(room, bytes - before)
  }

  #wanted(id: string, bytes: number): EvictionPlan {
    return { bytes, newBytes: bytes - this.#ledger.arrived(id), newFiles: this.#ledger.counts(id) ? 0 : 1 }
  }

  /** The usage without the file `id`. */
  #usage({ state }: RoomActor, id: string): FileUsage {
    const { bytesLeft, bound, maxFileBytes } = this.#store
    const { whole, arriving } = this.#ledger.bytesIn(state)
    return {
      wholeBytes: whole,
      arrivingBytes: arriving - this.#ledger.arrived(id),
      hostFiles: this.#ledger.files,
      storeBytesLeft: bytesLeft,
      storeBound: bound,
      storeFileBytes: maxFileBytes,
    }
  }
}
