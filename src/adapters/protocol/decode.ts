import { CODES, type Code, type Rejected, rejected } from '#domain/errors.ts'
import { unpack } from '#msgpack'
import { readCommand } from './client-commands.ts'
import { readEvents, readMember } from './events.ts'
import { BadMessage, Fields } from './fields.ts'
import { clientMessageLimits, hostMessageLimits, type MessageLimits } from './limits.ts'
import type { ClientMessage, CommandRejected, HostMessage } from './messages.ts'
import { prescan } from './prescan.ts'

const KEY = /^[0-9a-f]{32}$/
const TOKEN = /^[\x21-\x7e]{1,256}$/

/** A message of a client's, or BAD_MESSAGE with what is wrong with it. Whoever gets that should end the connection. */
export const decodeClientMessage = (bytes: Uint8Array): ClientMessage | Rejected =>
  decode(bytes, clientMessageLimits, (fields) => {
    const message = clientMessage(fields)
    fields.end()
    return message
  })

/**
 * A message of a host's, or BAD_MESSAGE with what is wrong with it; undefined where it is of a kind that only a newer host has, which
 * is to be passed over. What it says beyond what is known here is left out.
 */
export const decodeHostMessage = (bytes: Uint8Array): HostMessage | Rejected | undefined =>
  decode(bytes, hostMessageLimits, hostMessage)

function decode<Message>(
  bytes: Uint8Array,
  limits: MessageLimits,
  read: (fields: Fields) => Message,
): Message | Rejected {
  if (bytes.length > limits.bytes) return bad('it is too long')
  const fault = prescan(bytes, limits.items)
  if (fault !== undefined) return bad(fault)
  const value = unpacked(bytes)
  if (value === undefined) return bad('it is no msgpack')
  try {
    return read(new Fields(value))
  } catch (error) {
    if (error instanceof BadMessage) return bad(error.message)
    throw error
  }
}

/** The decoder's own words may hold what was sent, so they go nowhere. */
function unpacked(bytes: Uint8Array): unknown {
  try {
    return unpack(bytes)
  } catch {
    return undefined
  }
}

function clientMessage(fields: Fields): ClientMessage {
  const type = fields.text('type')
  switch (type) {
    case 'hello':
      return {
        type,
        version: fields.count('version'),
        key: fields.shaped('key', KEY),
        ...(fields.has('name') ? { name: fields.text('name') } : {}),
        ...(fields.has('token') ? { token: fields.shaped('token', TOKEN) } : {}),
      }
    case 'join':
      return {
        type,
        room: fields.text('room'),
        ...(fields.has('password') ? { password: fields.text('password') } : {}),
        ...(fields.has('after') ? { after: fields.count('after') } : {}),
      }
    case 'command':
      return { type, ...refOf(fields), command: readCommand(fields.fields('command')) }
    case 'ping':
      return { type, ref: fields.count('ref') }
    case 'leave':
      return { type }
    default:
      throw new BadMessage('it is none of the messages that a client sends')
  }
}

function hostMessage(fields: Fields): HostMessage | undefined {
  const type = fields.text('type')
  switch (type) {
    case 'welcome':
      return {
        type,
        version: fields.count('version'),
        capabilities: fields.list('capabilities').filter((each) => typeof each === 'string'),
        host: fields.text('host'),
      }
    case 'joined':
      return {
        type,
        room: fields.text('room'),
        member: readMember(fields.fields('member')),
        members: fields.list('members').map((each) => readMember(new Fields(each))),
        count: fields.count('count'),
        topic: fields.text('topic'),
        ...(fields.has('collectingSince') ? { collectingSince: fields.count('collectingSince') } : {}),
        ...(fields.has('hasPassword') ? { hasPassword: fields.flag('hasPassword') } : {}),
        last: fields.count('last'),
      }
    case 'batch':
      return { type, events: readEvents(fields.list('events')) }
    case 'ack':
      return { type, ref: fields.count('ref'), seq: fields.count('seq'), duplicate: fields.flag('duplicate') }
    case 'rejected':
      return { type, ...refOf(fields), ...whyOf(fields) }
    case 'pong':
      return { type, ref: fields.count('ref') }
    case 'bye':
      return { type, ...whyOf(fields) }
    default:
      return undefined
  }
}

const refOf = (fields: Fields): { readonly ref?: number } => (fields.has('ref') ? { ref: fields.count('ref') } : {})

/** A code that only a newer host has says no more than that there is no point in asking again. */
function whyOf(fields: Fields): Pick<CommandRejected, 'code' | 'message'> {
  const given = fields.text('code')
  const code: Code = CODES.find((known) => known === given) ?? 'BAD_REQUEST'
  return { code, message: fields.text('message') }
}

const bad = (why: string): Rejected => rejected('BAD_MESSAGE', `this message can't be read: ${why}`)
