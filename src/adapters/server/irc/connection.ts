import { checkRoomName } from '#domain/names/room-name.ts'
import type { Cancel } from '#domain/ports/system.ts'
import { ClientSession } from '../connection/client-session.ts'
import type { ServedConnection } from '../connection/connections.ts'
import { hangUp } from '../connection/idle.ts'
import { Inbox } from '../connection/inbox.ts'
import type { IncomingConnection } from '../connection/incoming-connection.ts'
import { personOf } from '../connection/key-registry.ts'
import type { Reason, Wire } from '../connection/wire.ts'
import type { LineRenderer } from '../line/render.ts'
import type { Credentials } from '../security/access-control.ts'
import { type LineCapabilities, lineCapabilities } from './capabilities.ts'
import type { Channel, ChannelOwner } from './channel.ts'
import { type Fault, folded, IrcDecoder, lineOf, type Message } from './codec.ts'
import { type Labelled, labelled } from './labels.ts'
import type { Multiline } from './multiline.ts'
import type { IrcConnectionParts } from './parts.ts'
import type { IrcClient } from './people.ts'
import type { IrcRenderer } from './render.ts'
import type { Verb } from './verb.ts'

/** The time for a slow reader to take its waiting bytes before it is cut off. */
const LAST_WORDS_MS = 7000
/** After so much silence the client is asked whether it is there, which also keeps routers from forgetting the connection. */
const PING_MS = 240_000

/** What a client has told of itself before it is registered. */
interface Registration {
  hasUser: boolean
  /** It is choosing capabilities, until CAP END. */
  isChoosing: boolean
}

type Input = Message | Fault | 'end'

/** One IRC connection: a person in any number of rooms. `verbs.ts` has what it understands. */
export class IrcConnection implements Wire, ServedConnection, ChannelOwner, IrcClient {
  readonly incoming: IncomingConnection
  readonly parts: IrcConnectionParts<IrcConnection>
  readonly renderer: IrcRenderer
  readonly links: LineRenderer
  /** The member id, in all its rooms. */
  id: string
  /** The key by which its person is known again; undefined: for this connection only. */
  key: string | undefined
  /** The name of its login. */
  account: string | undefined
  /** What of a login has come. */
  sasl: string | undefined
  /** The capabilities that it has chosen. */
  readonly chosen = new Set<string>()
  /** By room. */
  readonly channels = new Map<string, Channel>()
  wrongKeys = 0
  user = 'tamtam'
  realName = ''
  token: string | undefined
  /** Why it is away; undefined where it is not. */
  away: string | undefined
  #nick: string | undefined
  /** The nicks of whose coming and going it is told, by skeleton. */
  readonly monitored = new Map<string, string>()
  readonly signedOnAt: number
  /** Invitations that it was given, by room. */
  readonly invitations = new Map<string, string>()
  /** A message of several lines whose end has not come yet. */
  multiline: Multiline | undefined
  #capabilities = lineCapabilities(this.chosen)
  readonly #decoder = new IrcDecoder()
  /** Outside of its rooms: its rate, its answers and its end are those of all of them. */
  readonly #client: ClientSession
  readonly #inbox: Inbox<Input>
  /** Undefined once its token is being looked at. */
  registration: Registration | undefined = { hasUser: false, isChoosing: false }
  #labelled: Labelled | undefined
  #cancelPing: Cancel = () => {}
  /** Why the others are told that it left, and its own words on that. */
  #leaving: readonly [reason: string, message?: string] = ['left']

  constructor(incoming: IncomingConnection, parts: IrcConnectionParts<IrcConnection>) {
    const { clock, id, links, renderer, settings } = parts
    this.incoming = incoming
    this.parts = parts
    this.renderer = renderer
    this.links = links
    this.id = id
    this.signedOnAt = clock.now()
    // Each channel hears of its closing, and of its drains.
    incoming.connection.setMaxListeners(0)
    const rate = { perSecond: settings.linesPerSecond, burst: settings.linesBurst }
    this.#client = new ClientSession(incoming, this, parts, { ...settings, ...rate, lostReason: 'left' }, id)
    this.#inbox = new Inbox({
      source: incoming.connection,
      handle: (item) => this.#handle(item),
      full: () => this.taken,
      failed: this.#client.failed,
    })
    this.#start()
  }

  #start(): void {
    const { connection, head } = this.incoming
    this.say(this.renderer.notice('*', 'this is IRC; for plain lines connect again and just type'))
    connection.on('data', (chunk: Buffer) => this.#read(chunk))
    connection.once('end', () => this.#inbox.push(['end']))
    this.#read(head)
    // The listener paused it, and its end may have come meanwhile.
    if (connection.readableEnded) this.#inbox.push(['end'])
    else if (this.#inbox.status === 'open' && !this.#inbox.waiting) connection.resume()
  }

  #read(chunk: Buffer): void {
    if (this.#inbox.status === 'open') this.#inbox.push(this.#decoder.push(chunk))
  }

  /** Hot path: a message goes through here without a promise. */
  #handle(item: Input): Promise<unknown> | undefined {
    if (item === 'end') {
      this.quit('you have closed the connection')
      return undefined
    }
    const wait = 'fault' in item ? this.#refuse(item) : this.#deal(item)
    const slow = this.#client.charge(1)
    return slow === undefined ? wait : Promise.all([wait, slow])
  }

  #refuse({ fault }: Fault): undefined {
    if (fault === 'tooLong') this.numeric('417', [], 'Input line was too long')
    else
      this.say(
        lineOf({ source: this.hostName, verb: 'FAIL', params: ['*', 'INVALID_UTF8'], text: 'write it in UTF-8' }),
      )
  }

  #deal(message: Message): Promise<unknown> | undefined {
    const { verb, params } = message
    const found = this.parts.verbNamed(verb)
    if (this.status !== 'outside' && found?.beforeAuth !== true) {
      // A closing one says nothing more.
      if (this.status === 'unauthenticated') this.numeric('451', [], 'You have not registered')
      return undefined
    }
    if (found === undefined || params.length < found.least) {
      if (found === undefined) this.numeric('421', [verb], 'Unknown command')
      else this.numeric('461', [verb], 'Not enough parameters')
      return undefined
    }
    const given = message.tags.get('label') ?? (verb === 'BATCH' ? this.multiline?.label : undefined)
    const label = this.chosen.has('labeled-response') ? given : undefined
    const run = () => (label === undefined ? found.run(this, message) : this.#answerWith(label, found, message))
    const settled = found.posts === true ? undefined : this.#settled()
    return settled === undefined ? run() : settled.then(run)
  }

  /** Lines of the answer are kept until it is whole, and then carry the label. */
  async #answerWith(label: string, { run }: Verb<IrcConnection>, message: Message): Promise<void> {
    const answer: Labelled = { label, lines: [], isEchoed: false }
    this.#labelled = answer
    try {
      await run(this, message)
    } finally {
      this.#labelled = undefined
    }
    const lines = labelled(answer, this.hostName)
    if (lines !== '') await this.say(lines)
  }

  /** The answer that is being made, where the client has given its command a label. */
  get answering(): Labelled | undefined {
    return this.#labelled
  }

  /** An answer comes behind one's own messages: resolves when they are committed. */
  #settled(): Promise<unknown> | undefined {
    const posted = [...this.channels.values()].filter(({ hasPosted }) => hasPosted)
    if (posted.length === 0) return undefined
    for (const channel of posted) channel.hasPosted = false
    // Says nothing new, and is answered behind all that was posted.
    return Promise.all(
      posted.map(({ client }) =>
        client.session?.member.away === undefined ? client.ask({ type: 'back' }) : undefined,
      ),
    )
  }

  get heardAt(): number {
    return this.#client.heardAt
  }

  /** `outside` once it is registered. */
  get status(): ClientSession['status'] {
    return this.#client.status
  }

  /** A star before it has one. */
  get nick(): string {
    return this.#nick ?? '*'
  }

  get hasNick(): boolean {
    return this.#nick !== undefined
  }

  calledNow(nick: string): void {
    this.#nick = nick
  }

  get hostName(): string {
    return this.renderer.people.hostName
  }

  get mask(): string {
    return this.renderer.people.maskOf({ id: this.id, name: this.nick }, '')
  }

  get capabilities(): LineCapabilities {
    return this.#capabilities
  }

  get echoes(): boolean {
    return this.chosen.has('echo-message')
  }

  /** It asks for the past itself. */
  get asksForHistory(): boolean {
    return this.chosen.has('draft/chathistory')
  }

  get longNames(): boolean {
    return this.chosen.has('userhost-in-names')
  }

  /** It has chosen other capabilities. */
  choose(changes: ReadonlyMap<string, boolean>): void {
    for (const [name, isOn] of changes) {
      if (isOn) this.chosen.add(name)
      else this.chosen.delete(name)
    }
    this.#capabilities = lineCapabilities(this.chosen)
    for (const channel of this.channels.values()) channel.capabilitiesChanged()
  }

  /** It is the person of this key from now on. Not while it is in rooms as somebody else. */
  becomes(key: string): boolean {
    const id = personOf(key)
    if (this.channels.size > 0 && id !== this.id) return false
    const { engine } = this.parts
    engine.dropNick(this.id)
    const { people } = this.renderer
    const isRegistered = this.status === 'outside'
    if (isRegistered) people.leave(this)
    this.key = key
    this.id = id
    this.account = undefined
    if (isRegistered) people.enter(this)
    // Somebody else cannot have taken it meanwhile.
    if (this.#nick !== undefined) void engine.keepNick(this.#nick, id)
    return true
  }

  credentials(): Credentials {
    return {
      connection: this,
      address: this.incoming.address,
      person: this.id,
      ...(this.token === undefined ? {} : { credential: this.token }),
    }
  }

  /** Its registration is complete: it is let in, or told why not. */
  async register(): Promise<boolean> {
    this.registration = undefined
    const isLetIn = await this.#isLetIn()
    if (this.status === 'closed') return false
    if (!isLetIn) {
      this.numeric('464', [], 'Password incorrect: this host wants its token, as the server password')
      this.quit('this host wants its token')
      return false
    }
    this.#client.admit()
    this.renderer.people.enter(this)
    this.#ping()
    return true
  }

  /** The token of the host, or an invitation to one of its rooms. */
  async #isLetIn(): Promise<boolean> {
    const { accessControl, engine } = this.parts
    const credentials = this.credentials()
    if (accessControl.isKnown(credentials)) return true
    if (this.token === undefined) return false
    const rooms = (await engine.rooms()).map(({ name }) => name)
    return (await accessControl.visible(credentials, rooms)).size > 0
  }

  #ping(): void {
    this.#cancelPing = this.parts.clock.after(PING_MS, () => {
      const { clock } = this.parts
      const isSilent = clock.elapsed() - this.heardAt >= PING_MS
      if (isSilent && this.#client.delivery.outbox.waiting === 0)
        this.say(lineOf({ verb: 'PING', text: this.hostName }))
      this.#ping()
    })
  }

  /** The channel of that name that it is in; where there is none, it is told so. */
  channel(name: string): Channel | undefined {
    const room = checkRoomName(name)
    const found = typeof room === 'string' && name.startsWith('#') ? this.channels.get(room) : undefined
    if (found?.session !== undefined) return found
    const exists = typeof room === 'string' && name.startsWith('#')
    this.numeric(exists ? '442' : '403', [name], exists ? "You're not on that channel" : 'No such channel')
    return undefined
  }

  tellsIn(channel: Channel, id: string): boolean {
    for (const each of this.channels.values()) {
      if (each === channel) return true
      if (each.session?.lists(id)) return false
    }
    return true
  }

  toldOfQuit(channel: Channel, id: string): void {
    for (const each of this.channels.values()) if (each !== channel) each.expectQuit(id)
  }

  isMe(nick: string): boolean {
    return folded(nick) === folded(this.nick)
  }

  say(line: string): Promise<void> | undefined {
    if (this.#labelled !== undefined) {
      this.#labelled.lines.push(line)
      return undefined
    }
    return this.#client.delivery.answer(Buffer.from(line))
  }

  /** Resolves when the client has taken its answers; undefined where it has. */
  get taken(): Promise<void> | undefined {
    return this.#client.delivery.answersTaken
  }

  numeric(code: string, params: readonly string[], text?: string): undefined {
    const rest = text === undefined ? {} : { text }
    void this.say(lineOf({ source: this.hostName, verb: code, params: [this.nick, ...params], ...rest }))
  }

  /** A sentence for this person alone. */
  tell(text: string): void {
    void this.say(this.renderer.notice(this.nick, text))
  }

  parted(channel: Channel): void {
    if (this.channels.get(channel.room) === channel) this.channels.delete(channel.room)
  }

  charge(lines: number): void {
    void this.#client.charge(lines)
  }

  /** Pays for something dear; resolves when it may be done. */
  pay(lines: number): Promise<void> {
    return this.#client.pay(lines)
  }

  stopReading(): void {
    this.#inbox.stop()
  }

  farewell(why: string): Promise<void> {
    this.#leaving = [why]
    return this.#client.farewell(why)
  }

  sweep(now: number, ms: number): void {
    this.#client.sweep(now, ms)
  }

  /** Tells the client why, and ends. `message`: what the others are told. */
  quit(why: string, message?: string): void {
    this.#leaving = message === undefined ? ['left'] : ['left', message]
    void this.#client.close({ code: 'CLOSED', message: why })
  }

  // Of `Wire`: each room has another.

  deliver(): void {}
  reply(): void {}

  async close(why: Reason | undefined): Promise<void> {
    const { connection } = this.incoming
    this.#inbox.close()
    this.#labelled = undefined
    const reason = why?.code === 'TIMEOUT' ? 'registration took too long' : why?.message
    if (reason !== undefined) void this.say(lineOf({ verb: 'ERROR', text: `Closing link: ${reason}` }))
    this.#cancelPing()
    this.parts.monitors.forget(this)
    const { people } = this.renderer
    if (people.clientsOf(this.id).includes(this)) people.remember(this, this.parts.clock.now())
    hangUp(connection, this.parts.clock, LAST_WORDS_MS)
    await Promise.all(Array.from(this.channels.values(), ({ client }) => client.close(undefined, ...this.#leaving)))
    this.parts.engine.dropNick(this.id)
    people.leave(this)
  }
}
