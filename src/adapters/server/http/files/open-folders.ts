import { Semaphore } from '#domain/async/semaphore.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { Refused } from '#domain/session.ts'
import { type FolderListing, listFolder } from '#folder/listing.ts'
import { ArchiveReader } from '#folder/reader.ts'

/** Number of folders read at once. */
const READS_AT_ONCE = 2
/** Number of folder members remembered: a quarter of a kilobyte each. */
const KEPT_MEMBERS = 40_000
/** Number of members in all archives being sent. */
const OPEN_MEMBERS = 200_000

/** The contents of recently requested folders, and the number of members being sent. */
export class OpenFolders {
  readonly #kept = new Map<string, FolderListing>()
  readonly #reads = new Semaphore(READS_AT_ONCE)
  #keptMembers = 0
  #openMembers = 0

  hasListing(id: string): boolean {
    return this.#kept.has(id)
  }

  /** Reads the folder, unless that was done recently: its bytes never change. Throws a `Refused` if it is gone. */
  async listing(session: LocalSession, { id, name }: WholeFile): Promise<FolderListing> {
    return (
      this.#kept.get(id) ?? (await this.#reads.run(async () => this.#kept.get(id) ?? this.#read(session, id, name)))
    )
  }

  async #read(session: LocalSession, id: string, name: string): Promise<FolderListing> {
    const reader = new ArchiveReader((from) => session.inspect(id, from))
    const listing = await listFolder(reader.read, name).finally(() => reader.close())
    if ('type' in listing) throw new Refused(listing)
    this.#keep(id, listing)
    return listing
  }

  #keep(id: string, listing: FolderListing): void {
    const { length } = listing.members
    if (length > KEPT_MEMBERS) return
    this.#kept.set(id, listing)
    this.#keptMembers += length
    for (const [oldest, { members }] of this.#kept) {
      if (this.#keptMembers <= KEPT_MEMBERS) break
      this.#kept.delete(oldest)
      this.#keptMembers -= members.length
    }
  }

  /** A place for an archive with this number of members, to be given back; undefined while others have all places. */
  hold(members: number): (() => void) | undefined {
    if (this.#openMembers > 0 && this.#openMembers + members > OPEN_MEMBERS) return undefined
    this.#openMembers += members
    return () => {
      this.#openMembers -= members
    }
  }
}
