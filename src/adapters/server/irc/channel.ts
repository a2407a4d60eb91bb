import type { LocalSession } from '#domain/engine/session.ts'
import type { Rejected } from '#domain/errors.ts'
import type { Clock } from '#domain/ports/system.ts'
import type { Batch, Encoder } from '#domain/room/batch.ts'
import type { ClientCommand } from '#domain/room/commands.ts'
import { isMessage, type Member, type PastEvent, type RoomEvent, type WholeFile } from '#domain/room/events.ts'
import { audienceOf } from '#domain/room/visibility.ts'
import { ruleTexts } from '#i18n/render-answer.ts'
import { fileLine, type LinkOf } from '#i18n/render-event.ts'
import type { Translator } from '#i18n/translator.ts'
import { portion, type Reading } from '../connection/batch-lines.ts'
import { MemberCaller } from '../connection/caller.ts'
import { ClientSession, type ClientSessionParts } from '../connection/client-session.ts'
import { portionsBefore } from '../connection/history-pages.ts'
import type { IncomingConnection } from '../connection/incoming-connection.ts'
import { COSTS, priceOfItems } from '../connection/rate-limit.ts'
import type { ClientSessionSettings } from '../connection/settings.ts'
import type { Joined, Reason, Wire } from '../connection/wire.ts'
import type { LineRenderer, Links } from '../line/render.ts'
import type { LineSettings } from '../line/settings.ts'
import type { AccessControl } from '../security/access-control.ts'
import type { SignedLinkHolder } from '../security/signed-links.ts'
import type { LineCapabilities } from './capabilities.ts'
import { LINE_BYTES, lineOf } from './codec.ts'
import { labelTag, withTag } from './labels.ts'
import { type IrcLines, type IrcRenderer, isNoEcho, isToldOnce, prefixOf, type Recipient } from './render.ts'

/** Entries of history that a client with times gets when it joins. */
const PLAYED_BACK = 20
const MS_PER_SECOND = 1000
const LINK = /^https?:\/\/\S+\/files\/([^/?\s]+)(?:[/?]\S*)?$/
/** A client that has sent a file says its link so soon. */
const LINK_MS = 60_000

/** The IRC connection that a channel belongs to. */
export interface ChannelOwner {
  readonly incoming: IncomingConnection
  readonly nick: string
  /** What the host calls itself. */
  readonly hostName: string
  /** Own messages are sent back to it. */
  readonly echoes: boolean
  readonly capabilities: LineCapabilities
  readonly asksForHistory: boolean
  /** Lists of names have whole masks in them. */
  readonly longNames: boolean
  readonly renderer: IrcRenderer
  readonly links: LineRenderer
  /** Whether this is the channel in which it is told of what a member does in all rooms at once. */
  tellsIn(channel: Channel, id: string): boolean
  /** Somebody has left the host: their leaving is not told again by other channels. */
  toldOfQuit(channel: Channel, id: string): void
  numeric(code: string, params: readonly string[], text?: string): void
  say(line: string): Promise<void> | undefined
  charge(lines: number): void
  pay(lines: number): Promise<void>
  /** Keeps the host's token. */
  token: string | undefined
  /** The nick of the person is another one now. */
  calledNow(nick: string): void
  /** The channel is over. */
  parted(channel: Channel): void
}

/** One room of an IRC connection, and who gives commands in it. */
export class Channel extends MemberCaller implements Wire {
  readonly room: string
  readonly client: ClientSession
  /** Messages were posted that no answer has waited for yet. */
  hasPosted = false
  readonly #owner: ChannelOwner
  readonly accessControl: AccessControl
  readonly settings: LineSettings
  readonly #clock: Clock
  #session: LocalSession | undefined
  #links: Links
  #holder: SignedLinkHolder | undefined
  #encoder: Encoder<IrcLines>
  /** The reader, as its own messages are cut out of a batch. */
  #reading: Reading | undefined
  #wasKicked = false
  /** Messages that were sent with a label, and come back with it. */
  readonly #echoes: { readonly label: string; readonly text: string }[] = []
  /** Members of whose leaving the client was told by another channel. */
  readonly #quits = new Set<string>()

  constructor(
    room: string,
    owner: ChannelOwner,
    parts: ClientSessionParts & { readonly settings: LineSettings },
    settings: ClientSessionSettings,
    id: string | undefined,
  ) {
    super()
    this.room = room
    this.#owner = owner
    this.accessControl = parts.accessControl
    this.settings = parts.settings
    this.#clock = parts.clock
    this.#links = owner.links.links(owner.incoming.base, undefined)
    this.#encoder = owner.renderer.encoder(owner.capabilities, this.#links)
    this.client = new ClientSession(owner.incoming, this, parts, settings, id)
  }

  get name(): string {
    return `#${this.room}`
  }

  get words(): Translator {
    return this.#owner.renderer.words
  }

  get base(): string | undefined {
    return this.#owner.incoming.base
  }

  get linkOf(): LinkOf | undefined {
    return this.#links.linkOf(this.room)
  }

  /** The capabilities of the connection are others now. */
  capabilitiesChanged(): void {
    const { capabilities, echoes, renderer } = this.#owner
    this.#encoder = renderer.encoder(capabilities, this.#links)
    const session = this.#session
    this.#reading = echoes && session !== undefined ? { id: '', sees: (event) => session.sees(event) } : session
  }

  reply(answer: Joined | Rejected): void {
    if (answer.type === 'rejected')
      this.#owner.numeric('404', [this.name], `${answer.code} ${this.words.refusal(answer)}`)
    else this.#joined(answer)
  }

  #joined({ session, credentials }: Joined): void {
    const owner = this.#owner
    const { people, words } = owner.renderer
    this.#session = session
    this.#holder = this.accessControl.holderOf(credentials, session.room)
    this.#links = owner.links.links(owner.incoming.base, this.#holder)
    this.capabilitiesChanged()
    people.opened(this.room)
    const members = session.publishedMembers
    for (const member of members.values()) people.arrived(member, this.room)
    if (session.member.name !== owner.nick) {
      const source = people.maskOf({ ...session.member, name: owner.nick }, this.room)
      owner.say(lineOf({ source, verb: 'NICK', text: session.member.name }))
      owner.calledNow(session.member.name)
    }
    owner.say(owner.renderer.joined(session.member, this.room, owner.capabilities))
    if (session.rules.topic !== '') this.tellTopic()
    this.tellNames(members.values())
    for (const text of ruleTexts(session.rules, words)) owner.say(owner.renderer.notice(this.name, text))
    owner.charge(priceOfItems(COSTS.members, members.size))
    if (!owner.capabilities.time || owner.asksForHistory || session.last === 0) return
    this.client.delivery.hold()
    this.#playBack(session).catch(this.client.failed)
  }

  /** The newest entries up to the joining, with their times; then all that came since. */
  async #playBack(session: LocalSession): Promise<void> {
    for await (const { events } of portionsBefore(session, session.after + 1, PLAYED_BACK)) {
      if (this.session !== session) return
      const lines = session.current(events).map((event) => this.pastLine(event, session))
      if (lines.length > 0) this.client.delivery.outbox.write(Buffer.from(lines.join('')))
    }
    this.client.delivery.release()
  }

  /** An entry that is read again; empty where it is not for this reader. `isPlayed`: as it was, where IRC has a line for it. */
  pastLine(event: PastEvent, session: LocalSession, isPlayed = false): string {
    const { capabilities, renderer } = this.#owner
    if (audienceOf(event) !== undefined) return this.#own(event, session) ?? ''
    return isPlayed
      ? renderer.line(event, this.room, capabilities, this.linkOf)
      : renderer.pastLine(event, this.room, capabilities, this.linkOf)
  }

  /** Whether a text is nothing but the link of an own file, which the room was just told of. */
  hasJustTold(text: string): boolean {
    const [, id] = LINK.exec(text.trim()) ?? []
    const found = id === undefined ? undefined : this.#session?.file(id)
    if (found?.status !== 'whole' || found.by.id !== this.#session?.id) return false
    return this.#clock.now() - found.at < LINK_MS
  }

  /** The next message of one's own with this text is the answer to a command with a label. */
  expectEcho(label: string, text: string): void {
    this.#echoes.push({ label, text })
  }

  /** It was refused. */
  unexpectEcho(): void {
    this.#echoes.pop()
  }

  deliver(batch: Batch, session: LocalSession): void {
    const { outbox } = this.client.delivery
    const encoded = batch.encoded(this.#encoder)
    const isShared = encoded.apart.length === 0 && this.#echoes.length === 0
    const pieces = isShared ? portion(encoded.lines, this.#reading ?? session) : this.#pieces(encoded, session)
    if (pieces.length > 0) outbox.writeAll(pieces)
    // It is told of those who have left once it has caught up.
    if (outbox.full) this.#quits.clear()
  }

  /** Looks at events one by one: some are for this reader alone, or not for it. */
  #pieces({ lines, apart }: IrcLines, session: LocalSession): readonly Buffer[] {
    const pieces: Buffer[] = []
    const reading = this.#reading ?? session
    let from = 0
    const looksAtAll = this.#echoes.length > 0
    for (const index of looksAtAll ? lines.events.keys() : apart) {
      const own = this.#own(lines.events[index] as RoomEvent, session)
      if (own === undefined) continue
      pieces.push(...portion(lines, reading, from, index))
      if (own !== '') pieces.push(Buffer.from(own))
      from = index + 1
    }
    pieces.push(...portion(lines, reading, from))
    return pieces
  }

  /** A message of one's own that comes back with the label that it was sent with. */
  #echo(event: RoomEvent, session: LocalSession): string | undefined {
    const isOwn = isMessage(event) && event.by.id === session.id
    const [echo] = this.#echoes
    if (!isOwn || echo === undefined || echo.text !== event.text) return undefined
    this.#echoes.shift()
    const { capabilities, renderer } = this.#owner
    const line =
      event.type === 'whispered'
        ? renderer.personal(event, this.room, this.#recipient(session), capabilities)
        : renderer.line(event, this.room, capabilities)
    return withTag(line, labelTag(echo.label))
  }

  /** The line that this reader gets of an event, empty where it gets none; undefined: the same as all others. */
  #own(event: RoomEvent, session: LocalSession): string | undefined {
    const { capabilities, renderer } = this.#owner
    const echo = this.#echoes.length === 0 ? undefined : this.#echo(event, session)
    if (echo !== undefined) return echo
    if (audienceOf(event) !== undefined)
      return session.sees(event) ? renderer.personal(event, this.room, this.#recipient(session), capabilities) : ''
    if (isNoEcho(event) && 'by' in event && event.by.id === session.id) {
      this.#wasKicked ||= event.type === 'left' && event.kickedBy !== undefined
      return this.#wasKicked ? undefined : ''
    }
    if (event.type === 'left' && event.quit === true && event.kickedBy === undefined) {
      if (this.#quits.delete(event.by.id)) return ''
      this.#owner.toldOfQuit(this, event.by.id)
      return undefined
    }
    if (!isToldOnce(event) || !('by' in event)) return undefined
    if (!this.#owner.tellsIn(this, event.by.id)) return ''
    if (event.type === 'renamed' && event.by.id === session.id) this.#owner.calledNow(event.by.name)
    return undefined
  }

  /** Another channel has told that somebody left the host: clients drop them from all channels. */
  expectQuit(id: string): void {
    const { delivery } = this.client
    if (!delivery.following) delivery.drop(id)
    else if (this.session?.lists(id)) this.#quits.add(id)
  }

  #recipient({ id }: LocalSession): Recipient {
    const { echoes, nick } = this.#owner
    return { id, nick, echoes, linkOf: (file) => this.ownLink(file) }
  }

  /** The address of a file, also of one that is for this member alone; undefined where the client came without an address. */
  ownLink(file: Parameters<LinkOf>[0]): string | undefined {
    const { incoming, links } = this.#owner
    const session = this.#session
    if (incoming.base === undefined || session === undefined) return undefined
    return links.ownLink(incoming.base, this.#holder, session, file)
  }

  // As a caller of the commands of the table. IRC has words of its own for joining, leaving and quitting, and speaks the host's language.

  say(lines: string): Promise<void> | undefined {
    const { renderer } = this.#owner
    const notices = lines.split('\n').map((line) => renderer.notice(this.name, line.replace(/^\* +/, '')))
    return this.#owner.say(notices.join(''))
  }

  refuse(why: Reason, command?: ClientCommand): undefined {
    const code = NUMERICS[why.code] ?? '404'
    const nick = command === undefined ? '*' : 'name' in command ? command.name : 'to' in command ? command.to : '*'
    const about = code === '441' ? [nick, this.name] : [this.name]
    this.#owner.numeric(code, about, `${why.code} ${this.words.refusal(why)}`)
  }

  override pay(lines: number): Promise<void> {
    return this.#owner.pay(lines)
  }

  async authenticate(token: string): Promise<void> {
    this.#owner.token = token
    this.client.showToken(token)
  }

  /** Its link, whoever it is for. */
  async sendFile(by: string, file: WholeFile): Promise<void> {
    const link = this.ownLink(file)
    await this.say(`${fileLine(by, file, this.words)}${link === undefined ? '' : ` ${link}`}`)
  }

  /** 332 and the like. */
  tellTopic(): void {
    const topic = this.#session?.rules.topic ?? ''
    if (topic === '') this.#owner.numeric('331', [this.name], 'No topic is set')
    else this.#owner.numeric('332', [this.name], topic)
    const set = this.#session?.topicSet
    if (topic === '' || set === undefined) return
    const mask = this.#owner.renderer.people.maskOf(set.by, this.room)
    this.#owner.numeric('333', [this.name, mask, String(Math.floor(set.at / MS_PER_SECOND))])
  }

  /** 353, as many as it takes, and 366. */
  tellNames(members: Iterable<Member>): void {
    const owner = this.#owner
    const { longNames, nick, renderer } = owner
    const { people } = renderer
    const most = LINE_BYTES - Buffer.byteLength(`:${owner.hostName} 353 ${nick} = ${this.name} :\r\n`)
    let names: string[] = []
    let bytes = 0
    const flush = () => {
      if (names.length > 0) owner.numeric('353', ['=', this.name], names.join(' '))
      names = []
      bytes = 0
    }
    for (const member of members) {
      const called = longNames ? people.maskOf(member, this.room) : people.nickOf(member, this.room)
      const name = `${prefixOf(member)}${called}`
      const length = Buffer.byteLength(name) + 1
      if (bytes + length > most) flush()
      names.push(name)
      bytes += length
    }
    flush()
    owner.numeric('366', [this.name], 'End of /NAMES list')
  }

  close(why: Reason | undefined): undefined {
    const owner = this.#owner
    if (why !== undefined && this.#session !== undefined && !this.#wasKicked) {
      const text = owner.renderer.words.refusal(why)
      owner.say(lineOf({ source: owner.hostName, verb: 'KICK', params: [this.name, owner.nick], text }))
    }
    if (this.#session !== undefined) owner.renderer.people.closed(this.room)
    owner.parted(this)
  }
}

/** Numerics of refusals that have one of their own. */
const NUMERICS: Readonly<Record<string, string>> = {
  NO_SUCH_MEMBER: '441',
  NOT_ALLOWED: '482',
  NOT_OWNER: '482',
  LOCKED: '482',
  NOT_A_MEMBER: '442',
}
