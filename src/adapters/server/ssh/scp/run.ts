import { rejected } from '#domain/errors.ts'
import { forTerminal } from '#domain/names/text.ts'
import { Refused } from '#domain/session.ts'
import { SUMS_NAME } from '#protocol/tar.ts'
import type { Reason } from '../../connection/wire.ts'
import type { SshChannel } from '../channel.ts'
import { IncomingFile, OutgoingFile } from '../files.ts'
import { Folders, type RoomFolder } from '../folders.ts'
import type { SshMember } from '../member.ts'
import type { RunParts } from '../parts.ts'
import { EXIT, noSuchFile } from '../refusals.ts'
import { fileLine, OK_BYTE, type ScpCommand, ScpDecoder, type ScpMessage, warningLine } from './codec.ts'

/** What `scp -O` runs on a channel: one file, or several into one room. */
export class ScpRun {
  readonly #channel: SshChannel
  readonly #folders: Folders
  readonly #decoder = new ScpDecoder()
  readonly #messages: AsyncGenerator<ScpMessage>
  #incoming: IncomingFile | undefined
  /** Why the file on its way is refused: its bytes come in any case, once it was accepted. */
  #refused: Refused | undefined
  #status: number = EXIT.done

  constructor(of: RunParts) {
    this.#channel = of.incoming.connection
    this.#folders = new Folders(of, (why) => this.#warn(why))
    this.#messages = messagesOf(this.#channel, this.#decoder)
  }

  async run({ direction, path, isFolder, isRecursive }: ScpCommand): Promise<void> {
    const place = this.#folders.placeOf(path)
    try {
      if (place.type === 'root' || place.type === 'none') throw new Refused(noRoom)
      const folder = await this.#folders.enter(place.room)
      const name = place.type === 'file' ? place.name : undefined
      if (direction === 'send') await this.#send(folder, name)
      else await this.#receive(folder.member, isFolder || isRecursive ? onlyRoom(name) : name)
    } catch (error) {
      if (this.#channel.destroyed) return
      if (!(error instanceof Refused)) throw error
      this.#warn(error.rejected)
    } finally {
      await this.#incoming?.pause()
      this.#channel.exit(this.#status)
      await this.#folders.close()
    }
  }

  /** Files until the client has no more. `name`: of the one that is sent, where its sender has said so. */
  async #receive(member: SshMember, name: string | undefined): Promise<void> {
    this.#channel.write(OK_BYTE)
    for await (const message of this.#messages) {
      switch (message.type) {
        case 'file':
          await this.#guarded(async () => {
            this.#incoming = await IncomingFile.open(member, { name: name ?? message.name, size: message.size })
            this.#decoder.accept(message.size)
            this.#channel.write(OK_BYTE)
          })
          break
        case 'bytes':
          if (this.#refused === undefined)
            await this.#incoming?.append(message.bytes).catch((error: unknown) => {
              this.#refused = refusedBy(error)
            })
          break
        case 'end':
          await this.#guarded(() => this.#finish())
          break
        case 'times':
        case 'up':
          this.#channel.write(OK_BYTE)
          break
        case 'folder':
          this.#warn(noFolders)
          break
        case 'failed':
          await this.#incoming?.pause()
          this.#incoming = undefined
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
    if (this.#incoming !== undefined) this.#status = EXIT.incomplete
  }

  /** A file that is refused is not the end of the others. */
  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#warn(refusedBy(error).rejected)
    }
  }

  async #finish(): Promise<void> {
    const [incoming, refused] = [this.#incoming, this.#refused]
    this.#incoming = undefined
    this.#refused = undefined
    if (refused !== undefined) throw refused
    const file = await incoming?.finish()
    if (file === undefined) return
    this.#channel.noteWhole(file)
    this.#channel.write(OK_BYTE)
  }

  async #send(folder: RoomFolder, name: string | undefined): Promise<void> {
    if (name === undefined) throw new Refused(noFolders)
    await this.#acknowledged()
    if (name === SUMS_NAME) {
      const { bytes } = folder.sums
      return await this.#sendBytes(fileLine(name, bytes.length), () => this.#channel.taken(bytes))
    }
    const found = folder.find(name)
    if (found?.file.status !== 'whole') throw new Refused(noSuchFile)
    const { id, size } = found.file.file
    const outgoing = new OutgoingFile(folder.member, id)
    try {
      const send = () => outgoing.sendTo((piece) => this.#channel.taken(piece))
      await this.#sendBytes(fileLine(found.name, size), send)
    } finally {
      await outgoing.close()
    }
  }

  async #sendBytes(line: Buffer, send: () => Promise<void>): Promise<void> {
    await this.#channel.taken(line)
    await this.#acknowledged()
    await send()
    await this.#channel.taken(OK_BYTE)
    await this.#acknowledged()
  }

  async #acknowledged(): Promise<void> {
    const { value } = await this.#messages.next()
    if (value?.type !== 'ok') throw new Refused(cut)
  }

  #warn(why: Reason): void {
    this.#status = EXIT.refused
    if (!this.#channel.isOver) this.#channel.write(warningLine(`${why.code} ${forTerminal(why.message)}`))
  }
}

async function* messagesOf(channel: SshChannel, decoder: ScpDecoder): AsyncGenerator<ScpMessage> {
  for await (const chunk of channel.iterator({ destroyOnReturn: false })) {
    decoder.push(chunk)
    for (let message = decoder.next(); message !== undefined; message = decoder.next()) yield message
  }
}

function refusedBy(error: unknown): Refused {
  if (error instanceof Refused) return error
  throw error
}

/** Several files go into a room, and no file is one. */
function onlyRoom(name: string | undefined): undefined {
  if (name !== undefined) throw new Refused(noFolders)
}

const noRoom = rejected('BAD_PATH', 'files lie in rooms: write ROOM/ behind the colon')
const noFolders = rejected('NOT_ALLOWED', 'folders are not taken here; send a tar, or use tamtam send')
const noScp = rejected('BAD_MESSAGE', 'this is no protocol of scp')
const cut = rejected('TRANSFER_CUT', 'the client has ended in the middle')
