import { isPathLine, wordLine } from '#domain/names/text.ts'
import type { Moderation } from '#domain/room/commands.ts'
import type { HelpKey } from '#i18n/messages.ts'

/** What somebody typed, understood. */
export type Typed =
  | { readonly type: 'nothing' | 'who' | 'files' | 'collection' | 'help' | 'quit' }
  | { readonly type: 'say' | 'act'; readonly text: string }
  | { readonly type: 'whisper'; readonly to: string; readonly text: string }
  | { readonly type: 'topic'; readonly topic: string | undefined }
  | { readonly type: 'nick' | 'ignore' | 'theme' | 'away'; readonly name: string }
  | { readonly type: 'get'; readonly file: string }
  /** `to`: the one whom it is for. */
  | { readonly type: 'send'; readonly file: string; readonly to?: string }
  /** What those who look after a room ask of it. */
  | { readonly type: 'rule'; readonly command: Moderation }
  | { readonly type: 'join'; readonly room: string; readonly password?: string }
  | { readonly type: 'search'; readonly query: string }
  | { readonly type: 'history'; readonly count: number }
  | { readonly type: 'bell'; readonly rule: BellRule }
  | { readonly type: 'time'; readonly shown: boolean }
  /** A word that belongs to whoever runs this terminal. */
  | { readonly type: 'own'; readonly word: string; readonly rest: string }
  | { readonly type: 'wrong'; readonly usage: string }
  | { readonly type: 'unknown'; readonly word: string; readonly near: string | undefined }

const bellRules = ['off', 'mention', 'all'] as const
export type BellRule = (typeof bellRules)[number]

export interface SlashWord {
  readonly word: string
  /** What stands behind it, as it is written in help. */
  readonly takes: string
  readonly about: HelpKey
  /** Undefined where it was typed in a way that means nothing. */
  read(rest: string): Typed | undefined
}

const HISTORY = 20
const MOST_HISTORY = 500

const whole = (rest: string, typed: (text: string) => Typed) => (rest === '' ? undefined : typed(rest))

/** About somebody, with a reason or without. */
function ruling(word: 'kick' | 'mute' | 'ban', about: HelpKey): SlashWord {
  return {
    word,
    takes: 'nick [why]',
    about,
    read: (rest) => {
      const [, name, reason] = /^(\S+)(?:\s+([\s\S]+))?$/.exec(rest) ?? []
      if (name === undefined) return undefined
      return { type: 'rule', command: { type: word, name, ...(reason === undefined ? {} : { reason }) } }
    },
  }
}

function lifting(word: 'unmute' | 'unban' | 'op' | 'deop', about: HelpKey): SlashWord {
  const read = (name: string) =>
    /^\S+$/.test(name) ? ({ type: 'rule', command: { type: word, name } } as const) : undefined
  return { word, takes: 'nick', about, read }
}

function locking(word: 'lock' | 'unlock', about: HelpKey): SlashWord {
  return { word, takes: '', about, read: () => ({ type: 'rule', command: { type: word } }) }
}

/** Those of IRC, so that there is nothing to learn (design section 4). */
export const slashWords: readonly SlashWord[] = [
  { word: 'away', takes: '[why]', about: 'helpAway', read: (name) => ({ type: 'away', name }) },
  {
    word: 'bell',
    takes: 'off|mention|all',
    about: 'helpBell',
    read: (rest) => {
      const rule = bellRules.find((each) => each === rest)
      return rule === undefined ? undefined : { type: 'bell', rule }
    },
  },
  ruling('ban', 'helpBan'),
  {
    word: 'collect',
    takes: '[on|off]',
    about: 'helpCollect',
    read: (rest) => {
      if (rest === '') return { type: 'collection' }
      if (rest !== 'on' && rest !== 'off') return undefined
      return { type: 'rule', command: { type: rest === 'on' ? 'startCollection' : 'endCollection' } }
    },
  },
  lifting('deop', 'helpDeop'),
  { word: 'files', takes: '', about: 'helpFiles', read: () => ({ type: 'files' }) },
  { word: 'get', takes: 'FILE', about: 'helpGet', read: (rest) => whole(rest, (file) => ({ type: 'get', file })) },
  { word: 'help', takes: '', about: 'helpSay', read: () => ({ type: 'help' }) },
  {
    word: 'history',
    takes: '[n]',
    about: 'helpHistory',
    read: (rest) =>
      /^\d{0,6}$/.test(rest) ? { type: 'history', count: Math.min(MOST_HISTORY, Number(rest) || HISTORY) } : undefined,
  },
  { word: 'ignore', takes: '[nick]', about: 'helpIgnore', read: (name) => ({ type: 'ignore', name }) },
  {
    word: 'join',
    takes: 'room [password]',
    about: 'helpJoin',
    read: (rest) => {
      // A password may have blanks in it; a room's name has none.
      const [, room, password] = /^(\S+)(?: +([\s\S]+))?$/.exec(rest) ?? []
      return room === undefined ? undefined : { type: 'join', room, ...(password === undefined ? {} : { password }) }
    },
  },
  ruling('kick', 'helpKick'),
  locking('lock', 'helpLock'),
  { word: 'me', takes: 'text', about: 'helpMe', read: (rest) => whole(rest, (text) => ({ type: 'act', text })) },
  {
    word: 'msg',
    takes: 'nick text',
    about: 'helpMsg',
    read: (rest) => {
      const [, to, text] = /^(\S+)\s+([\s\S]+)$/.exec(rest) ?? []
      return to === undefined || text === undefined ? undefined : { type: 'whisper', to, text }
    },
  },
  ruling('mute', 'helpMute'),
  { word: 'nick', takes: 'name', about: 'helpNick', read: (rest) => whole(rest, (name) => ({ type: 'nick', name })) },
  lifting('op', 'helpOp'),
  { word: 'quit', takes: '', about: 'helpQuit', read: () => ({ type: 'quit' }) },
  {
    word: 'search',
    takes: 'words',
    about: 'helpSearch',
    read: (rest) => whole(rest, (query) => ({ type: 'search', query })),
  },
  {
    word: 'send',
    takes: '[@nick] PATH',
    about: 'helpSend',
    read: (rest) => {
      const [, to, file = ''] = /^(?:@(\S+)\s+)?([\s\S]*)$/.exec(rest) ?? []
      return whole(file, () => ({ type: 'send', file, ...(to === undefined ? {} : { to }) }))
    },
  },
  { word: 'theme', takes: '[name]', about: 'helpTheme', read: (name) => ({ type: 'theme', name }) },
  {
    word: 'time',
    takes: 'on|off',
    about: 'helpTime',
    read: (rest) => (rest === 'on' || rest === 'off' ? { type: 'time', shown: rest === 'on' } : undefined),
  },
  {
    word: 'topic',
    takes: '[text]',
    about: 'helpTopic',
    read: (rest) => ({ type: 'topic', topic: rest === '' ? undefined : rest }),
  },
  lifting('unban', 'helpUnban'),
  locking('unlock', 'helpUnlock'),
  lifting('unmute', 'helpUnmute'),
  { word: 'who', takes: '', about: 'helpWho', read: () => ({ type: 'who' }) },
]

export const usageOf = ({ word, takes }: Pick<SlashWord, 'word' | 'takes'>): string =>
  takes === '' ? `/${word}` : `/${word} ${takes}`

/** Reads a typed line. `own` are further words; an unknown one is never said as text. */
export function typedLine(typed: string, own: readonly string[] = []): Typed {
  const line = wordLine(typed)
  if (line.trim() === '') return { type: 'nothing' }
  const [, path] = /^SEND +(.+)$/.exec(line) ?? []
  if (path !== undefined) return { type: 'send', file: path.trim() }
  if (!line.startsWith('/') || isPathLine(line)) return { type: 'say', text: line }
  if (line.startsWith('//')) return { type: 'say', text: line.slice(1) }
  const [, word = '', behind = ''] = /^\/(\S*)\s*([\s\S]*)$/.exec(line) ?? []
  const rest = behind.trimEnd()
  if (own.includes(word)) return { type: 'own', word, rest }
  const found = slashWords.find((each) => each.word === word)
  if (found !== undefined) return found.read(rest) ?? { type: 'wrong', usage: usageOf(found) }
  const all = [...slashWords.map((each) => each.word), ...own]
  return { type: 'unknown', word, near: nearest(word, all) }
}

/** The word that somebody is likely to have meant: it begins the same, or one letter is missing, too many, another or in the wrong place. */
function nearest(typed: string, words: readonly string[]): string | undefined {
  if (typed.length < 2) return undefined
  return words.find((word) => word.startsWith(typed)) ?? words.find((word) => isOneOff(typed, word))
}

function isOneOff(one: string, other: string): boolean {
  const [short, long] = one.length <= other.length ? [one, other] : [other, one]
  if (long.length - short.length > 1) return false
  let at = 0
  while (at < short.length && short[at] === long[at]) at++
  if (short.length !== long.length) return short.slice(at) === long.slice(at + 1)
  if (short.slice(at + 1) === long.slice(at + 1)) return true
  return short[at] === long[at + 1] && short[at + 1] === long[at] && short.slice(at + 2) === long.slice(at + 2)
}
