import type { ClientCommand } from '../../../domain/room/commands.ts'
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
}

/** A member's command; throws `BadMessage` where it is none, or says more than it may. */
export function readCommand(fields: Fields): ClientCommand {
  const type = fields.text('type')
  if (!isCommand(type)) throw new BadMessage('this is no command')
  const command = READERS[type](fields)
  fields.end()
  return command
}

const isCommand = (type: string): type is ClientCommand['type'] => Object.hasOwn(READERS, type)

const idOf = (fields: Fields): { readonly id?: string } => (fields.has('id') ? { id: fields.shaped('id', ID) } : {})
