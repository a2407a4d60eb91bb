import type { Engine } from '#domain/engine/engine.ts'
import { collisionKey } from '#domain/names/file-name.ts'
import type { RoomFile } from '#domain/room/state.ts'
import type { TransferActor } from '#domain/transfer/actor.ts'
import type { QuietMember } from '../quiet-member.ts'
import type { Attributes } from './codec.ts'
import { isPartial, type NamedFile, namedFiles, sumsOf, withoutPartial } from './names.ts'

/** A room as the folder that one member sees: whole files, and those that the member has not finished. */
export class RoomFolder {
  readonly member: QuietMember
  readonly #engine: Engine
  readonly #uploader: string | undefined

  /** `uploader`: as in `createTransfer`. */
  constructor(member: QuietMember, uploader: string | undefined, engine: Engine) {
    this.member = member
    this.#engine = engine
    this.#uploader = uploader
  }

  get entries(): readonly NamedFile[] {
    const own = new Set(this.#ownTransfers.map(({ id }) => id))
    return namedFiles(this.member.session.files.filter(({ status, file }) => status === 'whole' || own.has(file.id)))
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
    const file = this.member.session.files.findLast(isWanted)
    return file && { name, file }
  }

  /** The newest of this name that the member has not finished. */
  unfinished(name: string): TransferActor | undefined {
    return this.#ownTransfers.findLast(({ file }) => collisionKey(file.name) === collisionKey(name))
  }

  attributesOf(file: RoomFile): Attributes {
    const modified = secondsOf(file)
    if (file.status === 'whole') return { type: 'file', size: file.file.size, modified }
    const transfer = this.#engine.transfers.find(({ id }) => id === file.file.id)
    return { type: 'unfinished', size: transfer?.durable ?? 0, modified }
  }

  get #ownTransfers(): readonly TransferActor[] {
    const { id, room } = this.member.session
    const owner = this.#uploader ?? id
    return this.#engine.transfers.filter((each) => each.room === room && each.isOf(owner))
  }
}

const secondsOf = ({ at }: RoomFile): number => Math.floor(at / 1000)
