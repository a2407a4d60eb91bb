import type { Clear, ComeBack, GoAway, Moderation, SetSeconds, SetSwitch } from '#domain/room/commands.ts'
import type { Permission } from '#domain/room/permissions.ts'
import type { AccessRequest } from '#domain/room/room-access.ts'
import { bytesOf, spanOf } from './amounts.ts'

/**
 * Where commands are typed: `line` (netcat, telnet), `terminal` (`tamtam join`), `host` (the terminal of the host itself) and `page`. A command that is
 * not at all of them stands only in some rows' `at`.
 */
export type FrontEnd = 'line' | 'terminal' | 'host' | 'page'

/** A parsed command, ready for a front end to execute. */
export type ParsedCommand =
  | { readonly type: 'who' | 'files' | 'submissions' | 'share' }
  /** `message`: what the others are told. */
  | { readonly type: 'part'; readonly message?: string }
  | { readonly type: 'quit'; readonly message?: string }
  /** `about`: a group of commands, or the word of one. */
  | { readonly type: 'help'; readonly about?: string }
  | { readonly type: 'lang'; readonly language: 'en' | 'id' }
  | { readonly type: 'act'; readonly text: string }
  | { readonly type: 'whisper'; readonly to: string; readonly text: string }
  /** Undefined: tells the topic; empty: takes it away. */
  | { readonly type: 'topic'; readonly topic: string | undefined }
  | { readonly type: 'nick' | 'ignore' | 'theme'; readonly name: string }
  | { readonly type: 'join'; readonly room: string; readonly password?: string }
  /** The room does it, and tells everybody whom it concerns. */
  | { readonly type: 'ask'; readonly command: Moderation | GoAway | ComeBack | Clear }
  /** Undefined: as many lines as the front end shows by itself. */
  | { readonly type: 'history'; readonly count: number | undefined }
  | { readonly type: 'search'; readonly query: string }
  | { readonly type: 'fileMode'; readonly mode: 'links' | 'inline' }
  /** A file; `#12`, a message by its number; `@ani`, her newest message; empty, one's own newest. */
  | { readonly type: 'remove'; readonly what: string }
  | { readonly type: 'get' | 'link'; readonly file: string }
  /** `to`: the one person whom the file is for. */
  | { readonly type: 'send'; readonly file: string; readonly to?: string }
  | { readonly type: 'access'; readonly request: AccessRequest }
  | { readonly type: 'token'; readonly token: string }
  | { readonly type: 'bell'; readonly rule: BellRule }
  | { readonly type: 'time'; readonly shown: boolean }
  /** Bytes a second, 0 for no limit. Undefined: tells the limits. */
  | { readonly type: 'limit'; readonly of: 'host' | 'transfer'; readonly bytes: number | undefined }
  /** A known command with wrong arguments. `most`: the largest count that it takes. */
  | { readonly type: 'wrong'; readonly usage: string; readonly most?: number }
  /** No command is called so here; `near`: one that may have been meant. `elsewhere`: other front ends have it. */
  | { readonly type: 'unknown' | 'elsewhere'; readonly word: string; readonly near: string | undefined }

const bellRules = ['off', 'mention', 'all'] as const
export type BellRule = (typeof bellRules)[number]

export interface ParseContext {
  readonly at: FrontEnd
  /** Lines of history that may be asked for at once. */
  readonly maxHistoryLines?: number
}

/** One command: a row of the table. */
export interface Command {
  readonly word: string
  /** How it is typed. */
  readonly usage: string
  /** The message with its help. */
  readonly helpKey: `help${string}`
  readonly at: readonly FrontEnd[]
  /** Left out where nothing is asked of the room, or every member may. */
  readonly permission?: Permission
  /** Understood also before the host's token was shown (C122). */
  readonly beforeAuth?: true
  /** `rest`: the text after the word. Undefined where the command does not take it. */
  parse(rest: string, context: ParseContext): ParsedCommand | undefined
}

const EVERYWHERE = ['line', 'terminal', 'host', 'page'] as const
const SCREENS = ['terminal', 'host', 'page'] as const
const TERMINALS = ['terminal', 'host'] as const

const MOST_HISTORY = 500

/** A row about a member, with a reason or without. */
function aboutSomebody<Word extends 'kick' | 'mute' | 'ban', Key extends string>(word: Word, helpKey: `help${Key}`) {
  const parse = (rest: string): ParsedCommand | undefined => {
    const [, name, why = ''] = /^\s*(\S+)(?:\s+(.*))?$/s.exec(rest) ?? []
    return name === undefined ? undefined : { type: 'ask', command: { type: word, name, ...reason(why) } }
  }
  return { word, usage: `/${word} name [reason]`, helpKey, at: EVERYWHERE, permission: word, parse } as const
}

/** A row about a name alone. */
function aboutName<Word extends 'unmute' | 'unban' | 'op' | 'deop' | 'voice' | 'unvoice', Key extends string>(
  word: Word,
  helpKey: `help${Key}`,
) {
  const parse = (rest: string): ParsedCommand | undefined => {
    const name = rest.trim()
    return name === '' || /\s/.test(name) ? undefined : { type: 'ask', command: { type: word, name } }
  }
  return { word, usage: `/${word} name`, helpKey, at: EVERYWHERE, permission: word, parse } as const
}

/** A row with nothing behind its word. */
function alone<Word extends 'back' | 'clear', Key extends string>(word: Word, helpKey: `help${Key}`) {
  const parse = (rest: string): ParsedCommand | undefined =>
    rest.trim() === '' ? { type: 'ask', command: { type: word } } : undefined
  return { word, usage: `/${word}`, helpKey, at: EVERYWHERE, permission: word, parse } as const
}

/** A row about a lock: all of it, or one of its halves. */
function aboutLock<Word extends 'lock' | 'unlock', Key extends string>(word: Word, helpKey: `help${Key}`) {
  const on = word === 'lock'
  const parse = (rest: string): ParsedCommand | undefined => {
    switch (rest.trim()) {
      case '':
        return { type: 'ask', command: { type: word } }
      case 'entry':
        return { type: 'ask', command: { type: 'setInviteOnly', on } }
      case 'topic':
        return { type: 'ask', command: { type: 'setTopicLock', on } }
      default:
        return undefined
    }
  }
  return { word, usage: `/${word} [entry|topic]`, helpKey, at: EVERYWHERE, permission: word, parse } as const
}

/** A row about a rule of the room that holds or not. */
function aboutSwitch<Word extends string, Key extends string, Type extends SetSwitch['type']>(
  word: Word,
  helpKey: `help${Key}`,
  permission: Type,
) {
  const parse = (rest: string): ParsedCommand | undefined => {
    const wanted = rest.trim()
    if (wanted !== 'on' && wanted !== 'off') return undefined
    return { type: 'ask', command: { type: permission, on: wanted === 'on' } }
  }
  return { word, usage: `/${word} on|off`, helpKey, at: EVERYWHERE, permission, parse } as const
}

/** A row about a rule of the room that is a time, in seconds where nothing else is typed. */
function aboutTime<Word extends string, Key extends string, Type extends SetSeconds['type']>(
  word: Word,
  about: { readonly usage: string; readonly helpKey: `help${Key}`; readonly permission: Type },
) {
  const parse = (rest: string): ParsedCommand | undefined => {
    const seconds = rest.trim() === 'off' ? 0 : spanOf(rest)
    return seconds === undefined ? undefined : { type: 'ask', command: { type: about.permission, seconds } }
  }
  return { word, ...about, at: EVERYWHERE, parse } as const
}

const getFile = (rest: string, context: ParseContext) => some(rest, context, (file) => ({ type: 'get', file }))

/** Every command there is, in the order of help. */
export const COMMANDS = [
  {
    word: 'nick',
    usage: '/nick name',
    helpKey: 'helpNick',
    at: EVERYWHERE,
    parse: (rest, context) => some(rest, context, (name) => ({ type: 'nick', name })),
  },
  {
    word: 'join',
    usage: '/join room [password]',
    helpKey: 'helpJoin',
    at: EVERYWHERE,
    // An invitation opens its room by itself.
    beforeAuth: true,
    parse: (rest, context) => {
      // A password may have blanks in it; a room's name has none.
      const [, name = '', password] = /^\s*(\S*)(?: +(.*[^ ]))? *$/s.exec(rest) ?? []
      return some(name, context, (room) => ({ type: 'join', room, ...(password === undefined ? {} : { password }) }))
    },
  },
  {
    word: 'part',
    usage: '/part [reason]',
    helpKey: 'helpPart',
    at: ['line', 'page'],
    parse: (rest) => ({ type: 'part', ...message(rest) }),
  },
  { word: 'who', usage: '/who', helpKey: 'helpWho', at: EVERYWHERE, parse: () => ({ type: 'who' }) },
  {
    word: 'msg',
    usage: '/msg name text',
    helpKey: 'helpMsg',
    at: EVERYWHERE,
    parse: (rest) => {
      const [, to, text] = /^(\S+)\s+(.*)$/s.exec(rest) ?? []
      return to === undefined || text === undefined ? undefined : { type: 'whisper', to, text }
    },
  },
  {
    word: 'me',
    usage: '/me text',
    helpKey: 'helpMe',
    at: EVERYWHERE,
    parse: (rest, context) => some(rest, context, (text) => ({ type: 'act', text }), 'as it is'),
  },
  {
    word: 'away',
    usage: '/away [reason]',
    helpKey: 'helpAway',
    at: EVERYWHERE,
    permission: 'away',
    parse: (rest) => ({ type: 'ask', command: { type: 'away', ...reason(rest) } }),
  },
  alone('back', 'helpBack'),
  {
    word: 'topic',
    usage: '/topic [text|off]',
    helpKey: 'helpTopic',
    at: EVERYWHERE,
    parse: (rest) => {
      const topic = rest.trim()
      return { type: 'topic', topic: topic === '' ? undefined : topic === 'off' ? '' : topic }
    },
  },
  {
    word: 'history',
    usage: '/history [n]',
    helpKey: 'helpHistory',
    at: EVERYWHERE,
    parse: (rest, { maxHistoryLines: most = MOST_HISTORY }) => {
      if (rest.trim() === '') return { type: 'history', count: undefined }
      const count = Number(rest.trim())
      return Number.isInteger(count) && count >= 1
        ? { type: 'history', count: Math.min(count, most) }
        : { type: 'wrong', usage: '/history [n]', most }
    },
  },
  {
    word: 'search',
    usage: '/search words',
    helpKey: 'helpSearch',
    at: EVERYWHERE,
    parse: (rest) => (rest.trim() === '' ? undefined : { type: 'search', query: rest }),
  },
  {
    word: 'files',
    usage: '/files [links|inline]',
    helpKey: 'helpFileModes',
    at: ['line'],
    parse: (rest) => {
      const mode = rest.trim()
      if (mode === '') return { type: 'files' }
      return mode === 'links' || mode === 'inline' ? { type: 'fileMode', mode } : undefined
    },
  },
  { word: 'files', usage: '/files', helpKey: 'helpFiles', at: SCREENS, parse: () => ({ type: 'files' }) },
  { word: 'get', usage: '/get file', helpKey: 'helpGet', at: SCREENS, parse: getFile },
  { word: 'get', usage: '/get file', helpKey: 'helpGetBytes', at: ['line'], parse: getFile },
  {
    word: 'link',
    usage: '/link file',
    helpKey: 'helpLink',
    at: SCREENS,
    parse: (rest, context) => some(rest, context, (file) => ({ type: 'link', file })),
  },
  {
    word: 'send',
    usage: '/send [@nick] path',
    helpKey: 'helpSend',
    at: TERMINALS,
    parse: (rest) => {
      const [, to, file = ''] = /^(?:@(\S+)\s+)?(.*)$/s.exec(rest) ?? []
      return file === '' ? undefined : { type: 'send', file, ...(to === undefined ? {} : { to }) }
    },
  },
  {
    word: 'send',
    usage: '/send [@nick]',
    helpKey: 'helpSend',
    at: ['page'],
    // A page reads no paths: its browser asks for the file.
    parse: (rest) => {
      const [, to] = /^@(\S+)/.exec(rest) ?? []
      return { type: 'send', file: '', ...(to === undefined ? {} : { to }) }
    },
  },
  {
    word: 'remove',
    usage: '/remove [file|@name|#n]',
    helpKey: 'helpRemove',
    at: EVERYWHERE,
    permission: 'removeMessage',
    parse: (rest) => ({ type: 'remove', what: rest.trim() }),
  },
  alone('clear', 'helpClear'),
  {
    word: 'ignore',
    usage: '/ignore [name]',
    helpKey: 'helpIgnore',
    at: SCREENS,
    parse: (name) => ({ type: 'ignore', name }),
  },
  aboutSomebody('kick', 'helpKick'),
  aboutSomebody('mute', 'helpMute'),
  aboutName('unmute', 'helpUnmute'),
  aboutSomebody('ban', 'helpBan'),
  aboutName('unban', 'helpUnban'),
  aboutName('op', 'helpOp'),
  aboutName('deop', 'helpDeop'),
  aboutLock('lock', 'helpLock'),
  aboutLock('unlock', 'helpUnlock'),
  aboutSwitch('announce', 'helpAnnounce', 'setModeratorsSpeak'),
  aboutName('voice', 'helpVoice'),
  aboutName('unvoice', 'helpUnvoice'),
  aboutSwitch('hide', 'helpHide', 'setUnlisted'),
  {
    word: 'full',
    usage: '/full n|off',
    helpKey: 'helpFull',
    at: EVERYWHERE,
    permission: 'setMostMembers',
    parse: (rest) => {
      const wanted = rest.trim()
      const most = wanted === 'off' ? 0 : /^[1-9]\d{0,8}$/.test(wanted) ? Number(wanted) : undefined
      return most === undefined ? undefined : { type: 'ask', command: { type: 'setMostMembers', most } }
    },
  },
  aboutTime('slow', { usage: '/slow seconds|off', helpKey: 'helpSlow', permission: 'setSlowMode' }),
  aboutTime('expire', { usage: '/expire 7d|12h|off', helpKey: 'helpExpire', permission: 'setExpiry' }),
  {
    word: 'collect',
    usage: '/collect [on|off]',
    helpKey: 'helpCollect',
    at: EVERYWHERE,
    permission: 'startCollection',
    parse: (rest) => {
      const word = rest.trim()
      if (word === '') return { type: 'submissions' }
      if (word !== 'on' && word !== 'off') return undefined
      return { type: 'ask', command: { type: word === 'on' ? 'startCollection' : 'endCollection' } }
    },
  },
  {
    word: 'password',
    usage: '/password word|off',
    helpKey: 'helpPassword',
    at: EVERYWHERE,
    permission: 'setPassword',
    parse: (rest) => {
      const word = rest.trim()
      return word === '' ? undefined : access({ type: 'setPassword', password: word === 'off' ? undefined : word })
    },
  },
  {
    word: 'invite',
    usage: '/invite [list|off id]',
    helpKey: 'helpInvite',
    at: EVERYWHERE,
    permission: 'invite',
    parse: (rest) => {
      const [word = '', id = '', ...more] = rest.trim().split(/\s+/)
      if (word === '') return access({ type: 'invite' })
      if (word === 'list' && id === '') return access({ type: 'listInvitations' })
      return word === 'off' && id !== '' && more.length === 0 ? access({ type: 'revoke', id }) : undefined
    },
  },
  {
    word: 'drop-link',
    usage: '/drop-link [7d|list|off id]',
    helpKey: 'helpDropLink',
    at: EVERYWHERE,
    permission: 'invite',
    parse: (rest) => {
      const [word = '', id = '', ...more] = rest.trim().split(/\s+/)
      if (word === 'off') return id !== '' && more.length === 0 ? access({ type: 'revokeDropLink', id }) : undefined
      if (id !== '') return undefined
      if (word === 'list') return access({ type: 'listDropLinks' })
      const seconds = spanOf(word)
      return word === '' || seconds ? access({ type: 'addDropLink', seconds }) : undefined
    },
  },
  {
    word: 'bell',
    usage: '/bell off|mention|all',
    helpKey: 'helpBell',
    at: TERMINALS,
    parse: (rest) => {
      const rule = bellRules.find((each) => each === rest)
      return rule === undefined ? undefined : { type: 'bell', rule }
    },
  },
  {
    word: 'bell',
    usage: '/bell off|mention',
    helpKey: 'helpBell',
    at: ['page'],
    parse: (rule) => (rule === 'off' || rule === 'mention' ? { type: 'bell', rule } : undefined),
  },
  {
    word: 'time',
    usage: '/time on|off',
    helpKey: 'helpTime',
    at: SCREENS,
    parse: (rest) => (rest === 'on' || rest === 'off' ? { type: 'time', shown: rest === 'on' } : undefined),
  },
  {
    word: 'theme',
    usage: '/theme [name]',
    helpKey: 'helpTheme',
    at: SCREENS,
    parse: (name) => ({ type: 'theme', name }),
  },
  {
    word: 'limit',
    usage: '/limit [[each] 5M|off]',
    helpKey: 'helpLimit',
    at: ['host'],
    parse: (rest) => {
      const [, each, amount] = /^(each\b)? *(\S*)$/.exec(rest.trim()) ?? []
      const of = each === undefined ? 'host' : 'transfer'
      if (amount === '' && each === undefined) return { type: 'limit', of, bytes: undefined }
      const bytes = amount === 'off' ? 0 : bytesOf(amount ?? '')
      return bytes === undefined ? undefined : { type: 'limit', of, bytes }
    },
  },
  {
    word: 'lang',
    usage: '/lang en|id',
    helpKey: 'helpLang',
    at: EVERYWHERE,
    parse: (rest) => (rest === 'en' || rest === 'id' ? { type: 'lang', language: rest } : undefined),
  },
  {
    word: 'share',
    usage: '/share',
    helpKey: 'helpShare',
    at: SCREENS,
    parse: () => ({ type: 'share' }),
  },
  {
    word: 'token',
    usage: '/token token',
    helpKey: 'helpToken',
    at: ['line'],
    beforeAuth: true,
    parse: (rest) => ({ type: 'token', token: rest.trim() }),
  },
  {
    word: 'quit',
    usage: '/quit [reason]',
    helpKey: 'helpQuit',
    at: EVERYWHERE,
    beforeAuth: true,
    parse: (rest) => ({ type: 'quit', ...message(rest) }),
  },
  {
    word: 'help',
    usage: '/help [word]',
    helpKey: 'helpHelp',
    at: EVERYWHERE,
    parse: (rest) => (rest.trim() === '' ? { type: 'help' } : { type: 'help', about: rest.trim() }),
  },
] as const satisfies readonly Command[]

/** The other syntax of the line protocol, in the form of the table: its decoder parses it, and no command. */
export const LINE_SYNTAX = [
  { word: '//', usage: '//text', helpKey: 'helpSlash' },
  { word: 'send', usage: 'SEND name', helpKey: 'helpSendLine' },
  { word: 'put', usage: '/put size name', helpKey: 'helpPut' },
] as const

type Row = (typeof COMMANDS)[number]
/** The rows of one front end, with their own help keys. */
export type CommandAt<At extends FrontEnd> = Row extends infer Each extends Row
  ? Each extends { readonly at: readonly (infer Where)[] }
    ? At extends Where
      ? Each
      : never
    : never
  : never

export const commandsAt = <At extends FrontEnd>(at: At): readonly CommandAt<At>[] =>
  COMMANDS.filter((row): row is CommandAt<At> => isAt(row, at))

const isAt = ({ at }: Command, frontEnd: FrontEnd): boolean => at.includes(frontEnd)

/** The command that is called so at a front end. */
export const commandNamed = (word: string, at: FrontEnd): Command | undefined =>
  COMMANDS.find((row) => row.word === word && isAt(row, at))

/** Something that has to be typed. On the line protocol the room itself refuses nothing, by a code of its own. */
function some(
  rest: string,
  { at }: ParseContext,
  parsed: (text: string) => ParsedCommand,
  blanks?: 'as it is',
): ParsedCommand | undefined {
  const text = blanks === undefined ? rest.trim() : rest
  return text === '' && at !== 'line' ? undefined : parsed(text)
}

const access = (request: AccessRequest): ParsedCommand => ({ type: 'access', request })

const message = (text: string): { readonly message?: string } => (text.trim() === '' ? {} : { message: text.trim() })

const reason = (text: string): { readonly reason?: string } => (text.trim() === '' ? {} : { reason: text.trim() })
