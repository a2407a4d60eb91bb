import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import * as v from 'valibot'
import type { LocalSession } from '#domain/engine/session.ts'
import { type Rejected, rejected } from '#domain/errors.ts'
import { checkText } from '#domain/names/text.ts'
import type { Ack, Act, Say } from '#domain/room/commands.ts'
import type { RoomAccess } from '#domain/room/room-access.ts'
import { Refused } from '#domain/session.ts'
import * as bodies from '#protocol/schema.ts'
import type { Exchange, HttpContext, Requester } from './auth.ts'
import { accepted, HttpRefused } from './errors.ts'
import { checked, jsonOf, paramsOf, textIn, typeOf, wholeNumber } from './input.ts'
import { whatWorks } from './near-misses.ts'
import { answerListing, rowsOf } from './streams.ts'

/** The rooms that the requester may see. */
export async function listRooms({ context, request, reply, requester }: Exchange): Promise<FastifyReply> {
  await requester.payFixed()
  const rooms = await context.engine.rooms()
  await requester.payItems(rooms.length)
  const names = rooms.map(({ name }) => name)
  const seen = await context.accessControl.visible(requester.credentials(), names)
  const isOwner = context.accessControl.roleOf(requester.member) === 'owner'
  if (rooms.some(({ unlisted }) => unlisted)) await requester.findElsewhere()
  const isListed = ({ name, unlisted }: (typeof rooms)[number]) =>
    unlisted === undefined || isOwner || requester.isIn(name)
  const visible = rooms.filter((room) => seen.has(room.name) && isListed(room))
  return await answerListing(context, request, reply, { list: 'rooms', rows: rowsOf(context, visible, (room) => room) })
}

export function showRoom({ context, request, requester }: Exchange): Promise<object> {
  return requester.inRoom(paramsOf(request).room, async (session) => {
    const { room, last, members } = session
    await requester.payItems(members.length, room)
    const { topic, ...rules } = bodies.factFields(context.accessControl.factsOf(session))
    return { name: room, topic, last, ...rules, members: members.map(({ name }) => name) }
  })
}

export const setPassword = (exchange: Exchange): Promise<FastifyReply> =>
  withAccess(exchange, async (access) => access.setPassword(checked(bodies.password, exchange.request.body).password))

export const removePassword = (exchange: Exchange): Promise<FastifyReply> =>
  withAccess(exchange, (access) => access.setPassword(undefined))

export const invite = (exchange: Exchange): Promise<FastifyReply> =>
  withAccess(exchange, (access) => access.invite(), 201)

export const listInvitations = (exchange: Exchange): Promise<FastifyReply> =>
  withAccess(exchange, async (access) => ({ invitations: accepted(await access.invitations()) }))

export const revokeInvitation = (exchange: Exchange): Promise<FastifyReply> =>
  withAccess(exchange, (access) => access.revoke(paramsOf(exchange.request).id))

export const addDropLink = (exchange: Exchange): Promise<FastifyReply> =>
  withAccess(
    exchange,
    (access) => access.addDropLink(checked(bodies.dropLinkWish, exchange.request.body ?? {}).expiresInSeconds),
    201,
  )

export const listDropLinks = (exchange: Exchange): Promise<FastifyReply> =>
  withAccess(exchange, async (access) => ({ dropLinks: accepted(await access.dropLinks()) }))

export const revokeDropLink = (exchange: Exchange): Promise<FastifyReply> =>
  withAccess(exchange, (access) => access.revokeDropLink(paramsOf(exchange.request).id))

/** All that a drop link tells by itself. */
export const dropFacts = ({ requester }: Exchange): object => ({ expiresAt: requester.drop?.expiresAt })

/** Answers with the outcome of `act` on the secrets of a room: 204 where it has none. */
const withAccess = (
  { context, request, reply, requester }: Exchange,
  act: (access: RoomAccess) => Promise<object | Rejected | undefined>,
  status = 200,
): Promise<FastifyReply> =>
  requester.inRoom(paramsOf(request).room, async (session) => {
    const answer = accepted(await act(context.accessControl.roomAccess(session)))
    return answer === undefined ? reply.code(204).send() : reply.code(status).send(answer)
  })

/** Takes a message away: one's own, or, as an operator, anybody's. */
export async function removeMessage({ request, reply, requester }: Exchange): Promise<FastifyReply> {
  const { seq } = checked(numbered, request.params)
  accepted(await requester.inRoom(paramsOf(request).room, (session) => session.send({ type: 'removeMessage', seq })))
  return reply.code(204).send()
}

const numbered = v.object({ seq: wholeNumber })

type Message = Say | Act

/** Lines of one request that wait for their commit together. */
const AT_ONCE = 512

/** Says one message, or each line of a text; a fault in any of them is told before the first is said. */
export async function postMessages({ context, request, reply, requester }: Exchange): Promise<FastifyReply> {
  const room = await requester.admit(paramsOf(request).room)
  const key = checked(v.optional(bodies.messageKey), request.headers['idempotency-key'])
  const body = request.body instanceof Buffer ? request.body : Buffer.alloc(0)
  const messages = messagesIn(context, request, body)
  for (const { text } of messages) accepted(checkText(text, context.settings.maxTextBytes))
  await requester.payItems(messages.length, room)
  const sent = key === undefined ? messages : withIds(messages, `${keyScope(requester, room, body)} ${key}`)
  const { seq, duplicate } = await requester.inRoom(room, (session) => inTime(context, say(session, sent)))
  return reply.code(duplicate ? 200 : 201).send({ seq, duplicate })
}

/** Where hosts share a log, that may be out of reach for any time. */
async function inTime<T>({ clock, settings: { answerMs } }: HttpContext, answer: Promise<T>): Promise<T> {
  if (answerMs === undefined) return await answer
  let cancel = () => {}
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(answerMs, () => reject(new Refused(notKnown)))
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    answer.catch(() => {})
    cancel()
  }
}

const notKnown = rejected(
  'BUSY',
  'it is not known yet whether this is kept; send it again with the same Idempotency-Key',
)

function messagesIn(context: HttpContext, request: FastifyRequest, body: Buffer): readonly Message[] {
  const { headers } = request
  const { type, charset } = typeOf(headers['content-type'] ?? 'text/plain')
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') throw packed()
  if (type === 'application/json') {
    const message = checked(bodies.message, jsonOf(body, headers['content-type']))
    const { type, text } = message
    return [type === 'notice' ? { type: 'say', text, notice: true } : { type, text }]
  }
  // The type that `curl -d` gives everything: nobody sends a form here, and a page of another origin got no further than its Origin.
  if (type !== 'text/plain' && type !== 'application/x-www-form-urlencoded')
    throw new HttpRefused(
      'UNSUPPORTED_TYPE',
      `a message is text/plain or application/json; ${whatWorks(context, request, paramsOf(request).room)}`,
    )
  // As on the line protocol, a blank line is nothing.
  const lines = textIn(body, charset)
    .split(/\r?\n/)
    .filter((line) => line !== '')
  return (lines.length === 0 ? [''] : lines).map((text) => ({ type: 'say', text }))
}

/**
 * The scope of a message key: a member's ids are theirs at every server, a name is one person's at a time. A requester with neither is
 * told from others at the address by the text: two people behind one would otherwise be in each other's way.
 */
function keyScope({ address, member, name }: Requester, room: string, body: Buffer): string {
  if (member !== undefined) return `key ${member} ${room}`
  if (name !== undefined) return `http ${name}`
  return `http ${address} ${createHash('sha256').update(body).digest('base64url')}`
}

/** No key has a blank in it, so further lines get keys of no other. */
const withIds = (messages: readonly Message[], id: string): readonly Message[] =>
  messages.map((message, index) => ({ ...message, id: index === 0 ? id : `${id} ${index}` }))

/** Says them in order, and answers for the last; `duplicate` where the room had them all. */
async function say(session: LocalSession, messages: readonly Message[]): Promise<Pick<Ack, 'seq' | 'duplicate'>> {
  // In slow mode the first of them would be said alone, and again with each further try.
  if (messages.length > 1) accepted(session.slowed)
  let seq = 0
  let duplicate = true
  for (let said = 0; said < messages.length; ) {
    const answers = await Promise.all(messages.slice(said, said + AT_ONCE).map((message) => session.send(message)))
    for (const answer of answers) {
      if (answer.type === 'rejected') {
        if (answer.code !== 'BUSY') throw new Refused(answer)
        // So are those behind it.
        await session.ready()
        break
      }
      said++
      seq = answer.seq
      duplicate &&= answer.duplicate
    }
  }
  return { seq, duplicate }
}

const packed = () => new HttpRefused('UNSUPPORTED_TYPE', 'send the text as it is, without Content-Encoding')
