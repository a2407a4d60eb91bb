import { Semaphore } from '#domain/async/semaphore.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { Refused } from '#domain/session.ts'
import { type FolderListing, listFolder } from '#folder/listing.ts'
import { ArchiveReader } from '#folder/reader.ts'

/** Folders that are read at once. */
const READS_AT_ONCE = 2
/** Members whose places are remembered: a quarter of a kilobyte each. */
const KEPT_MEMBERS = 40_000
/** Members of all archives that are on their way. */
const OPEN_MEMBERS = 200_000

/** What is in the folders of a host that were asked for lately, and how much of it is on its way. */
export class OpenFolders {
  readonly #kept = new Map<string, FolderListing>()
  readonly #reads = new Semaphore(READS_AT_ONCE)
  #keptMembers = 0
  #openMembers = 0

  hasListing(id: string): boolean {
    return this.#kept.has(id)
  }

  /** Reads the folder unless that was done lately: its bytes never change. Throws a `Refused` where it is gone. */
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

  /** A place for an archive of so many members, to be given back; undefined while others have them all. */
  hold(members: number): (() => void) | undefined {
    if (this.#openMembers > 0 && this.#openMembers + members > OPEN_MEMBERS) return undefined
    this.#openMembers += members
    return () => {
      this.#openMembers -= members
    }
  }
}
