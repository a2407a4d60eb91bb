import { forTerminal } from '#domain/names/text.ts'
import type { Batch, Encoder } from '#domain/room/batch.ts'
import type { Acted, Member, PastEvent, RoomEvent, Said, Whispered } from '#domain/room/events.ts'
import { isEntry } from '#domain/room/events.ts'
import { audienceOf } from '#domain/room/visibility.ts'
import { eventText, fileLine, type LinkOf } from '#i18n/render-event.ts'
import type { Translator } from '#i18n/translator.ts'
import { type Lines, toLines } from '../connection/batch-lines.ts'
import type { LineCapabilities } from './capabilities.ts'
import { cutText, escapedTag, LINE_BYTES, lineOf } from './codec.ts'
import { newReference } from './labels.ts'
import type { IrcPeople } from './people.ts'

/** A batch as lines of IRC for all readers with the same capabilities. */
export interface IrcLines {
  readonly lines: Lines
  /** Indices of events that are another thing to each reader: with an audience, or told once though in several rooms. */
  readonly apart: readonly number[]
}

/** The reader of a line that is for them alone. */
export interface Recipient {
  readonly id: string
  readonly nick: string
  readonly echoes: boolean
  /** The address of a file that is for them; undefined where they can use none. */
  readonly linkOf: (file: Parameters<LinkOf>[0]) => string | undefined
}

/** Of a message of more lines the rest stands in the last one. */
const MOST_LINES = 64

/** Presence that a member has in all their rooms, and that a reader who shares several of them is told of once. */
const ONCE: ReadonlySet<string> = new Set(['renamed', 'away', 'back'])

/** What a client is never told of itself, also where its messages are echoed: it is told of its leaving by its channel. */
export const isNoEcho = ({ type }: RoomEvent): boolean => type === 'left' || type === 'typing'
export const isToldOnce = ({ type }: RoomEvent): boolean => ONCE.has(type)

const keyOf = (capabilities: LineCapabilities): string => Object.values(capabilities).map(Number).join('')

/** Events as lines of IRC. */
export class IrcRenderer {
  readonly words: Translator
  readonly people: IrcPeople
  /** By the links that readers get, and their capabilities. */
  readonly #encoders = new WeakMap<object, Map<string, Encoder<IrcLines>>>()

  #time = { at: Number.NaN, tag: '' }

  constructor(words: Translator, people: IrcPeople) {
    this.words = words
    this.people = people
  }

  /** `links`: the same object for readers who get the same links. */
  encoder(
    capabilities: LineCapabilities,
    links: { readonly linkOf: (room: string) => LinkOf | undefined },
  ): Encoder<IrcLines> {
    const known = this.#encoders.get(links) ?? new Map<string, Encoder<IrcLines>>()
    this.#encoders.set(links, known)
    const key = keyOf(capabilities)
    const encoder = known.get(key) ?? ((batch) => this.#encoded(batch, capabilities, links.linkOf(batch.room)))
    known.set(key, encoder)
    return encoder
  }

  #encoded(batch: Batch, capabilities: LineCapabilities, linkOf: LinkOf | undefined): IrcLines {
    const apart: number[] = []
    batch.events.forEach((event, index) => {
      if (audienceOf(event) !== undefined || isToldOnce(event) || isNoEcho(event)) apart.push(index)
    })
    const render = (event: RoomEvent) =>
      audienceOf(event) === undefined ? this.line(event, batch.room, capabilities, linkOf) : ''
    return { lines: { ...toLines(batch, render, hidesFromAuthor), personal: false }, apart }
  }

  /** An event that everybody may see. */
  line(event: RoomEvent, room: string, capabilities: LineCapabilities, linkOf?: LinkOf): string {
    const { people, words } = this
    const channel = `#${room}`
    const tags = this.#tags(event, room, capabilities)
    const notice = (text: string) => this.notice(channel, text, tags)
    const by = (verb: string, params: readonly string[], text?: string) => {
      const source = 'by' in event ? people.maskOf(event.by, room) : this.people.hostName
      return lineOf({ tags, source, verb, params, ...(text === undefined ? {} : { text }) })
    }
    switch (event.type) {
      case 'said':
      case 'acted':
        return this.#spoken(event, channel, room, tags, capabilities)
      case 'topicSet':
        return by('TOPIC', [channel], forTerminal(event.topic))
      case 'joined':
        people.arrived(event.by, room)
        return this.joined(event.by, room, capabilities)
      case 'left': {
        const line = this.#left(event, room)
        people.left(event.by, room)
        return line
      }
      case 'renamed': {
        const before = people.maskOf({ ...event.by, name: event.from }, room)
        return lineOf({ tags, source: before, verb: 'NICK', text: people.nickOf(event.by, room) })
      }
      case 'away':
        // An empty reason would say that they are back.
        return capabilities.away ? by('AWAY', [], forTerminal(event.reason) || words.say('awayNow')) : ''
      case 'back':
        return capabilities.away ? by('AWAY', []) : ''
      case 'typing':
        if (!capabilities.tags) return ''
        return lineOf({
          tags: '+typing=active',
          source: people.maskOf(event.by, room),
          verb: 'TAGMSG',
          params: [channel],
        })
      case 'opped':
        return by('MODE', [channel, '+o', people.nickOf(event.to, room)])
      case 'deopped':
        return by('MODE', [channel, '-o', event.name])
      case 'banned':
      case 'unbanned':
        return by('MODE', [channel, event.type === 'banned' ? '+b' : '-b', banMask(event.name)])
      case 'muted':
      case 'unmuted':
        return by('MODE', [channel, event.type === 'muted' ? '+b' : '-b', `m:${banMask(event.name)}`])
      case 'locked':
        return by('MODE', [channel, '+it'])
      case 'unlocked':
        return by('MODE', [channel, '-it'])
      case 'inviteOnlySet':
      case 'topicLockSet':
      case 'moderatorsSpeakSet':
      case 'unlistedSet':
        return by('MODE', [channel, `${event.on ? '+' : '-'}${MODE_OF[event.type]}`])
      case 'mostMembersSet':
        return by('MODE', event.most === 0 ? [channel, '-l'] : [channel, '+l', String(event.most)])
      case 'voiced':
        return by('MODE', [channel, '+v', people.nickOf(event.to, room)])
      case 'unvoiced':
        return by('MODE', [channel, '-v', event.name])
      case 'passwordSet':
      case 'passwordRemoved':
        return by('MODE', [channel, event.type === 'passwordSet' ? '+k' : '-k', '*'])
      case 'fileCompleted':
        return notice(fileLine(event.by.name, event.file, words, linkOf).slice(2))
      // For files that are for everybody there would be too many.
      case 'fileReceived':
      case 'fileServed':
      case 'fileProgressed':
      case 'shutOut':
        return ''
      case 'whispered':
        return ''
      default:
        return notice(eventText(event, words))
    }
  }

  /** The same of the past: a topic, a mode, or a moderator of that time is told in words, because clients would take it for today's. */
  pastLine(event: PastEvent, room: string, capabilities: LineCapabilities, linkOf?: LinkOf): string {
    switch (event.type) {
      case 'said':
      case 'acted':
      case 'whispered':
      case 'fileCompleted':
      case 'fileReceived':
      case 'fileServed':
      case 'shutOut':
      case 'missed':
        return this.line(event, room, capabilities, linkOf)
      default:
        return this.notice(`#${room}`, eventText(event, this.words), this.#tags(event, room, capabilities))
    }
  }

  /** An event with an audience, for one of those who may see it. */
  personal(event: RoomEvent, room: string, to: Recipient, capabilities: LineCapabilities): string {
    if (event.type === 'whispered') return this.#whispered(event, room, to, capabilities)
    const tags = this.#tags(event, room, capabilities)
    switch (event.type) {
      case 'fileCompleted': {
        const link = to.linkOf(event.file)
        const line = fileLine(event.by.name, event.file, this.words).slice(2)
        return this.notice(`#${room}`, link === undefined ? line : `${line} ${link}`, tags)
      }
      case 'said':
      case 'acted':
      case 'fileReceived':
      case 'fileServed':
      case 'fileProgressed':
      case 'typing':
        return ''
      default:
        return this.notice(`#${room}`, eventText(event, this.words), tags)
    }
  }

  /** What the host says, in as many lines as it needs. */
  notice(target: string, text: string, tags = ''): string {
    return this.#inPieces(text, { tags, source: this.people.hostName, verb: 'NOTICE', target })
  }

  joined(member: Member, room: string, { extendedJoin, away }: LineCapabilities): string {
    const source = this.people.maskOf(member, room)
    const channel = `#${room}`
    const line = extendedJoin
      ? lineOf({
          ...{ source, verb: 'JOIN', params: [channel, this.people.accountOf(member) ?? '*'] },
          text: forTerminal(this.people.realNameOf(member)),
        })
      : lineOf({ source, verb: 'JOIN', params: [channel] })
    const gone =
      away && member.away !== undefined
        ? lineOf({ source, verb: 'AWAY', text: forTerminal(member.away) || this.words.say('awayNow') })
        : ''
    const nick = this.people.nickOf(member, room)
    const mode = modeOf(member)
    return `${line}${gone}${mode === '' ? '' : lineOf({ source: this.people.hostName, verb: 'MODE', params: [channel, `+${mode}`, nick] })}`
  }

  #left({ by, reason, message, quit, kickedBy }: Extract<RoomEvent, { readonly type: 'left' }>, room: string): string {
    const channel = `#${room}`
    if (kickedBy !== undefined) {
      const nick = this.people.nickOf(by, room)
      const why = /^kicked by [^:]*: (.+)$/s.exec(reason)?.[1] ?? kickedBy.name
      return lineOf({
        source: this.people.maskOf(kickedBy, room),
        verb: 'KICK',
        params: [channel, nick],
        text: forTerminal(why),
      })
    }
    const source = this.people.maskOf(by, room)
    const why = message ?? (reason === 'left' ? undefined : reason)
    const text = why === undefined ? {} : { text: forTerminal(why) }
    return quit
      ? lineOf({ source, verb: 'QUIT', ...text })
      : lineOf({ source, verb: 'PART', params: [channel], ...text })
  }

  #spoken(event: Said | Acted, target: string, room: string, tags: string, { multiline }: LineCapabilities): string {
    const source = this.people.maskOf(event.by, room)
    const isAction = event.type === 'acted'
    return this.#inPieces(event.text, { tags, source, verb: verbOf(event), target, isAction, multiline })
  }

  #whispered(event: Whispered, room: string, to: Recipient, capabilities: LineCapabilities): string {
    const source = this.people.maskOf(event.by, room)
    const tags = this.#tags(event, room, capabilities)
    const { multiline } = capabilities
    const line = (target: string) =>
      this.#inPieces(event.text, { tags, source, verb: verbOf(event), target, multiline })
    const echo = event.by.id === to.id && to.echoes ? line(this.people.nickOf(event.to, room)) : ''
    return `${echo}${event.to.id === to.id ? line(to.nick) : ''}`
  }

  #tags(event: RoomEvent, room: string, { time, tags, account }: LineCapabilities): string {
    const known = account && 'by' in event ? this.people.accountOf(event.by) : undefined
    if (!isEntry(event) || !(time || tags)) return known === undefined ? '' : `account=${escapedTag(known)}`
    const parts = time ? [this.#timeOf(event.at)] : []
    if (tags) parts.push(`msgid=${escapedTag(`${room}-${event.seq}`)}`)
    if (known !== undefined) parts.push(`account=${escapedTag(known)}`)
    return parts.join(';')
  }

  /** Most entries of a batch have the time of the one before. */
  #timeOf(at: number): string {
    if (this.#time.at !== at) this.#time = { at, tag: `time=${new Date(at).toISOString()}` }
    return this.#time.tag
  }

  /** One message as a batch of lines (IRCv3, multiline): its tags are on the first of them. */
  #asBatch(text: string, { tags, source, verb, target }: Head, most: number): string {
    const reference = newReference()
    const lines = text.split('\n').flatMap((each) =>
      cutText(forTerminal(each), most).map((piece, index) =>
        lineOf({
          tags: `batch=${reference}${index === 0 ? '' : ';draft/multiline-concat'}`,
          ...{ source, verb, params: [target], text: piece },
        }),
      ),
    )
    const begin = lineOf({ tags, source, verb: 'BATCH', params: [`+${reference}`, 'draft/multiline', target] })
    return `${begin}${lines.join('')}${lineOf({ source, verb: 'BATCH', params: [`-${reference}`] })}`
  }

  /** A text in lines of its own, each short enough; what was one message is known by its id in the first. */
  #inPieces(text: string, line: Head & { readonly isAction?: boolean; readonly multiline?: boolean }): string {
    const { tags, source, verb, target, isAction = false, multiline = false } = line
    const head = `:${source} ${verb} ${target} :`
    // Nearly all are short, whatever characters they have: there is nothing to count.
    if (!isAction && MOST_UTF8_BYTES * (head.length + text.length) < LINE_BYTES && !text.includes('\n')) {
      const shown = forTerminal(text)
      if (shown.length <= text.length) return `${tags === '' ? '' : `@${tags} `}${head}${shown}\r\n`
    }
    const most = LINE_BYTES - Buffer.byteLength(`${head}\r\n`) - (isAction ? ACTION_BYTES : 0)
    const isLong = text.includes('\n') || Buffer.byteLength(text) > most
    if (multiline && isLong && !isAction) return this.#asBatch(text, line, most)
    const pieces = text.includes('\n') ? linesOf(text, most) : cutText(forTerminal(text), most)
    const first = (piece: string) => (isAction ? `\x01ACTION ${piece}\x01` : piece)
    if (pieces.length === 1) return lineOf({ tags, source, verb, params: [target], text: first(pieces[0] as string) })
    const later = tags.replace(/;?msgid=[^;]*/, '')
    return pieces
      .map((piece, index) =>
        lineOf({ tags: index === 0 ? tags : later, source, verb, params: [target], text: first(piece) }),
      )
      .join('')
  }
}

/** The names of what a line is made of, apart from its text. */
interface Head {
  readonly tags: string
  readonly source: string
  readonly verb: string
  readonly target: string
}

/** Of one unit of a string. */
const MOST_UTF8_BYTES = 3
const ACTION_BYTES = '\x01ACTION \x01'.length

function linesOf(text: string, most: number): readonly string[] {
  const lines = text.split('\n')
  const rest = lines.splice(MOST_LINES - 1).join('\n')
  return [...lines, ...(rest === '' ? [] : [rest])]
    .flatMap((line) => cutText(forTerminal(line), most))
    .filter((piece) => piece !== '')
}

/** Own messages are echoed to who asked for that; of all else authors are told like everybody. */
const hidesFromAuthor = ({ type }: RoomEvent): boolean => type === 'said' || type === 'acted'

const verbOf = (event: Said | Acted | Whispered): string =>
  'notice' in event && event.notice === true ? 'NOTICE' : 'PRIVMSG'

/** A name that bans or mutes hold for, as a mask. */
export const banMask = (name: string): string => (name.includes(':') ? name : `${name}!*@*`)

/** The entries that are a MODE. */
export const MODES: ReadonlySet<string> = new Set(
  [
    'opped deopped banned unbanned muted unmuted locked unlocked inviteOnlySet topicLockSet moderatorsSpeakSet',
    'unlistedSet mostMembersSet voiced unvoiced passwordSet passwordRemoved',
  ].flatMap((types) => types.split(' ')),
)

/** The letter of each rule that holds or not. */
const MODE_OF = {
  inviteOnlySet: 'i',
  topicLockSet: 't',
  moderatorsSpeakSet: 'm',
  unlistedSet: 's',
} as const

const modeOf = ({ role, voice }: Member): string =>
  role === undefined ? (voice === true ? 'v' : '') : role === 'owner' ? 'q' : 'o'

const PREFIXES: Readonly<Record<string, string>> = { q: '~', o: '@', v: '+' }

export const prefixOf = (member: Member): string => PREFIXES[modeOf(member)] ?? ''
