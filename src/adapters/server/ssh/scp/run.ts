import { type Rejected, rejected } from '#domain/errors.ts'
import { forTerminal } from '#domain/names/text.ts'
import { Refused } from '#domain/session.ts'
import { TransferActor } from '#domain/transfer/actor.ts'
import type { Writing } from '#domain/transfer/writer.ts'
import { SUMS_NAME } from '#protocol/tar.ts'
import type { Reason } from '../../connection/wire.ts'
import type { SshChannel } from '../channel.ts'
import { EXIT } from '../exit-status.ts'
import { holderOf, type RunParts, uploaderOf } from '../parts.ts'
import { type MemberListener, QuietMember } from '../quiet-member.ts'
import { noSuchFile, tooManyDownloads } from '../refusals.ts'
import { placeOf } from '../sftp/names.ts'
import { RoomFolder } from '../sftp/room-folder.ts'
import { Visits } from '../sftp/visits.ts'
import { fileLine, OK_BYTE, type ScpCommand, ScpDecoder, type ScpMessage, warningLine } from './codec.ts'

/** A file on its way in, or why it is refused: its bytes come in any case, once it was accepted. */
interface Receiving {
  readonly transfer: TransferActor
  readonly writing: Writing
  why: Rejected | undefined
}

/** What `scp -O` runs on a channel: one file, or several into one room. */
export class ScpRun implements MemberListener {
  readonly #channel: SshChannel
  readonly #parts: RunParts
  readonly #visits: Visits
  readonly #uploader: string | undefined
  readonly #decoder = new ScpDecoder()
  readonly #messages: AsyncGenerator<ScpMessage>
  #receiving: Receiving | undefined
  #status: number = EXIT.done
  #isOver = false

  constructor(parts: RunParts) {
    this.#channel = parts.incoming.connection
    this.#parts = parts
    this.#uploader = uploaderOf(parts)
    this.#visits = new Visits({ ...parts, listener: this, isUsed: () => true })
    this.#messages = messagesOf(this.#channel, this.#decoder)
    this.#channel.once('signal', () => this.#end(EXIT.interrupted))
  }

  async run({ direction, path, isFolder, isRecursive }: ScpCommand): Promise<void> {
    const { identity } = this.#parts
    const place = placeOf(path, identity.isRoomNamed ? `/${identity.room}` : '/')
    try {
      if (place.type === 'root' || place.type === 'none') throw new Refused(noRoom)
      const member = await this.#visits.enter(place.room)
      if (!(member instanceof QuietMember)) throw new Refused(member)
      const folder = new RoomFolder(member, this.#uploader, this.#parts.parts.engine)
      const name = place.type === 'file' ? place.name : undefined
      if (direction === 'send') await this.#send(folder, name)
      else await this.#receive(folder, isFolder || isRecursive ? onlyRoom(name) : name)
    } catch (error) {
      if (this.#channel.destroyed) return
      if (!(error instanceof Refused)) throw error
      this.#warn(error.rejected)
    } finally {
      await this.#receiving?.writing.pause()
      this.#end(this.#status)
      await this.#visits.close()
    }
  }

  ended(why: Reason | undefined): void {
    if (why === undefined) return
    this.#warn(why)
    this.#end(this.#status)
  }

  /** Files until the client has no more. `name`: of the one that is sent, where its sender has said so. */
  async #receive({ member }: RoomFolder, name: string | undefined): Promise<void> {
    this.#channel.write(OK_BYTE)
    for await (const message of this.#messages) {
      switch (message.type) {
        case 'file':
          await this.#begin(member, name ?? message.name, message.size)
          break
        case 'bytes':
          await this.#append(message.bytes)
          break
        case 'end':
          await this.#finish()
          break
        case 'times':
        case 'up':
          this.#channel.write(OK_BYTE)
          break
        case 'folder':
          this.#warn(noFolders)
          break
        case 'failed':
          await this.#receiving?.writing.pause()
          this.#receiving = undefined
          this.#status = EXIT.incomplete
          break
        case 'ok':
          break
        case 'malformed':
          throw new Refused(noScp)
        default:
          message satisfies never
      }
    }
    if (this.#receiving !== undefined) this.#status = EXIT.incomplete
  }

  async #begin({ session }: QuietMember, name: string, size: number): Promise<void> {
    const transfer = await session.createTransfer({ name, size }, this.#uploader)
    const writing = transfer instanceof TransferActor ? await transfer.write(0) : undefined
    const why = 'code' in transfer ? transfer : writing !== undefined && 'code' in writing ? writing : undefined
    if (why !== undefined || writing === undefined || 'code' in writing || !(transfer instanceof TransferActor))
      return this.#warn(why ?? noScp)
    this.#receiving = { transfer, writing, why: undefined }
    this.#decoder.accept(size)
    this.#channel.write(OK_BYTE)
  }

  async #append(bytes: Buffer): Promise<void> {
    const receiving = this.#receiving
    if (receiving === undefined || receiving.why !== undefined) return
    receiving.why = await receiving.writing.append(bytes)
  }

  async #finish(): Promise<void> {
    const receiving = this.#receiving
    this.#receiving = undefined
    if (receiving === undefined) return
    const ended = receiving.why ?? (await receiving.writing.finish())
    if ('code' in ended) return this.#warn(ended)
    this.#channel.note(`${forTerminal(ended.name)} is in the room, sha256 ${ended.sha256}`)
    this.#channel.write(OK_BYTE)
  }

  async #send(folder: RoomFolder, name: string | undefined): Promise<void> {
    if (name === undefined) throw new Refused(noFolders)
    await this.#acknowledged()
    if (name === SUMS_NAME) {
      const { bytes } = folder.sums
      return await this.#sendBytes(name, bytes.length, [bytes])
    }
    const found = folder.find(name)
    if (found?.file.status !== 'whole') throw new Refused(noSuchFile)
    const { file } = found.file
    const { session, client } = folder.member
    const slot = this.#parts.parts.downloads.take(holderOf(this.#parts), this.#channel)
    if (slot === undefined) throw new Refused(tooManyDownloads)
    const moved = () => {
      slot.moved()
      void client.charge(0)
    }
    try {
      await this.#sendBytes(found.name, file.size, session.download(file.id), moved)
      folder.member.served(file, 0, file.size)
    } finally {
      slot.release()
    }
  }

  async #sendBytes(
    name: string,
    size: number,
    pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    moved: () => void = () => {},
  ): Promise<void> {
    await this.#channel.taken(fileLine(name, size))
    await this.#acknowledged()
    for await (const piece of pieces) {
      moved()
      await this.#channel.taken(piece)
    }
    await this.#channel.taken(OK_BYTE)
    await this.#acknowledged()
  }

  async #acknowledged(): Promise<void> {
    const { value } = await this.#messages.next()
    if (value?.type !== 'ok') throw new Refused(cut)
  }

  #warn(why: Reason): void {
    this.#status = EXIT.refused
    if (!this.#isOver) this.#channel.write(warningLine(`${why.code} ${forTerminal(why.message)}`))
  }

  #end(status: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#channel.exit(status)
  }
}

async function* messagesOf(channel: SshChannel, decoder: ScpDecoder): AsyncGenerator<ScpMessage> {
  for await (const chunk of channel.iterator({ destroyOnReturn: false })) {
    decoder.push(chunk)
    for (let message = decoder.next(); message !== undefined; message = decoder.next()) yield message
  }
}

/** Several files go into a room, and no file is one. */
function onlyRoom(name: string | undefined): undefined {
  if (name !== undefined) throw new Refused(noFolders)
}

const noRoom = rejected('BAD_PATH', 'files lie in rooms: write ROOM/ behind the colon')
const noFolders = rejected('NOT_ALLOWED', 'folders are not taken here; send a tar, or use tamtam send')
const noScp = rejected('BAD_MESSAGE', 'this is no protocol of scp')
const cut = rejected('TRANSFER_CUT', 'the client has ended in the middle')
