import type { FileStore } from '../ports/file-store.ts'
import type { RoomActor } from '../room/actor.ts'
import type { Member, OfferedFile, WholeFile } from '../room/events.ts'
import { admits, isSame } from '../room/visibility.ts'
import type { FileLedger } from './file-ledger.ts'

/** Number of removed files that may stay among those known by their digests. */
const MOST_GONE = 1000

/** Complete files by their digests: the same bytes need not be sent again, and are stored once. */
export class KnownFiles {
  readonly #fileStore: FileStore
  readonly #ledger: FileLedger
  readonly #failed: (error: unknown) => void
  /** One complete file for each digest, present when it was noted. */
  readonly #byDigest = new Map<string, string>()

  /** `failed` is called with every error. */
  constructor(fileStore: FileStore, ledger: FileLedger, failed: (error: unknown) => void) {
    this.#fileStore = fileStore
    this.#ledger = ledger
    this.#failed = failed
  }

  load(byDigest: ReadonlyMap<string, string>): void {
    for (const [sha256, id] of byDigest) this.#byDigest.set(sha256, id)
  }

  /**
   * The file of the room with these bytes; of the same name and audience if possible. Files that the sender may not see do not count
   * (C115).
   */
  find(room: RoomActor, by: Member, { name, sha256, audience }: OfferedFile): WholeFile | undefined {
    if (sha256 === undefined) return undefined
    const reader = room.reader(by.id)
    let same: WholeFile | undefined
    for (const each of room.state.files.values()) {
      if (each.status !== 'whole' || each.file.sha256 !== sha256 || !admits(each.file.audience, reader)) continue
      if (each.file.name === name && isSame(each.file.audience, audience)) return each.file
      same = each.file
    }
    return same
  }

  /** Notes a complete file, and stores equal bytes of different rooms once. Nobody is told. */
  add(room: RoomActor, id: string): void {
    const known = room.state.files.get(id)
    if (known?.status !== 'whole') return
    const { sha256 } = known.file
    const same = this.#byDigest.get(sha256)
    if (same === undefined || !this.#ledger.has(same)) this.#byDigest.set(sha256, id)
    else if (same !== id) this.#fileStore.share(same, id).catch((error: unknown) => this.#failed(error))
    if (this.#byDigest.size <= 2 * this.#ledger.size + MOST_GONE) return
    for (const [digest, file] of this.#byDigest) if (!this.#ledger.has(file)) this.#byDigest.delete(digest)
  }
}
