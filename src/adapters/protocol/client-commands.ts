import type { ClientCommand } from '#domain/room/commands.ts'
import { BadMessage, type Fields } from './fields.ts'

const ID = /^[\x21-\x7e]{1,64}$/

type Readers = { readonly [Type in ClientCommand['type']]: (fields: Fields) => Extract<ClientCommand, { type: Type }> }

/** How each of a member's commands is read; one that is missing here does not compile. */
const READERS: Readers = {
  say: (fields) => ({ type: 'say', text: fields.text('text'), ...idOf(fields) }),
  act: (fields) => ({ type: 'act', text: fields.text('text'), ...idOf(fields) }),
  whisper: (fields) => ({ type: 'whisper', to: fields.text('to'), text: fields.text('text'), ...idOf(fields) }),
  setTopic: (fields) => ({ type: 'setTopic', topic: fields.text('topic'), ...idOf(fields) }),
  rename: (fields) => ({ type: 'rename', name: fields.text('name') }),
  receiveFile: (fields) => ({ type: 'receiveFile', file: fields.text('file') }),
  kick: (fields) => ({ type: 'kick', name: fields.text('name'), ...reasonOf(fields) }),
  mute: (fields) => ({ type: 'mute', name: fields.text('name'), ...reasonOf(fields) }),
  unmute: (fields) => ({ type: 'unmute', name: fields.text('name') }),
  ban: (fields) => ({ type: 'ban', name: fields.text('name'), ...reasonOf(fields) }),
  unban: (fields) => ({ type: 'unban', name: fields.text('name') }),
  op: (fields) => ({ type: 'op', name: fields.text('name') }),
  deop: (fields) => ({ type: 'deop', name: fields.text('name') }),
  lock: () => ({ type: 'lock' }),
  unlock: () => ({ type: 'unlock' }),
  startCollection: () => ({ type: 'startCollection' }),
  endCollection: () => ({ type: 'endCollection' }),
  away: (fields) => ({ type: 'away', ...reasonOf(fields) }),
  back: () => ({ type: 'back' }),
  typing: () => ({ type: 'typing' }),
}

/** A member's command; throws `BadMessage` where it is none, or says more than it may. */
export function readCommand(fields: Fields): ClientCommand {
  const type = fields.text('type')
  if (!isCommand(type)) throw new BadMessage('this is no command')
  const command = READERS[type](fields)
  fields.end()
  return command
}

/** What a member may ask, by name. */
export const COMMANDS: readonly string[] = Object.keys(READERS)

const isCommand = (type: string): type is ClientCommand['type'] => Object.hasOwn(READERS, type)

const reasonOf = (fields: Fields): { readonly reason?: string } =>
  fields.has('reason') ? { reason: fields.text('reason') } : {}

const idOf = (fields: Fields): { readonly id?: string } => (fields.has('id') ? { id: fields.shaped('id', ID) } : {})
