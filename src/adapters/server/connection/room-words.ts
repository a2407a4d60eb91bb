import { type Rejected, rejected } from '#domain/errors.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { ClientCommand, ComeBack, GoAway, Moderation } from '#domain/room/commands.ts'
import type { Permission } from '#domain/room/moderation.ts'
import { COLLECTING } from './wording.ts'

type Command = Moderation | GoAway | ComeBack
/** A word turns it on and off. */
type Collecting = 'startCollection' | 'endCollection'
type Word = Exclude<Command['type'], Collecting> | 'collect'

/** A slash word that is a command to the room, in every client where people type. */
export interface RoomWord {
  readonly word: Word
  /** What one must be allowed to do. */
  readonly verb: Permission
  /** What to type. */
  readonly usage: string
  /** What it does, in a few words. */
  readonly help: string
  /** The command; undefined where it is typed otherwise. */
  parse(rest: string): Command | undefined
  /** What to tell whoever typed it, of the name or word behind it; left out where the room tells them too. */
  done?(about: string): string
}

/** What an op or owner types, and what everybody may. */
export const ROOM_WORDS: Readonly<Record<Word, RoomWord>> = {
  kick: {
    word: 'kick',
    verb: 'kick',
    usage: '/kick name [reason]',
    help: 'send somebody out; they may come back',
    parse: (rest) => nameAndReason('kick', rest),
  },
  mute: {
    word: 'mute',
    verb: 'mute',
    usage: '/mute name [reason]',
    help: 'let somebody only read',
    parse: (rest) => nameAndReason('mute', rest),
    done: (name) => `${name} is muted`,
  },
  unmute: {
    word: 'unmute',
    verb: 'unmute',
    usage: '/unmute name',
    help: 'let them speak again',
    parse: (rest) => nameOnly('unmute', rest),
    done: (name) => `${name} is not muted any more`,
  },
  ban: {
    word: 'ban',
    verb: 'ban',
    usage: '/ban name [reason]',
    help: 'send somebody out, and let them in no more',
    parse: (rest) => nameAndReason('ban', rest),
    done: (name) => `${name} is banned`,
  },
  unban: {
    word: 'unban',
    verb: 'unban',
    usage: '/unban name',
    help: 'let them in again',
    parse: (rest) => nameOnly('unban', rest),
    done: (name) => `${name} is not banned any more`,
  },
  op: {
    word: 'op',
    verb: 'op',
    usage: '/op name',
    help: 'let somebody do all this too',
    parse: (rest) => nameOnly('op', rest),
    done: (name) => `${name} is an op now`,
  },
  deop: {
    word: 'deop',
    verb: 'deop',
    usage: '/deop name',
    help: 'make an op a member like all others',
    parse: (rest) => nameOnly('deop', rest),
    done: (name) => `${name} is no op any more`,
  },
  lock: {
    word: 'lock',
    verb: 'lock',
    usage: '/lock',
    help: 'let nobody new in, and only ops set the topic',
    parse: (rest) => (rest.trim() === '' ? { type: 'lock' } : undefined),
    done: () => 'the room is locked',
  },
  unlock: {
    word: 'unlock',
    verb: 'unlock',
    usage: '/unlock',
    help: 'let people in again',
    parse: (rest) => (rest.trim() === '' ? { type: 'unlock' } : undefined),
    done: () => 'the room is open again',
  },
  collect: {
    word: 'collect',
    verb: 'startCollection',
    usage: '/collect [on|off]',
    help: 'what members send is for you only; what has come',
    parse: (rest) => COLLECTIONS.get(rest.trim()),
    done: (word) => (word === 'on' ? COLLECTING : 'the room collects no more: files are for everybody'),
  },
  away: {
    word: 'away',
    verb: 'away',
    usage: '/away [reason]',
    help: 'say that you are away',
    parse: (rest) => ({ type: 'away', ...reason(rest) }),
    done: () => 'you are away; /back when you are here again',
  },
  back: {
    word: 'back',
    verb: 'back',
    usage: '/back',
    help: 'say that you are here again',
    parse: (rest) => (rest.trim() === '' ? { type: 'back' } : undefined),
    done: () => 'you are back',
  },
}

const COLLECTIONS: ReadonlyMap<string, Moderation> = new Map([
  ['on', { type: 'startCollection' }],
  ['off', { type: 'endCollection' }],
])

/** A word as it was typed: the command, and what to say once it is done, without a mark in front. */
export interface Asked {
  readonly command: ClientCommand
  readonly done: string | undefined
}

export function askedBy({ parse, usage, done }: RoomWord, rest: string): Asked | Rejected {
  const command = parse(rest)
  if (command === undefined) return rejected('BAD_COMMAND', `type ${usage}`)
  return { command, done: done?.('name' in command ? forTerminal(command.name) : rest.trim()) }
}

/** What a whole line asks for, with its slash; undefined where its word is none of these. */
export function askedByLine(line: string): Asked | Rejected | undefined {
  const [, word = '', rest = ''] = /^\/([a-z]+)(?: (.*))?$/s.exec(line) ?? []
  const found = Object.values(ROOM_WORDS).find((each) => each.word === word)
  return found && askedBy(found, rest)
}

function nameAndReason<Type extends 'kick' | 'mute' | 'ban'>(type: Type, rest: string) {
  const [, name, why = ''] = /^\s*(\S+)(?:\s+(.*))?$/s.exec(rest) ?? []
  return name === undefined ? undefined : { type, name, ...reason(why) }
}

function nameOnly<Type extends 'unmute' | 'unban' | 'op' | 'deop'>(type: Type, rest: string) {
  const name = rest.trim()
  return name === '' || /\s/.test(name) ? undefined : { type, name }
}

const reason = (text: string): { readonly reason?: string } => (text.trim() === '' ? {} : { reason: text.trim() })
