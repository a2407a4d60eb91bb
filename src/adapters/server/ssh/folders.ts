import { type Rejected, rejected } from '#domain/errors.ts'
import { collisionKey } from '#domain/names/file-name.ts'
import type { RoomFile } from '#domain/room/state.ts'
import { Refused } from '#domain/session.ts'
import type { TransferActor } from '#domain/transfer/actor.ts'
import { personOf } from '../connection/key-registry.ts'
import type { Reason } from '../connection/wire.ts'
import { checked } from './files.ts'
import { SshMember } from './member.ts'
import { type RunParts, uploaderOf } from './parts.ts'
import { noSuchFile } from './refusals.ts'
import type { Attributes } from './sftp/codec.ts'
import { isPartial, type NamedFile, namedFiles, type Place, placeOf, sumsOf, withoutPartial } from './sftp/names.ts'

const MOST_MADE = 64

/** The rooms that one client walks through as folders: in each it is a member whom nobody sees, in a few at once. */
export class Folders {
  /** Where relative paths begin. */
  readonly home: string
  readonly #of: RunParts
  readonly #tell: (why: Reason) => void
  readonly #isUsed: (room: string) => boolean
  /** The one that was used last is the last. */
  readonly #members = new Map<string, SshMember>()
  /** Rooms that are there for this client, until its first file makes one. */
  readonly #made = new Set<string>()

  /** `isUsed`: whether something is open in a room: then it is not left. */
  constructor(of: RunParts, tell: (why: Reason) => void, isUsed: (room: string) => boolean = () => true) {
    const { identity } = of
    this.home = identity.isRoomNamed ? `/${identity.room}` : '/'
    this.#of = of
    this.#tell = tell
    this.#isUsed = isUsed
    this.#made.add(identity.room)
  }

  placeOf(path: string): Place {
    return placeOf(path, this.home)
  }

  /** Those that it may see, and its own: it has come in by that one's password. */
  async rooms(): Promise<ReadonlySet<string>> {
    return new Set([...(await visibleRooms(this.#of, this.#made)), this.#of.identity.room])
  }

  async has(room: string): Promise<boolean> {
    return this.#members.has(room) || (await this.rooms()).has(room)
  }

  /** From now on it is there for this client; false where it has made too many. */
  make(room: string): boolean {
    if (this.#made.size >= MOST_MADE) return false
    this.#made.add(room)
    return true
  }

  /** Comes into a room. A name that is no room's makes none. */
  async enter(room: string): Promise<RoomFolder> {
    const known = this.#members.get(room)
    if (known === undefined && !(await this.has(room))) throw new Refused(noSuchRoom)
    this.#members.delete(room)
    const member = known ?? (await this.#come(room))
    this.#members.set(room, member)
    void member.client.charge(0)
    return new RoomFolder(member)
  }

  /** The file of that path. */
  async fileAt(path: string): Promise<{ readonly folder: RoomFolder; readonly found: NamedFile }> {
    const place = this.placeOf(path)
    if (place.type !== 'file') throw new Refused(noSuchFile)
    const folder = await this.enter(place.room)
    const found = folder.find(place.name)
    if (found === undefined) throw new Refused(noSuchFile)
    return { folder, found }
  }

  async close(): Promise<void> {
    const members = [...this.#members.values()]
    this.#members.clear()
    await Promise.all(members.map(({ client }) => client.close()))
  }

  async #come(room: string): Promise<SshMember> {
    if (this.#members.size >= this.#of.parts.ssh.roomsPerChannel) {
      const [oldest] = [...this.#members].filter(([name]) => !this.#isUsed(name))
      if (oldest === undefined) throw new Refused(tooManyRooms)
      this.#members.delete(oldest[0])
      await oldest[1].client.close()
    }
    const member = new SshMember(this.#of, this.#tell)
    const why: Rejected | undefined = await member.enter(room)
    if (why !== undefined) throw new Refused(why)
    return member
  }
}

/** A room as the folder that one member sees: whole files, and those that the member has not finished. */
export class RoomFolder {
  readonly member: SshMember

  constructor(member: SshMember) {
    this.member = member
  }

  get entries(): readonly NamedFile[] {
    const own = new Set(this.#ownTransfers.map(({ id }) => id))
    return namedFiles(this.member.entered.files.filter(({ status, file }) => status === 'whole' || own.has(file.id)))
  }

  /** The digests of the whole files, as a file. */
  get sums(): { readonly bytes: Buffer; readonly attributes: Attributes } {
    const { entries } = this
    const bytes = sumsOf(entries)
    const modified = entries.reduce((newest, { file }) => Math.max(newest, secondsOf(file)), 0)
    return { bytes, attributes: { type: 'file', size: bytes.length, modified } }
  }

  find(name: string): NamedFile | undefined {
    const { entries } = this
    const isCalledSo = (each: NamedFile) => collisionKey(each.name) === collisionKey(name)
    const found = entries.find((each) => each.name === name) ?? entries.find(isCalledSo)
    if (found !== undefined || !isPartial(name)) return found
    const transfer = this.unfinished(withoutPartial(name))
    return entries.find(({ file }) => file.file.id === transfer?.id)
  }

  /** Somebody else's that still arrives: it is not listed, and may be read as it comes. */
  arriving(name: string): NamedFile | undefined {
    const isWanted = ({ status, file }: RoomFile) => status === 'offered' && file.name === name
    const file = this.member.entered.files.findLast(isWanted)
    return file && { name, file }
  }

  /** The newest of this name that the member has not finished. */
  unfinished(name: string): TransferActor | undefined {
    return this.#ownTransfers.findLast(({ file }) => collisionKey(file.name) === collisionKey(name))
  }

  async remove({ file }: NamedFile): Promise<void> {
    checked(await this.member.entered.removeFile(file.file.id, uploaderOf(this.member.of)))
  }

  attributesOf(file: RoomFile): Attributes {
    const modified = secondsOf(file)
    if (file.status === 'whole') return { type: 'file', size: file.file.size, modified }
    const transfer = this.member.parts.engine.transfers.find(({ id }) => id === file.file.id)
    return { type: 'unfinished', size: transfer?.durable ?? 0, modified }
  }

  get #ownTransfers(): readonly TransferActor[] {
    const { entered, of, parts } = this.member
    const owner = uploaderOf(of) ?? entered.id
    return parts.engine.transfers.filter((each) => each.room === entered.room && each.isOf(owner))
  }
}

const secondsOf = ({ at }: RoomFile): number => Math.floor(at / 1000)

/**
 * The rooms that a client may see, and of these `others` too. A password is for the room that it came into: tried at all of them it would be a guess
 * at each.
 */
export async function visibleRooms(
  { identity, incoming, id, parts: { accessControl, engine } }: RunParts,
  others: Iterable<string> = [],
): Promise<ReadonlySet<string>> {
  const { key, credential } = identity
  const names = new Set([...(await engine.rooms()).map(({ name }) => name), ...others])
  const credentials = {
    ...{ connection: incoming.connection, address: incoming.address },
    person: key === undefined ? id : personOf(key),
    ...(credential === undefined ? {} : { credential }),
  }
  return await accessControl.visible(credentials, [...names])
}

const noSuchRoom = rejected('NOT_FOUND', 'there is no such room; mkdir makes one')
const tooManyRooms = rejected('TOO_MANY_ROOMS', 'files are open in too many rooms at once; close some first')
