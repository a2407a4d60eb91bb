import { refusalFor } from '#domain/room/permissions.ts'
import type { Translator } from '#i18n/translator.ts'
import { commandNamed } from '#protocol/commands.ts'

/** What a client wants to run. */
export type Words =
  /** Empty text: each line of the input is said. */
  | { readonly type: 'say'; readonly text: string }
  | { readonly type: 'tail'; readonly json: boolean; readonly after: number | undefined }
  | { readonly type: 'get'; readonly file: string }
  | { readonly type: 'put'; readonly name: string }
  /** Empty line: each line of the input is one. */
  | { readonly type: 'got'; readonly line: string }
  /** A word of the command table. */
  | { readonly type: 'command'; readonly word: string; readonly rest: string }
  | { readonly type: 'help' }
  | { readonly type: 'wrong'; readonly why: string }

const USAGE = {
  say: 'say [TEXT]',
  tail: 'tail [--json] [--after N]',
  get: 'get FILE',
  put: 'put NAME',
  got: 'got [DIGEST NAME]',
  ls: 'ls',
} as const

/** Commands of the line protocol that have a meaning only for those who stay. */
const NOT_HERE: ReadonlySet<string> = new Set([
  'nick',
  'join',
  'part',
  'token',
  'quit',
  'away',
  'back',
  'help',
  'get',
  'lang',
])

/** Understands a command line. It is no shell's: there are no quotes, and nothing in it stands for anything else. */
export function parseWords(command: string): Words {
  const [, word = '', rest = ''] = /^\s*(\S*) ?([\s\S]*)$/.exec(command) ?? []
  switch (word) {
    case 'help':
    case '--help':
      return { type: 'help' }
    case 'say':
      return { type: 'say', text: rest.trim() === '' ? '' : rest }
    case 'tail':
      return tail(rest)
    case 'get':
      return rest.trim() === '' ? wrong('get') : { type: 'get', file: rest.trim() }
    case 'put':
      return rest.trim() === '' ? wrong('put') : { type: 'put', name: rest.trim() }
    case 'got':
      return { type: 'got', line: rest.trim() }
    case 'ls':
      return rest.trim() === '' ? { type: 'command', word: 'files', rest: '' } : wrong('ls')
    default:
      return commandNamed(word, 'line') === undefined || NOT_HERE.has(word)
        ? { type: 'wrong', why: `no such command; help lists what there is` }
        : { type: 'command', word, rest }
  }
}

/** Rights beyond those of any member are those of a member whom the room sees. */
export function isForModerators(words: Words): boolean {
  const permission = words.type === 'command' ? commandNamed(words.word, 'line')?.permission : undefined
  return permission !== undefined && refusalFor('member', permission) !== undefined
}

function tail(rest: string): Words {
  const words = rest.split(/\s+/).filter((word) => word !== '')
  let json = false
  let after: number | undefined
  for (let index = 0; index < words.length; index++) {
    const [, inline] = /^--after=(\d{1,15})$/.exec(words[index] ?? '') ?? []
    if (words[index] === '--json') json = true
    else if (inline !== undefined) after = Number(inline)
    else if (words[index] === '--after' && /^\d{1,15}$/.test(words[index + 1] ?? '')) after = Number(words[++index])
    else return wrong('tail')
  }
  return { type: 'tail', json, after }
}

const wrong = (word: keyof typeof USAGE): Words => ({ type: 'wrong', why: `type ${USAGE[word]}` })

const HELP = [
  [USAGE.say, 'helpSshSay'],
  [USAGE.tail, 'helpSshTail'],
  [USAGE.ls, 'helpFiles'],
  ['who', 'helpWho'],
  [USAGE.get, 'helpSshGet'],
  [USAGE.put, 'helpSshPut'],
  [USAGE.got, 'helpSshGot'],
] as const

export const helpText = ({ say }: Translator): string =>
  [...HELP.map(([usage, key]) => `${usage.padEnd(26)} ${say(key)}`), say('helpSshMore'), ''].join('\n')
