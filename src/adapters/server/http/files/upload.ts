import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { LocalSession } from '#domain/engine/session.ts'
import { type Rejected, rejected } from '#domain/errors.ts'
import { bytesOf } from '#domain/ports/file-store.ts'
import type { MentionedFile, WholeFile } from '#domain/room/events.ts'
import type { UploadMeta } from '#domain/session.ts'
import { TransferActor } from '#domain/transfer/actor.ts'
import { notOwner } from '#domain/transfer/transfer.ts'
import type { Writing } from '#domain/transfer/writer.ts'
import { statusOf, TUS_STATUSES } from '#protocol/errors.ts'
import { sizeHeader, TUS_CHECKSUMS, TUS_EXTENSIONS, TUS_VERSION, type TusChecksum } from '#protocol/tus.ts'
import { fileUrl } from '../../security/signed-links.ts'
import type { Exchange, HttpContext } from '../auth.ts'
import { accepted, HttpRefused, notFound, type Refusal, refusalBody, refuse } from '../errors.ts'
import { paramsOf } from '../input.ts'
import { noForm, whatWorks } from '../near-misses.ts'
import { httpDate } from './headers.ts'
import { findFile, isOwner, ownerKey, ownLink, passedOn } from './links.ts'
import { boundaryOf, fileNameIn, takeFiles } from './multipart.ts'
import { type BodyEnd, type RequestBody, withBody } from './request-body.ts'
import {
  bodyMeta,
  creationOf,
  excess,
  folderAt,
  hasBody,
  type Patch,
  patchOf,
  speaksTus,
  wishesOf,
} from './upload-meta.ts'

// Files come in by PUT, by a form, or by tus (create, then patch). A form is accepted wherever files are (`curl -F`, also with `-X PUT`).
// PUT and tus end in `receive`, which writes one body into one transfer; the files of a form end with it, as uploads in a single request.

/** `PUT` of a whole file into a room: the answer is 201 once it is complete, or 200 if the room already had these bytes. */
export async function putFile(exchange: Exchange): Promise<FastifyReply> {
  const { request } = exchange
  const boundary = boundaryOf(request.headers['content-type'])
  if (boundary !== undefined) return await receiveForm(exchange, boundary)
  const { name } = paramsOf(request)
  const meta = { name, ...bodyMeta(request.headers), ...wishesOf(exchange), ...folderAt(request) }
  return await putWhole(exchange, { room: roomIn(exchange), meta })
}

/** For IRC clients (`draft/FILEHOST`): the file goes into the room in which its sender has spoken last. */
export async function postToFileHost(exchange: Exchange): Promise<FastifyReply> {
  const { context, request, requester } = exchange
  const { headers } = request
  const { scheme, host } = context.originOf(request.raw)
  const header = Buffer.from(headers['content-disposition'] ?? '', 'latin1')
  const name = fileNameIn(isUtf8(header) ? header.toString() : header.toString('latin1')) || 'file'
  const meta = { name, ...bodyMeta(headers) }
  return await putWhole(exchange, { room: requester.ircRoom, meta, origin: `${scheme}://${host}`, had: 201 })
}

/** Any kind of file may be posted there. */
export const fileHostOptions = ({ reply }: Exchange): FastifyReply =>
  reply.code(204).header('Accept-Post', '*/*').send()

interface WholeFilePut {
  readonly room: string
  readonly meta: UploadMeta
  /** Put before the path in its address. */
  readonly origin?: string
  /** The status if the room already had these bytes. */
  readonly had?: 200 | 201
}

async function putWhole(
  exchange: Exchange,
  { room, meta, origin = '', had = 200 }: WholeFilePut,
): Promise<FastifyReply> {
  const { reply, requester } = exchange
  const { transfer, url: path } = await offerFile(exchange, room, meta)
  const url = `${origin}${path}`
  reply.header('location', url)
  if (!(transfer instanceof TransferActor)) return reply.code(had).send(fileJson(transfer, url))
  return await requester.underWay(transfer.room, async () => {
    const writing = await transfer.write(0)
    if ('type' in writing) {
      await transfer.withdraw(writing.message)
      return refuse(reply, writing)
    }
    const received = await receive(exchange, transfer, writing, { isWhole: true })
    if (received === 'cut') return reply.hijack()
    if ('sha256' in received) return reply.code(201).send(fileJson(received, url))
    if (!('code' in received)) throw new Error('a whole body was neither kept nor refused')
    // A second PUT starts again under a new id: the bytes of this one would only take space.
    if (received.code === 'HASH_MISMATCH' || received.code === 'DISK_FULL') await transfer.withdraw(received.message)
    return refuse(reply, received)
  })
}

/** `POST` of a form, at an address that accepts only forms. */
export async function postForm(exchange: Exchange): Promise<FastifyReply> {
  const { context, request, reply } = exchange
  const boundary = boundaryOf(request.headers['content-type'])
  if (boundary !== undefined) return await receiveForm(exchange, boundary)
  return refuse(reply, noForm(context, request, paramsOf(request).room || context.settings.room))
}

/** Begins a resumable upload (tus: creation), with its first bytes if they are sent along (creation-with-upload). */
export async function createUpload(exchange: Exchange): Promise<FastifyReply> {
  const { context, request, reply } = exchange
  const { headers } = request
  const boundary = boundaryOf(headers['content-type'])
  if (boundary !== undefined) return await receiveForm(exchange, boundary)
  if (!speaksTus(headers)) return refuse(reply, noForm(context, request, paramsOf(request).room))
  const { checksum, meta } = creationOf(headers)
  const path = ({ id }: MentionedFile) => `${context.settings.basePath}/files/${id}`
  const { transfer, url } = await offerFile(exchange, roomIn(exchange), { ...meta, ...wishesOf(exchange) }, path)
  reply.header('Location', url)
  if (!(transfer instanceof TransferActor))
    return reply.code(201).headers({ 'Upload-Offset': transfer.size, 'Upload-Length': transfer.size }).send()
  if (hasBody(headers) || meta.size === 0)
    return await continueUpload(exchange, transfer, { offset: 0, checksum, success: 201 })
  return describeUpload(reply, transfer, 0).code(201).send()
}

/** Continues an upload (tus). */
export async function patchUpload(exchange: Exchange): Promise<FastifyReply> {
  const { context, request, reply, requester } = exchange
  const patch = patchOf(request.headers)
  const { offset, size, prefix } = patch
  const found = await findFile(exchange)
  const elsewhere = await passedOn(exchange, found)
  if (elsewhere !== undefined) return elsewhere
  const { id, file } = found
  const transfer = await context.engine.transfer(id)
  if (transfer !== undefined) {
    const isOwners = isOwner(context, requester, transfer)
    // Nobody else may set its size either.
    const saysMore = size !== undefined && size !== transfer.file.size
    if (!isOwners && (prefix === undefined || saysMore)) return refuse(reply, notOwner)
    return await continueUpload(exchange, transfer, {
      ...patch,
      prefix: isOwners ? undefined : prefix,
      success: 204,
    })
  }
  // The transfer is gone, and its room is about to be told.
  if (file.status !== 'whole') return refuse(reply, notFound)
  const end = file.file.size ?? 0
  reply.header('Upload-Offset', end)
  // It was completed, but the answer was lost.
  if (offset === end && request.headers['content-length'] === '0') return reply.code(204).send()
  return refuse(reply, { code: 'BAD_OFFSET', message: `this file is whole; it ends at byte ${end}` })
}

/** Removes a file: an unfinished upload (tus: termination), or a complete file. For its sender or an operator. */
export async function removeUpload(exchange: Exchange): Promise<FastifyReply> {
  const { context, reply, requester } = exchange
  const found = await findFile(exchange)
  const { id, room, file } = found
  // Only the upload knows a sender by a link, not the room.
  const elsewhere = requester.drop === undefined ? undefined : await passedOn(exchange, found)
  if (elsewhere !== undefined) return elsewhere
  const transfer = await context.engine.transfer(id)
  if (transfer === undefined) {
    // The transfer is gone, and its room is about to be told.
    if (file.status !== 'whole' && context.engine.isHomeOf(file)) return refuse(reply, notFound)
    if (requester.drop !== undefined) return refuse(reply, handedIn)
    const owner = ownerKey(context, requester)
    accepted(await requester.underWay(room, (session) => session.removeFile(id, owner)))
    return reply.code(204).send()
  }
  const session = requester.sessionIn(room)
  const isOperator = session !== undefined && session.refusalTo('withdrawUpload') === undefined
  if (!isOwner(context, requester, transfer) && !isOperator) return refuse(reply, notOwner)
  await requester.underWay(room, () => transfer.withdraw('its sender has withdrawn it'))
  return reply.code(204).send()
}

/** Clients that can only POST give their method in a header (tus). */
export async function overriddenMethod(exchange: Exchange): Promise<FastifyReply> {
  switch (exchange.request.headers['x-http-method-override']) {
    case 'PATCH':
      return await patchUpload(exchange)
    case 'DELETE':
      return await removeUpload(exchange)
    default:
      return refuse(exchange.reply, notFound)
  }
}

/** The tus extensions of this host. */
export const tusOptions = ({ reply }: Exchange): FastifyReply =>
  reply
    .code(204)
    .headers({
      'Tus-Version': TUS_VERSION,
      'Tus-Extension': TUS_EXTENSIONS,
      'Tus-Checksum-Algorithm': TUS_CHECKSUMS,
    })
    .send()

/** Every answer to a tus client carries the version, and a client of another version gets no other answer. */
export function refuseOtherTus({ headers, method }: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  const version = headers['tus-resumable']
  if (version === undefined || method === 'OPTIONS') return undefined
  reply.header('Tus-Resumable', TUS_VERSION)
  if (version === TUS_VERSION) return undefined
  const message = `this host speaks tus ${TUS_VERSION}`
  return refuse(
    reply.header('Tus-Version', TUS_VERSION),
    { code: 'WRONG_PROTOCOL', message },
    TUS_STATUSES.WRONG_PROTOCOL,
  )
}

/** An upload known to the room, or the file if the room already has these bytes; `url` is the address for its sender. */
interface Offer {
  readonly transfer: TransferActor | WholeFile
  readonly url: string
}

const roomIn = ({ request, requester }: Exchange): string => requester.drop?.room ?? paramsOf(request).room

/** Offers a file to a room, under the name of its sender. */
function offerFile(
  { context, requester }: Exchange,
  room: string,
  meta: UploadMeta,
  pathOf: (file: MentionedFile) => string = (file) => fileUrl(file, context.settings.basePath),
): Promise<Offer> {
  const { drop, member } = requester
  return requester.inRoom(room, async (session) => {
    const owner = ownerKey(context, requester) ?? (drop === undefined ? undefined : member)
    const author = drop === undefined ? undefined : member
    const transfer = accepted(await session.createTransfer(meta, owner, author))
    const file = transfer instanceof TransferActor ? transfer.file : transfer
    if (drop !== undefined) return { transfer, url: dropUrl(context, drop, file) }
    return { transfer, url: `${pathOf(file)}${ownLink(context, requester, session, file)}` }
  })
}

interface Continuation extends Patch {
  /** The status of a successful answer. */
  readonly success: 201 | 204
}

/** Writes a request's body into a transfer, in place of the writer so far (C110). */
function continueUpload(
  exchange: Exchange,
  transfer: TransferActor,
  { offset, size, sha256, checksum, prefix, success }: Continuation,
): Promise<FastifyReply> {
  const { request, reply, requester } = exchange
  return requester.underWay(transfer.room, async () => {
    const writing = await (prefix === undefined ? transfer.write(offset) : transfer.adopt(offset, prefix))
    if ('type' in writing) return refuseUpload(reply, transfer, writing)
    const badSize = size === undefined ? undefined : await transfer.setSize(size)
    const badDigest = sha256 === undefined ? undefined : transfer.promise(sha256)
    const fault = badSize ?? badDigest ?? excess(request, offset, transfer.file.size)
    if (fault !== undefined) {
      await writing.pause()
      return refuseUpload(reply, transfer, fault)
    }
    const received = await receive(exchange, transfer, writing, { checksum })
    if (received === 'cut') return reply.hijack()
    if ('code' in received) return refuseUpload(reply, transfer, received)
    if ('sha256' in received) return reply.code(success).header('Upload-Offset', received.size).send()
    return describeUpload(reply, transfer, received.durable).code(success).send()
  })
}

/** The outcome of one body: the complete file, or the durable bytes of an unfinished one, or a refusal. */
type Received = WholeFile | { readonly durable: number } | Rejected | Refusal | 'cut'

/**
 * Writes the body of a request into a transfer. The file is published if the body is all of it (`isWhole`), or reaches its size;
 * otherwise the transfer waits for its next writer.
 */
async function receive(
  { context, request, reply }: Exchange,
  transfer: TransferActor,
  writing: Writing,
  { isWhole = false, checksum }: { readonly isWhole?: boolean; readonly checksum?: TusChecksum | undefined },
): Promise<Received> {
  const end = await withBody(request, reply, (body) =>
    checksum === undefined
      ? appendAll(body, writing)
      : appendChecked(body, writing, checksum, context.settings.checkedBytes),
  )
  if (end === 'whole' && (isWhole || writing.offset === transfer.file.size)) return await writing.finish()
  const durable = await writing.pause()
  return end === 'whole' ? { durable } : end
}

async function appendAll(body: RequestBody, writing: Writing): Promise<BodyEnd | Rejected> {
  for (;;) {
    const pieces = await body.next()
    if (typeof pieces === 'string') return pieces
    const why = await writing.append(...pieces)
    if (why !== undefined) return why
  }
}

/** The same for a body that counts only if its digest is right: at most `most` bytes, so that they can wait. */
async function appendChecked(
  body: RequestBody,
  writing: Writing,
  { algorithm, digest }: TusChecksum,
  most: number,
): Promise<BodyEnd | Rejected | Refusal> {
  const held: Buffer[] = []
  let size = 0
  for (;;) {
    const pieces = await body.next()
    if (pieces === 'cut') return pieces
    if (pieces === 'whole') break
    size += bytesOf(pieces)
    if (size > most) return { code: 'TOO_LARGE', message: `with Upload-Checksum, send at most ${most} bytes at once` }
    held.push(...pieces)
  }
  const bytes = Buffer.concat(held)
  if (!createHash(algorithm).update(bytes).digest().equals(digest)) return mismatch
  return (await writing.append(bytes)) ?? 'whole'
}

/** The outcome of one file of a form. */
type FormFile = { readonly file: WholeFile; readonly url: string } | { readonly name: string; readonly why: Rejected }

/** Receives the files of a form (`curl -F file=@talk.pdf`), one after the other; each has its own outcome. The rest is dropped. */
async function receiveForm(exchange: Exchange, boundary: string): Promise<FastifyReply> {
  const { context, request, reply, requester } = exchange
  const { sha256 } = bodyMeta(request.headers)
  // A digest of the whole form says nothing about a file in it.
  if (sha256 !== undefined) throw new HttpRefused('BAD_REQUEST', 'a form has no digest of a file; send the file by PUT')
  if (boundary === '')
    throw new HttpRefused(
      'BAD_REQUEST',
      'the Content-Type of this form names no boundary; let your client write that header',
    )
  const wishes = wishesOf(exchange)
  const { drop } = requester
  return await requester.inRoom(drop?.room ?? (paramsOf(request).room || context.settings.room), (session) =>
    withBody(request, reply, async (body) => {
      const { files, end } = await takeFiles(body, boundary, async (name, bytes): Promise<FormFile> => {
        const file = await session.upload(bytes, { name, ...wishes }).done
        if ('type' in file) return { name, why: file }
        if (drop !== undefined) return { file, url: dropUrl(context, drop, file) }
        return { file, url: `${fileUrl(file, context.settings.basePath)}${ownLink(context, requester, session, file)}` }
      })
      return end === 'cut' ? reply.hijack() : answerForm(exchange, session, files, end)
    }),
  )
}

function answerForm(
  { context, request, reply }: Exchange,
  { room }: LocalSession,
  files: readonly FormFile[],
  end: 'over' | Refusal,
): FastifyReply {
  const [first, ...more] = files
  const failed = end === 'over' ? files.find((each) => 'why' in each) : { why: end }
  if (first === undefined) return refuse(reply, failed?.why ?? noFile(whatWorks(context, request, room)))
  if (failed === undefined && 'file' in first && more.length === 0)
    return reply.code(201).header('Location', first.url).send(formJson(first))
  if (failed !== undefined && files.length === 1 && 'why' in first) return refuse(reply, failed.why)
  const list = files.map(formJson)
  if (failed === undefined) return reply.code(201).send({ files: list })
  const { code, message } = failed.why
  const answer = { code, message: 'name' in failed ? `${failed.name}: ${message}` : message, files: list }
  return reply.header('Tamtam-Code', code).code(statusOf(code)).send(answer)
}

const formJson = (ended: FormFile): object =>
  'file' in ended ? fileJson(ended.file, ended.url) : { name: ended.name, ...refusalBody(ended.why) }

/** A complete file, for its sender. */
const fileJson = ({ id, name, size, sha256, ...about }: WholeFile, url: string): object => ({
  ...{ id, name, size, sha256, url },
  ...about,
})

/** Describes the state of an upload: `offset` bytes of it would survive a crash. */
export function describeUpload(reply: FastifyReply, { file, expiresAt }: TransferActor, offset: number): FastifyReply {
  return reply.headers({ 'Upload-Offset': offset, ...sizeHeader(file.size), 'Upload-Expires': httpDate(expiresAt) })
}

/** Refuses to continue an upload, with the offset from which it could. */
function refuseUpload(reply: FastifyReply, transfer: TransferActor, why: Rejected | Refusal): FastifyReply {
  if (transfer.status === 'arriving' || transfer.status === 'paused') describeUpload(reply, transfer, transfer.durable)
  return why.code === 'HASH_MISMATCH' ? refuse(reply, why, TUS_STATUSES.HASH_MISMATCH) : refuse(reply, why)
}

/** The address for continuing a dropped file; it cannot be read there. */
const dropUrl = ({ settings }: HttpContext, { text }: { readonly text: string }, { id }: MentionedFile): string =>
  `${settings.basePath}/drop/${text}/files/${id}`

const handedIn: Refusal = {
  code: 'NOT_ALLOWED',
  message: 'what has arrived by a link stays with the moderators; ask one of them to remove it',
}
const mismatch = rejected(
  'HASH_MISMATCH',
  'these bytes are not what Upload-Checksum says; nothing of them was kept, send them again',
)
const noFile = (works: string): Refusal => ({ code: 'BAD_REQUEST', message: `there is no file in this form; ${works}` })
