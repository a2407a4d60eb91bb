import { SerialQueue } from '#domain/async/serial-queue.ts'
import { Waiters } from '#domain/async/waiters.ts'
import { type Code, type Rejected, rejected } from '#domain/errors.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { Cancel } from '#domain/ports/system.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { Refused } from '#domain/session.ts'
import { SUMS_NAME } from '#protocol/tar.ts'
import { COSTS, priceOfItems } from '../../connection/rate-limit.ts'
import type { Reason } from '../../connection/wire.ts'
import type { SshChannel } from '../channel.ts'
import { EXIT, exitStatusOf } from '../exit-status.ts'
import { holderOf, type RunParts, uploaderOf } from '../parts.ts'
import { type MemberListener, QuietMember } from '../quiet-member.ts'
import {
  badRoom,
  idle,
  isFolder,
  isThere,
  noFolders,
  noSuchFile,
  STATUS_OF,
  sumsAreOurs,
  tooManyDownloads,
  tooManyHandles,
} from '../refusals.ts'
import * as codec from './codec.ts'
import { endReading, type Handle } from './handles.ts'
import { isPartial, type NamedFile, type Place, placeOf, wholePath, withoutPartial } from './names.ts'
import { ReadingFile } from './reading.ts'
import { RoomFolder } from './room-folder.ts'
import { Visits } from './visits.ts'
import { WritingFile } from './writing.ts'

/** Names in one answer to READDIR. */
const NAMES_AT_ONCE = 100
/** Lists of names, and of digests, that are open at once: each is held whole. */
const LISTS_AT_ONCE = 8
/** READs that wait for their bytes, or for their turn. */
const READS_AT_ONCE = 128

/** One client of SFTP: its requests become reading and writing in rooms. Answers come in the order of requests, but for those to READ. */
export class SftpSession implements MemberListener {
  readonly #channel: SshChannel
  readonly #parts: RunParts
  readonly #visits: Visits
  readonly #uploader: string | undefined
  readonly #home: string
  readonly #handles = new Map<string, Handle>()
  #lastHandle = 0
  #reads = 0
  readonly #readsDone = new Waiters()
  #isOver = false
  #askedAt: number
  #cancelIdle: Cancel = () => {}

  constructor(parts: RunParts) {
    const { incoming, identity } = parts
    this.#channel = incoming.connection
    this.#parts = parts
    this.#home = identity.isRoomNamed ? `/${identity.room}` : '/'
    this.#uploader = uploaderOf(parts)
    const isUsed = (room: string) =>
      [...this.#handles.values()].some((handle) => 'room' in handle && handle.room === room)
    this.#visits = new Visits({ ...parts, listener: this, isUsed })
    this.#channel.once('signal', () => this.#end(EXIT.interrupted))
    const { clock, ssh } = parts.parts
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
      this.#end(EXIT.done)
    } catch (error) {
      // The client went away in the middle: what came stays.
      if (!this.#channel.destroyed) throw error
    } finally {
      this.#cancelIdle()
      await this.#closeAll()
      await this.#visits.close()
    }
  }

  ended(why: Reason | undefined): void {
    if (why !== undefined) this.#end(this.#note(why))
  }

  #end(status: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#channel.exit(status)
  }

  #note(why: Reason): number {
    this.#channel.note(`tamtam: ${why.code} ${forTerminal(why.message)}`)
    return exitStatusOf(why.code as Code)
  }

  /** It holds a place in each of its rooms. One that waits for bytes of a file is not idle. */
  #watchIdle(inMs: number): void {
    const { clock, ssh } = this.#parts.parts
    this.#cancelIdle = clock.after(inMs, () => {
      const leftMs = this.#askedAt + ssh.sftpIdleMs - clock.elapsed()
      if (this.#reads > 0) this.#watchIdle(ssh.sftpIdleMs)
      else if (leftMs > 0) this.#watchIdle(leftMs)
      else this.#end(this.#note(idle))
    })
  }

  async #take(packet: codec.Request | codec.Init | codec.Malformed): Promise<void> {
    if (this.#isOver) return
    this.#askedAt = this.#parts.parts.clock.elapsed()
    if (packet.type === 'init') return await this.#send(codec.versionPacket())
    if (packet.type === 'malformed') {
      this.#end(this.#note(rejected('BAD_MESSAGE', `this is no SFTP: ${packet.why}`)))
      return
    }
    try {
      await this.#answer(packet)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      await this.#refuse(packet.id, error.rejected)
    }
  }

  async #answer(request: codec.Request): Promise<void> {
    const { id } = request
    switch (request.type) {
      case 'open':
        return await this.#open(id, request.path, request.flags)
      case 'close':
        return await this.#close(id, request.handle)
      case 'read':
        return await this.#read(id, request)
      case 'write':
        return await this.#write(id, request)
      case 'stat':
      case 'lstat':
        return await this.#send(codec.attributesPacket(id, await this.#attributesAt(request.path)))
      case 'fstat': {
        const handle = this.#handles.get(request.handle)
        if (handle === undefined || handle.type === 'folder') return await this.#status(id, 'failure')
        return await this.#send(codec.attributesPacket(id, handle.attributes()))
      }
      case 'fsetstat': {
        const handle = this.#handles.get(request.handle)
        const isSize =
          request.size === undefined || (handle?.type === 'writing' && handle.writing.size === request.size)
        return await this.#status(id, handle !== undefined && isSize ? 'ok' : 'failure')
      }
      // Times and modes are not kept.
      case 'setstat':
        return await this.#status(id, 'ok')
      case 'opendir':
        return await this.#send(
          codec.handlePacket(id, this.#keep({ type: 'folder', names: await this.#namesIn(request.path) })),
        )
      case 'readdir':
        return await this.#list(id, request.handle)
      case 'realpath':
        return await this.#send(codec.pathPacket(id, wholePath(request.path, this.#home)))
      case 'mkdir':
        return await this.#makeRoom(id, request.path)
      case 'remove':
        return await this.#remove(id, request.path)
      case 'rename':
        return await this.#rename(id, request.path, request.to)
      case 'rmdir':
        return await this.#refuse(id, rejected('NOT_ALLOWED', 'a room stays as long as the host keeps it'))
      case 'extended':
        if (request.name === 'limits@openssh.com')
          return await this.#send(codec.limitsPacket(id, this.#parts.parts.ssh.handles))
        // Every answer to CLOSE is durable.
        return await this.#status(id, request.name === 'fsync@openssh.com' ? 'ok' : 'unsupported')
      case 'readlink':
      case 'symlink':
      case 'unknown':
        return await this.#status(id, 'unsupported')
      default:
        return request satisfies never
    }
  }

  // Files

  async #open(id: number, path: string, flags: number): Promise<void> {
    if (this.#handles.size >= this.#parts.parts.ssh.handles) throw new Refused(tooManyHandles)
    const place = this.#placeOf(path)
    if (place.type !== 'file') throw new Refused(place.type === 'none' ? noSuchFile : isFolder)
    const folder = await this.#enter(place.room)
    const isWriting = (flags & codec.OPEN.write) !== 0
    const handle = isWriting ? await this.#openToWrite(folder, place, flags) : this.#openToRead(folder, place)
    await this.#send(codec.handlePacket(id, this.#keep(handle)))
  }

  #openToRead(folder: RoomFolder, { room, name }: Place & { readonly type: 'file' }): Handle {
    if (name === SUMS_NAME) {
      const { bytes, attributes } = folder.sums
      return { type: 'bytes', bytes, attributes: () => attributes }
    }
    const found = folder.find(name) ?? folder.arriving(name)
    if (found === undefined) throw new Refused(noSuchFile)
    const { file } = found.file
    let reading: ReadingFile | undefined
    const { downloads } = this.#parts.parts
    const slot = downloads.take(holderOf(this.#parts), { destroy: () => void reading?.close() })
    if (slot === undefined) throw new Refused(tooManyDownloads)
    const { member } = folder
    const { session } = member
    reading = new ReadingFile((from) => session.download(file.id, from, 'lent'))
    const attributes = () => folder.attributesOf(session.file(file.id) ?? found.file)
    return { type: 'reading', room, member, id: file.id, reading, turns: new SerialQueue(), slot, attributes }
  }

  async #openToWrite(
    folder: RoomFolder,
    { room, name }: Place & { readonly type: 'file' },
    flags: number,
  ): Promise<Handle> {
    if (name === SUMS_NAME) throw new Refused(sumsAreOurs)
    const wanted = withoutPartial(name)
    const unfinished = (flags & codec.OPEN.truncate) === 0 ? folder.unfinished(wanted) : undefined
    const writing = await WritingFile.open({
      session: folder.member.session,
      name: wanted,
      owner: this.#uploader,
      unfinished,
    })
    if ('code' in writing) throw new Refused(writing)
    const modified = Math.floor(this.#parts.parts.clock.now() / 1000)
    const attributes = () => ({ type: 'unfinished' as const, size: writing.size, modified })
    return { type: 'writing', room, writing, isPartial: isPartial(name), attributes }
  }

  /** READs of one file go one after the other; those of others, and all else, do not wait for them: it may be a file that is still to come. */
  async #read(id: number, { handle: name, offset, length }: codec.Request & { readonly type: 'read' }): Promise<void> {
    const handle = this.#handles.get(name)
    if (handle?.type === 'bytes') {
      const part = handle.bytes.subarray(offset, offset + Math.min(length, codec.MOST_DATA_BYTES))
      if (part.length === 0) return await this.#status(id, 'eof')
      const packet = codec.roomForData(part.length)
      part.copy(codec.dataOf(packet))
      return await this.#send(codec.dataPacket(id, packet, part.length))
    }
    if (handle?.type !== 'reading') return await this.#status(id, 'failure')
    while (this.#reads >= READS_AT_ONCE) await this.#readsDone.wait()
    this.#reads++
    handle.turns
      .run(() => this.#readFrom(id, handle, offset, Math.min(length, codec.MOST_DATA_BYTES)))
      .catch((error: unknown) => {
        if (error instanceof Refused) return this.#refuse(id, error.rejected)
        this.#channel.destroy(error instanceof Error ? error : new Error(String(error)))
        return undefined
      })
      .finally(() => {
        this.#reads--
        this.#readsDone.release()
      })
  }

  async #readFrom(
    id: number,
    handle: Handle & { readonly type: 'reading' },
    offset: number,
    length: number,
  ): Promise<void> {
    const { member, reading, slot } = handle
    const file = member.client.session?.file(handle.id)
    if (file === undefined) throw new Refused(noSuchFile)
    slot.moved()
    const size = file.status === 'whole' ? file.file.size : this.#sizeNow(handle.id)
    if (offset >= size) return await this.#status(id, 'eof')
    const packet = codec.roomForData(Math.min(length, size - offset))
    const count = await reading.fill(offset, codec.dataOf(packet))
    void member.client.charge(0)
    if (count === 0) return await this.#status(id, 'eof')
    if (file.status === 'whole') member.served(file.file, offset, count)
    await this.#send(codec.dataPacket(id, packet, count))
  }

  /** A file that still arrives is followed; one that nobody sends just now ends where it is. */
  #sizeNow(id: string): number {
    const transfer = this.#parts.parts.engine.transfers.find((each) => each.id === id)
    return transfer?.status === 'paused' ? transfer.durable : Number.POSITIVE_INFINITY
  }

  async #write(id: number, { handle: name, offset, data }: codec.Request & { readonly type: 'write' }): Promise<void> {
    const handle = this.#handles.get(name)
    if (handle?.type !== 'writing') return await this.#status(id, 'failure')
    const why = await handle.writing.write(offset, data)
    if (why !== undefined) throw new Refused(why)
    await this.#status(id, 'ok')
  }

  /** Answers once a file that was written is whole, durable and in the room. */
  async #close(id: number, name: string): Promise<void> {
    const handle = this.#handles.get(name)
    this.#handles.delete(name)
    if (handle === undefined) return await this.#status(id, 'failure')
    if (handle.type === 'reading') await endReading(handle)
    if (handle.type === 'writing') {
      const ended = handle.isPartial ? undefined : await handle.writing.finish()
      if (handle.isPartial) await handle.writing.pause()
      if (ended !== undefined && 'code' in ended) throw new Refused(ended)
      if (ended !== undefined) this.#noteWhole(ended)
    }
    await this.#status(id, 'ok')
  }

  async #remove(id: number, path: string): Promise<void> {
    const { folder, found } = await this.#fileAt(path)
    const answer = await folder.member.session.removeFile(found.file.file.id, this.#uploader)
    if (answer.type === 'rejected') throw new Refused(answer)
    await this.#status(id, 'ok')
  }

  /** Some clients write under another name, and rename the file once it is through: it is finished then. */
  async #rename(id: number, path: string, to: string): Promise<void> {
    const [from, target] = [this.#placeOf(path), this.#placeOf(to)]
    const isEnd = from.type === 'file' && target.type === 'file' && from.room === target.room && isPartial(from.name)
    if (!isEnd) return await this.#status(id, 'unsupported')
    const transfer = (await this.#enter(from.room)).unfinished(withoutPartial(from.name))
    if (transfer === undefined) throw new Refused(noSuchFile)
    const writing = await transfer.write(await transfer.offset())
    const ended = 'code' in writing ? writing : await writing.finish()
    if ('code' in ended) throw new Refused(ended)
    this.#noteWhole(ended)
    await this.#status(id, 'ok')
  }

  #noteWhole({ name, sha256 }: WholeFile): void {
    this.#channel.note(`${forTerminal(name)} is in the room, sha256 ${sha256}`)
  }

  // Names

  async #makeRoom(id: number, path: string): Promise<void> {
    const place = this.#placeOf(path)
    if (place.type !== 'room') throw new Refused(place.type === 'file' ? noFolders : badRoom)
    if (await this.#visits.has(place.room)) throw new Refused(isThere)
    if (!this.#visits.make(place.room)) throw new Refused(tooManyHandles)
    await this.#status(id, (await this.#visits.has(place.room)) ? 'ok' : 'permissionDenied')
  }

  async #namesIn(path: string): Promise<codec.Listed[]> {
    const place = this.#placeOf(path)
    if (place.type === 'root') {
      const rooms = [...(await this.#visits.rooms())].sort()
      return rooms.map((name) => ({ name, by: 'tamtam', attributes: { type: 'folder', modified: 0 } }))
    }
    if (place.type !== 'room') throw new Refused(noSuchFile)
    const folder = await this.#enter(place.room)
    const { entries, member, sums } = folder
    await member.client.pay(priceOfItems(COSTS.files, entries.length))
    const listed = entries.map(({ name, file }) => ({
      name,
      by: file.by.name,
      attributes: folder.attributesOf(file),
    }))
    return [...listed, { name: SUMS_NAME, by: 'tamtam', attributes: sums.attributes }]
  }

  async #list(id: number, name: string): Promise<void> {
    const handle = this.#handles.get(name)
    if (handle?.type !== 'folder') return await this.#status(id, 'failure')
    const names = handle.names.splice(0, NAMES_AT_ONCE)
    if (names.length === 0) return await this.#status(id, 'eof')
    await this.#send(codec.namesPacket(id, names))
  }

  async #attributesAt(path: string): Promise<codec.Attributes> {
    const place = this.#placeOf(path)
    if (place.type === 'root') return { type: 'folder', modified: 0 }
    if (place.type === 'room' && (await this.#visits.has(place.room))) return { type: 'folder', modified: 0 }
    if (place.type !== 'file') throw new Refused(noSuchFile)
    if (place.name === SUMS_NAME) return (await this.#enter(place.room)).sums.attributes
    const { folder, found } = await this.#fileAt(path)
    return folder.attributesOf(found.file)
  }

  async #fileAt(path: string): Promise<{ readonly folder: RoomFolder; readonly found: NamedFile }> {
    const place = this.#placeOf(path)
    if (place.type !== 'file') throw new Refused(noSuchFile)
    const folder = await this.#enter(place.room)
    const found = folder.find(place.name)
    if (found === undefined) throw new Refused(noSuchFile)
    return { folder, found }
  }

  #placeOf(path: string): Place {
    return placeOf(path, this.#home)
  }

  async #enter(room: string): Promise<RoomFolder> {
    const member = await this.#visits.enter(room)
    if (!(member instanceof QuietMember)) throw new Refused(member)
    return new RoomFolder(member, this.#uploader, this.#parts.parts.engine)
  }

  // Answers

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
    await Promise.all(
      handles.map((handle) =>
        handle.type === 'reading' ? endReading(handle) : handle.type === 'writing' ? handle.writing.pause() : undefined,
      ),
    )
  }

  /** Clients show no more than a failure, so that the reason goes beside it, where the program around them shows it. */
  async #refuse(id: number, why: Rejected): Promise<void> {
    if (why !== noSuchFile && why.code !== 'NOT_FOUND') this.#note(why)
    await this.#status(id, STATUS_OF[why.code] ?? 'failure', `${why.code} ${why.message}`)
  }

  #status(id: number, status: codec.Status, message?: string): Promise<void> {
    return this.#send(codec.statusPacket(id, status, message))
  }

  /** Resolves when more may be sent. */
  async #send(packet: Buffer): Promise<void> {
    const channel = this.#channel
    if (!channel.writable) return
    channel.write(packet)
    if (channel.writableNeedDrain) await channel.drained()
  }
}
