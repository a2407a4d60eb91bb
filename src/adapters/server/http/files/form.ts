import type { FastifyReply, FastifyRequest } from 'fastify'
import type { LocalSession } from '#domain/engine/session.ts'
import type { Rejected } from '#domain/errors.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { fileUrl } from '#server/connection/file-url.ts'
import { asGuest } from '../auth.ts'
import { type Refusal, refuse, statusOf } from '../errors.ts'
import { whatWorks } from '../near-misses.ts'
import type { HttpParts } from '../parts.ts'
import { addressed } from './addressed.ts'
import type { Body } from './body.ts'
import { wholeJson } from './file-json.ts'
import { FormReader } from './multipart.ts'
import { ownTicket } from './private-link.ts'
import { toldOf } from './put.ts'
import { withBody } from './receive.ts'

/** How one file of a form ended. */
type Ended = { readonly file: WholeFile; readonly url: string } | { readonly name: string; readonly why: Rejected }

/** The files of a form (`curl -F file=@talk.pdf`), one after the other as they come: each has its own end. What else is in it is read over. */
export async function form(
  parts: HttpParts,
  request: FastifyRequest,
  reply: FastifyReply,
  room: string,
  boundary: string,
): Promise<FastifyReply> {
  const told = toldOf(request.headers)
  if ('code' in told) return refuse(reply, told)
  // A digest of the whole form says nothing that could be told of a file.
  if (told.sha256 !== undefined) return refuse(reply, noDigest)
  if (boundary === '') return refuse(reply, noBoundary)
  const to = addressed(request)
  return await asGuest(parts, request, room, (session) =>
    withBody(request, reply, async (body) => {
      const found = await takeAll(body, boundary, async (name, bytes) => {
        const file = await session.upload(bytes, { name, ...to }).done
        if ('type' in file) return { name, why: file }
        return { file, url: `${fileUrl(file)}${ownTicket(parts, request, session, file)}` }
      })
      if (found.end === 'cut') return reply.hijack()
      return answer(request, reply, session, found.ended, found.end)
    }),
  )
}

async function takeAll(
  body: Body,
  boundary: string,
  take: (name: string, bytes: AsyncGenerator<Uint8Array, void>) => Promise<Ended>,
): Promise<{ readonly ended: readonly Ended[]; readonly end: 'over' | 'cut' | Refusal }> {
  const reader = new FormReader(() => body.next(), boundary)
  const ended: Ended[] = []
  for (;;) {
    const part = await reader.next()
    if (typeof part === 'string' || 'code' in part) return { ended, end: part }
    const { name } = part
    if (name === undefined) continue
    const bytes = reader.bytes()
    const first = await bytes.next()
    // Nothing was chosen (HTML): there is neither a name nor a byte.
    if (name !== '' || first.done !== true) ended.push(await take(name, from(first, bytes)))
  }
}

async function* from(
  first: IteratorResult<Uint8Array, void>,
  rest: AsyncGenerator<Uint8Array, void>,
): AsyncGenerator<Uint8Array, void> {
  if (first.done === true) return
  yield first.value
  yield* rest
}

function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  { room }: LocalSession,
  ended: readonly Ended[],
  end: 'over' | Refusal,
): FastifyReply {
  const [first, ...more] = ended
  const failed = end === 'over' ? ended.find((each) => 'why' in each) : { why: end }
  if (first === undefined) return refuse(reply, failed?.why ?? noFile(whatWorks(request, room)))
  if (failed === undefined && 'file' in first && more.length === 0)
    return reply.code(201).header('Location', first.url).send(jsonOf(first))
  if (failed !== undefined && ended.length === 1 && 'why' in first) return refuse(reply, failed.why)
  const files = ended.map(jsonOf)
  if (failed === undefined) return reply.code(201).send({ files })
  const { code, message } = failed.why
  const told = { code, message: 'name' in failed ? `${failed.name}: ${message}` : message, files }
  return reply.header('Tamtam-Code', code).code(statusOf(code)).send(told)
}

const jsonOf = (ended: Ended): object =>
  'file' in ended
    ? wholeJson(ended.file, ended.url)
    : { name: ended.name, code: ended.why.code, message: ended.why.message }

const noDigest: Refusal = { code: 'BAD_REQUEST', message: 'a form has no digest of a file; send the file by PUT' }
const noBoundary: Refusal = { code: 'BAD_REQUEST', message: 'the Content-Type of this form names no boundary' }
const noFile = (works: string): Refusal => ({ code: 'BAD_REQUEST', message: `there is no file in this form; ${works}` })
