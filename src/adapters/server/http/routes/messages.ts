import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import * as v from 'valibot'
import type { LocalSession } from '#domain/engine/session.ts'
import { checkText } from '#domain/names/text.ts'
import type { Ack, Act, Say } from '#domain/room/commands.ts'
import { Refused } from '#domain/session.ts'
import { admitted, asGuest, pay, requesterOf } from '../auth.ts'
import { checked } from '../checked.ts'
import { HttpRefused } from '../errors.ts'
import { whatWorks } from '../near-misses.ts'
import type { HttpParts, Routes } from '../parts.ts'
import { jsonIn, textIn, typeOf } from '../text-body.ts'

/** Lines of one request that wait for their commit together. */
const AT_ONCE = 512

const jsonMessage = v.strictObject({
  text: v.string('must be a text'),
  type: v.optional(v.picklist(['say', 'act'], 'must be say or act'), 'say'),
})
const messageKey = v.optional(
  v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,128}$/, 'Idempotency-Key must be 1 to 128 visible ASCII characters')),
)

export const messageRoute: Routes = (app, parts) => {
  const { settings } = parts
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  app.post<{ Params: { room: string }; Body: Buffer | undefined }>(
    '/rooms/:room/messages',
    { bodyLimit: settings.messageBytes },
    async (request, reply) => {
      const room = await admitted(parts, request, request.params.room)
      const key = checked(messageKey, request.headers['idempotency-key'])
      const messages = messagesOf(request, request.body ?? Buffer.alloc(0))
      for (const { text } of messages) refuseBad(text, settings.maxTextBytes)
      await pay(parts, request, messages.length, room)
      const who = key === undefined ? undefined : senderOf(parts, request, room)
      const { seq, duplicate } = await asGuest(parts, request, room, (session) =>
        say(session, who === undefined ? messages : withIds(messages, `${who} ${key}`)),
      )
      return reply.code(duplicate ? 200 : 201).send({ seq, duplicate })
    },
  )
}

type Message = Say | Act

function messagesOf(request: FastifyRequest<{ Params: { room: string } }>, body: Buffer): readonly Message[] {
  const { headers, params } = request
  const { type, charset } = typeOf(headers['content-type'] ?? 'text/plain')
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') throw packed()
  if (type === 'application/json') {
    const message = checked(jsonMessage, jsonIn(textIn(body, charset)))
    return [{ type: message.type, text: message.text }]
  }
  // What `curl -d` says of everything: nobody sends a form here, and a page of another origin got no further than its Origin.
  if (type !== 'text/plain' && type !== 'application/x-www-form-urlencoded')
    throw new HttpRefused(
      'UNSUPPORTED_TYPE',
      `a message is text/plain or application/json; ${whatWorks(request, params.room)}`,
    )
  const lines = textIn(body, charset).split(/\r?\n/)
  // As on the line door, a blank line is nothing.
  const said = lines.filter((line) => line !== '')
  return (said.length === 0 ? [''] : said).map((text) => ({ type: 'say', text }))
}

/** Before any of several lines is said. */
function refuseBad(raw: string, maxBytes: number): void {
  const text = checkText(raw, maxBytes)
  if (typeof text !== 'string') throw new Refused(text)
}

/**
 * Whose a message key is: a member's ids are theirs at every server (`shared/session/peer.ts`), a name is one person's at a time. Who shows
 * neither is told from others at the address by the text: two people behind one would otherwise be in each other's way.
 */
function senderOf(parts: HttpParts, request: FastifyRequest, room: string): string {
  const { address, member, name } = requesterOf(parts, request)
  if (member !== undefined) return `key ${member} ${room}`
  if (name !== undefined) return `http ${name}`
  const body = request.body instanceof Uint8Array ? request.body : ''
  return `http ${address} ${createHash('sha256').update(body).digest('base64url')}`
}

/** No key has a blank in it, so further lines get keys of no other. */
const withIds = (messages: readonly Message[], id: string): readonly Message[] =>
  messages.map((message, index) => ({ ...message, id: index === 0 ? id : `${id} ${index}` }))

/** Says them in order, and answers for the last; `duplicate` where the room had them all. */
async function say(session: LocalSession, messages: readonly Message[]): Promise<Pick<Ack, 'seq' | 'duplicate'>> {
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
