import { Waiters } from '#domain/async/waiters.ts'
import { type Code, rejected } from '#domain/errors.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { Cancel } from '#domain/ports/system.ts'
import { Refused } from '#domain/session.ts'
import { SUMS_NAME } from '#protocol/tar.ts'
import { COSTS, priceOfItems } from '../../connection/rate-limit.ts'
import type { Reason } from '../../connection/wire.ts'
import type { SshChannel } from '../channel.ts'
import { checked, IncomingFile, OutgoingFile } from '../files.ts'
import { Folders, type RoomFolder } from '../folders.ts'
import type { RunParts, SshParts } from '../parts.ts'
import {
  badRoom,
  EXIT,
  exitStatusOf,
  idle,
  isFolder,
  isThere,
  noFolders,
  noSuchFile,
  STATUS_OF,
  sumsAreOurs,
  tooManyHandles,
} from '../refusals.ts'
import * as codec from './codec.ts'
import { isPartial, wholePath, withoutPartial } from './names.ts'

/** Names in one answer to READDIR. */
const NAMES_AT_ONCE = 100
/** Lists of names, and of digests, that are open at once: each is held whole. */
const LISTS_AT_ONCE = 8
/** READs that wait for their bytes, or for their turn. */
const READS_AT_ONCE = 128

interface OpenFile {
  readonly room: string
  readonly attributes: () => codec.Attributes
}

/** What a client has open. */
type Handle =
  | { readonly type: 'folder'; readonly names: codec.Listed[] }
  | { readonly type: 'bytes'; readonly bytes: Buffer; readonly attributes: () => codec.Attributes }
  | (OpenFile & { readonly type: 'reading'; readonly outgoing: OutgoingFile })
  | (OpenFile & {
      readonly type: 'writing'
      readonly incoming: IncomingFile
      /** The client will rename it once it is through. */
      readonly isPartial: boolean
    })

/** A packet, or a status and nothing more. */
type Answer = Buffer | codec.Status

/** One client of SFTP: its requests become reading and writing in rooms. Answers come in the order of requests, but for those to READ. */
export class SftpSession {
  readonly #channel: SshChannel
  readonly #parts: SshParts
  readonly #folders: Folders
  readonly #handles = new Map<string, Handle>()
  #lastHandle = 0
  #reads = 0
  readonly #readsDone = new Waiters()
  #askedAt: number
  #cancelIdle: Cancel = () => {}

  constructor(of: RunParts) {
    this.#channel = of.incoming.connection
    this.#parts = of.parts
    const isUsed = (room: string) =>
      [...this.#handles.values()].some((handle) => 'room' in handle && handle.room === room)
    this.#folders = new Folders(of, (why) => this.#note(why), isUsed)
    const { clock, ssh } = this.#parts
    this.#askedAt = clock.elapsed()
    this.#watchIdle(ssh.sftpIdleMs)
  }

  async run(): Promise<void> {
    const decoder = new codec.SftpDecoder()
    try {
      for await (const chunk of this.#channel.iterator({ destroyOnReturn: false }))
        for (const packet of decoder.push(chunk)) await this.#take(packet)
      await this.#closeAll()
      // Without it scp waits for ever.
      this.#channel.exit(EXIT.done)
    } catch (error) {
      // The client went away in the middle: what came stays.
      if (!this.#channel.destroyed) throw error
    } finally {
      this.#cancelIdle()
      await this.#closeAll()
      await this.#folders.close()
    }
  }

  #note(why: Reason): void {
    this.#channel.note(`tamtam: ${why.code} ${forTerminal(why.message)}`)
  }

  #end(why: Reason): void {
    this.#note(why)
    this.#channel.exit(exitStatusOf(why.code as Code))
  }

  /** It holds a place in each of its rooms. One that waits for bytes of a file is not idle. */
  #watchIdle(inMs: number): void {
    const { clock, ssh } = this.#parts
    this.#cancelIdle = clock.after(inMs, () => {
      const leftMs = this.#askedAt + ssh.sftpIdleMs - clock.elapsed()
      if (this.#reads > 0) this.#watchIdle(ssh.sftpIdleMs)
      else if (leftMs > 0) this.#watchIdle(leftMs)
      else this.#end(idle)
    })
  }

  async #take(packet: codec.Request | codec.Init | codec.Malformed): Promise<void> {
    if (this.#channel.isOver) return
    this.#askedAt = this.#parts.clock.elapsed()
    if (packet.type === 'malformed') return this.#end(rejected('BAD_MESSAGE', `this is no SFTP: ${packet.why}`))
    if (packet.type === 'init') return await this.#send(codec.versionPacket())
    if (packet.type === 'read') return await this.#read(packet)
    await this.#reply(packet.id, this.#answer(packet))
  }

  async #reply(id: number, work: Promise<Answer>): Promise<void> {
    let answer: Answer
    try {
      answer = await work
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      answer = this.#refusal(id, error.rejected)
    }
    await this.#send(typeof answer === 'string' ? codec.statusPacket(id, answer) : answer)
  }

  /** Clients show no more than a failure, so that the reason goes beside it, where the program around them shows it. */
  #refusal(id: number, why: Refused['rejected']): Buffer {
    if (why !== noSuchFile && why.code !== 'NOT_FOUND') this.#note(why)
    return codec.statusPacket(id, STATUS_OF[why.code] ?? 'failure', `${why.code} ${why.message}`)
  }

  /** Resolves when more may be sent. */
  async #send(packet: Buffer): Promise<void> {
    const channel = this.#channel
    if (!channel.writable) return
    channel.write(packet)
    if (channel.writableNeedDrain) await channel.drained()
  }

  async #answer(request: Exclude<codec.Request, { readonly type: 'read' }>): Promise<Answer> {
    const { id } = request
    const handle = 'handle' in request ? this.#handles.get(request.handle) : undefined
    switch (request.type) {
      case 'open':
        return codec.handlePacket(id, this.#keep(await this.#open(request.path, request.flags)))
      case 'close':
        return await this.#close(request.handle)
      case 'write':
        if (handle?.type !== 'writing') return 'failure'
        await handle.incoming.write(request.offset, request.data)
        return 'ok'
      case 'stat':
      case 'lstat':
        return codec.attributesPacket(id, await this.#attributesAt(request.path))
      case 'fstat':
        return handle === undefined || handle.type === 'folder'
          ? 'failure'
          : codec.attributesPacket(id, handle.attributes())
      case 'fsetstat': {
        const size = handle?.type === 'writing' ? handle.incoming.size : undefined
        return handle !== undefined && (request.size === undefined || request.size === size) ? 'ok' : 'failure'
      }
      // Times and modes are not kept.
      case 'setstat':
        return 'ok'
      case 'opendir':
        return codec.handlePacket(id, this.#keep({ type: 'folder', names: await this.#namesIn(request.path) }))
      case 'readdir': {
        if (handle?.type !== 'folder') return 'failure'
        const names = handle.names.splice(0, NAMES_AT_ONCE)
        return names.length === 0 ? 'eof' : codec.namesPacket(id, names)
      }
      case 'realpath':
        return codec.pathPacket(id, wholePath(request.path, this.#folders.home))
      case 'mkdir':
        return await this.#makeRoom(request.path)
      case 'remove': {
        const { folder, found } = await this.#folders.fileAt(request.path)
        await folder.remove(found)
        return 'ok'
      }
      case 'rename':
        return await this.#rename(request.path, request.to)
      case 'rmdir':
        throw new Refused(roomsStay)
      case 'extended':
        if (request.name === 'limits@openssh.com') return codec.limitsPacket(id, this.#parts.ssh.handles)
        // Every answer to CLOSE is durable.
        return request.name === 'fsync@openssh.com' ? 'ok' : 'unsupported'
      case 'readlink':
      case 'symlink':
      case 'unknown':
        return 'unsupported'
      default:
        return request satisfies never
    }
  }

  // Files

  async #open(path: string, flags: number): Promise<Handle> {
    if (this.#handles.size >= this.#parts.ssh.handles) throw new Refused(tooManyHandles)
    const place = this.#folders.placeOf(path)
    if (place.type !== 'file') throw new Refused(place.type === 'none' ? noSuchFile : isFolder)
    const folder = await this.#folders.enter(place.room)
    return (flags & codec.OPEN.write) === 0
      ? this.#openToRead(folder, place.name)
      : await this.#openToWrite(folder, place.name, (flags & codec.OPEN.truncate) !== 0)
  }

  #openToRead(folder: RoomFolder, name: string): Handle {
    if (name === SUMS_NAME) {
      const { bytes, attributes } = folder.sums
      return { type: 'bytes', bytes, attributes: () => attributes }
    }
    const found = folder.find(name) ?? folder.arriving(name)
    if (found === undefined) throw new Refused(noSuchFile)
    const { file } = found
    const { entered } = folder.member
    const outgoing = new OutgoingFile(folder.member, file.file.id)
    const attributes = () => folder.attributesOf(entered.file(file.file.id) ?? file)
    return { type: 'reading', room: entered.room, outgoing, attributes }
  }

  async #openToWrite(folder: RoomFolder, name: string, isNew: boolean): Promise<Handle> {
    if (name === SUMS_NAME) throw new Refused(sumsAreOurs)
    const wanted = withoutPartial(name)
    const unfinished = isNew ? undefined : folder.unfinished(wanted)
    const incoming = await IncomingFile.open(folder.member, { name: wanted }, unfinished)
    const modified = Math.floor(this.#parts.clock.now() / 1000)
    const attributes = () => ({ type: 'unfinished' as const, size: incoming.size, modified })
    return { type: 'writing', room: folder.member.entered.room, incoming, isPartial: isPartial(name), attributes }
  }

  /** READs of one file go one after the other; those of others, and all else, do not wait for them: it may be a file that is still to come. */
  async #read(request: codec.Request & { readonly type: 'read' }): Promise<void> {
    const { id, offset } = request
    const length = Math.min(request.length, codec.MOST_DATA_BYTES)
    const handle = this.#handles.get(request.handle)
    if (handle?.type === 'bytes') return await this.#send(dataOrEnd(id, handle.bytes.subarray(offset, offset + length)))
    if (handle?.type !== 'reading') return await this.#send(codec.statusPacket(id, 'failure'))
    while (this.#reads >= READS_AT_ONCE) await this.#readsDone.wait()
    this.#reads++
    this.#reply(id, this.#readFrom(id, handle.outgoing, offset, length))
      .catch((error: unknown) => this.#channel.destroy(error instanceof Error ? error : new Error(String(error))))
      .finally(() => {
        this.#reads--
        this.#readsDone.release()
      })
  }

  async #readFrom(id: number, outgoing: OutgoingFile, offset: number, length: number): Promise<Answer> {
    let packet: Buffer | undefined
    const count = await outgoing.fill(offset, length, (bytes) => {
      packet = codec.roomForData(bytes)
      return codec.dataOf(packet)
    })
    return packet === undefined || count === 0 ? 'eof' : codec.dataPacket(id, packet, count)
  }

  /** Answers once a file that was written is whole, durable and in the room. */
  async #close(name: string): Promise<Answer> {
    const handle = this.#handles.get(name)
    this.#handles.delete(name)
    if (handle?.type === 'writing' && !handle.isPartial) {
      const file = await handle.incoming.finish()
      if (file !== undefined) this.#channel.noteWhole(file)
    } else if (handle !== undefined) await closed(handle)
    return handle === undefined ? 'failure' : 'ok'
  }

  /** Some clients write under another name, and rename the file once it is through: it is finished then. */
  async #rename(path: string, to: string): Promise<Answer> {
    const [from, target] = [this.#folders.placeOf(path), this.#folders.placeOf(to)]
    const isEnd = from.type === 'file' && target.type === 'file' && from.room === target.room && isPartial(from.name)
    if (!isEnd) return 'unsupported'
    const transfer = (await this.#folders.enter(from.room)).unfinished(withoutPartial(from.name))
    if (transfer === undefined) throw new Refused(noSuchFile)
    const writing = checked(await transfer.write(await transfer.offset()))
    this.#channel.noteWhole(checked(await writing.finish()))
    return 'ok'
  }

  // Names

  async #makeRoom(path: string): Promise<Answer> {
    const place = this.#folders.placeOf(path)
    if (place.type !== 'room') throw new Refused(place.type === 'file' ? noFolders : badRoom)
    if (await this.#folders.has(place.room)) throw new Refused(isThere)
    if (!this.#folders.make(place.room)) throw new Refused(tooManyHandles)
    return (await this.#folders.has(place.room)) ? 'ok' : 'permissionDenied'
  }

  async #namesIn(path: string): Promise<codec.Listed[]> {
    const place = this.#folders.placeOf(path)
    if (place.type === 'root') {
      const rooms = [...(await this.#folders.rooms())].sort()
      return rooms.map((name) => ({ name, by: 'tamtam', attributes: ROOM }))
    }
    if (place.type !== 'room') throw new Refused(noSuchFile)
    const folder = await this.#folders.enter(place.room)
    const { entries, member, sums } = folder
    await member.client.pay(priceOfItems(COSTS.files, entries.length))
    return [
      ...entries.map(({ name, file }) => ({ name, by: file.by.name, attributes: folder.attributesOf(file) })),
      { name: SUMS_NAME, by: 'tamtam', attributes: sums.attributes },
    ]
  }

  async #attributesAt(path: string): Promise<codec.Attributes> {
    const place = this.#folders.placeOf(path)
    if (place.type === 'root' || (place.type === 'room' && (await this.#folders.has(place.room)))) return ROOM
    if (place.type === 'file' && place.name === SUMS_NAME)
      return (await this.#folders.enter(place.room)).sums.attributes
    const { folder, found } = await this.#folders.fileAt(path)
    return folder.attributesOf(found.file)
  }

  #keep(handle: Handle): string {
    const isList = ({ type }: Handle) => type === 'folder' || type === 'bytes'
    if (isList(handle) && [...this.#handles.values()].filter(isList).length >= LISTS_AT_ONCE)
      throw new Refused(tooManyHandles)
    const name = String(++this.#lastHandle)
    this.#handles.set(name, handle)
    return name
  }

  async #closeAll(): Promise<void> {
    const handles = [...this.#handles.values()]
    this.#handles.clear()
    await Promise.all(handles.map(closed))
  }
}

/** What was written stays as far as it has come. */
async function closed(handle: Handle): Promise<void> {
  if (handle.type === 'reading') await handle.outgoing.close()
  if (handle.type === 'writing') await handle.incoming.pause()
}

function dataOrEnd(id: number, bytes: Buffer): Buffer {
  if (bytes.length === 0) return codec.statusPacket(id, 'eof')
  const packet = codec.roomForData(bytes.length)
  bytes.copy(codec.dataOf(packet))
  return codec.dataPacket(id, packet, bytes.length)
}

const ROOM = { type: 'folder', modified: 0 } as const
const roomsStay = rejected('NOT_ALLOWED', 'a room stays as long as the host keeps it')
