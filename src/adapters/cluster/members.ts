import { randomBytes } from 'node:crypto'
import { type Rejected, rejected } from '#domain/errors.ts'
import { failureText } from '#domain/names/text.ts'
import type { ForgottenHost } from '#domain/ports/file-store.ts'
import type { SharedMembers, SharedRoom } from '#domain/ports/shared-members.ts'
import type { Cancel, Clock, Log, Metrics } from '#domain/ports/system.ts'
import type { Ack, Kick } from '#domain/room/commands.ts'
import type { MemberNews } from '#domain/room/elsewhere.ts'
import type { Member } from '#domain/room/events.ts'
import type { MessageBus } from './bus.ts'
import { ClusterRefused } from './errors.ts'
import { type Greeting, MemberCodec } from './member-message.ts'
import type { Subjects } from './subjects.ts'

const BEAT_MS = 1000
/** A node without a beat for this long is gone, along with its members. */
const SILENT_MS = 6000
/** A beat this late was not late for the others: this node was suspended. */
const LATE_MS = 3000
/** Each room's number is repeated at this interval, so that a lost last message is noticed. */
const AGAIN_BEATS = 10
const ASK_MS = 1000
const KICK_MS = 2000
/** Time for a node to compare its files one by one. */
const FORGET_MS = 60_000
/** The largest number of lost files that are named. */
const MOST_LOST = 1000
const NOTHING = new Uint8Array(0)
/** Time for present nodes to greet a starting one. */
const GREET_MS = 250
/** News in one message, and members in one list; the rest follows as news. */
const MOST_NEWS = 1000
const MOST_LISTED = 4000

/** A room in use at this node. */
interface OpenRoom {
  readonly name: string
  readonly room: SharedRoom
  readonly stop: () => void
  /** The number of the newest message from this node about the room. */
  sent: number
  readonly hosts: Map<string, Heard>
}

/** The state of another node in a room. */
interface Heard {
  /** The number up to which its news is applied. */
  seen: number
  /** Its list was requested: news that arrives before the answer waits. */
  waiting: { readonly number: number; readonly news: readonly MemberNews[] }[] | undefined
}

export interface ClusterMembersParts {
  readonly bus: MessageBus
  readonly subjects: Subjects
  /** This node's name. */
  readonly node: string
  readonly key: string | undefined
  readonly version: string
  /** Milliseconds that this node may be behind the log. */
  readonly lagMs: () => number
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

/**
 * Presence in a cluster. Each node numbers its news about a room without gaps; after a gap, it is asked for its members. Each node sends
 * a beat every second.
 */
export class ClusterMembers implements SharedMembers {
  readonly #parts: ClusterMembersParts
  readonly #codec: MemberCodec
  /** This node since its start: after another start it is another node. */
  readonly host: string
  readonly #rooms = new Map<string, OpenRoom>()
  /** Time of each other node's last beat, by the clock's `elapsed`. */
  readonly #heardAt = new Map<string, number>()
  /** The address of each other node. */
  readonly #urls = new Map<string, string>()
  /** This node's address, once it listens. */
  url: string | undefined
  /** Time at which another node was last present. */
  #othersAt = 0
  #stops: (() => void)[] = []
  #cancelBeat: Cancel = () => {}
  #isUp = false
  #beats = 0
  #beatAt = 0
  #wasCut = false
  #isJustBack = false
  #openedAt = 0
  #back: () => void = () => {}
  #forget: (node: string) => Promise<ForgottenHost> = async () => ({ copying: 0, lost: [] })
  /** The largest number used in any room: a room that is used again continues after it. */
  #top = 0
  /** The rooms of each member at this node. */
  readonly #own = new Map<string, Set<string>>()

  constructor(parts: ClusterMembersParts) {
    this.#parts = parts
    this.host = `${parts.node}.${randomBytes(6).toString('base64url')}`
    this.#codec = new MemberCodec(parts.key ?? '')
  }

  /** The other nodes with a recent beat. */
  get others(): readonly string[] {
    return [...this.#heardAt.keys()]
  }

  /** This node's name. */
  get node(): string {
    return this.#parts.node
  }

  /** The other nodes that can be asked. */
  get nodes(): readonly { readonly node: string; readonly url: string }[] {
    return this.others.flatMap((host) => {
      const url = this.#urls.get(host)
      return url === undefined ? [] : [{ node: nameOf(host), url }]
    })
  }

  /** Time without another node. */
  get aloneMs(): number {
    const now = this.#parts.clock.elapsed()
    if (this.#heardAt.size > 0) this.#othersAt = now
    return now - Math.max(this.#othersAt, this.#openedAt)
  }

  /** Whether a node is alive, as far as this one knows: right after its start it has not heard from all. */
  lives(host: string): boolean {
    if (host === this.host || this.#heardAt.has(host)) return true
    return this.#parts.clock.elapsed() - this.#openedAt < SILENT_MS && nameOf(host) !== this.#parts.node
  }

  /** Calls `back` each time this node reaches the others again. */
  onBack(back: () => void): void {
    this.#back = back
  }

  /** `forget` is called with the name of a node that is lost for good. */
  onForget(forget: (node: string) => Promise<ForgottenHost>): void {
    this.#forget = forget
  }

  async open(): Promise<void> {
    if (this.#stops.length > 0) return
    const { bus, clock, subjects } = this.#parts
    this.#openedAt = clock.elapsed()
    this.#stops = [
      bus.subscribe(subjects.beat, (data) => this.#hearBeat(data)),
      bus.subscribe(subjects.node(this.host), (data, answer) => answer && void this.#serve(data, answer)),
    ]
    this.#greet('ask')
    await new Promise<void>((resolve) => clock.after(GREET_MS, resolve))
    const twin = this.others.find((host) => nameOf(host) === this.#parts.node)
    if (twin !== undefined) {
      this.#end()
      throw new ClusterRefused(
        'CLUSTER_NODE_TAKEN',
        `another node of the cluster is called ${this.#parts.node} and lives; stop it, or give this one another name with --node`,
      )
    }
    this.#isUp = true
    this.#greet('new')
    this.#beatAt = clock.elapsed()
    this.#cancelBeat = clock.after(BEAT_MS, () => this.#beat())
  }

  async close(): Promise<void> {
    if (this.#stops.length === 0) return
    this.#cancelBeat()
    this.#greet('bye')
    this.#end()
  }

  #end(): void {
    this.#isUp = false
    for (const stop of this.#stops) stop()
    for (const name of [...this.#rooms.keys()]) this.leave(name)
    this.#stops = []
    this.#heardAt.clear()
  }

  async enter(name: string, room: SharedRoom): Promise<void> {
    const subject = this.#parts.subjects.members(name)
    const stop = this.#parts.bus.subscribe(subject, (data) => this.#hearNews(name, data))
    this.#top++
    const open = { name, room, stop, sent: this.#top, hosts: new Map() }
    this.#rooms.set(name, open)
    await Promise.all(this.others.map((host) => this.#ask(open, host)))
  }

  leave(name: string): void {
    this.#rooms.get(name)?.stop()
    this.#rooms.delete(name)
  }

  tell(name: string, news: readonly MemberNews[]): void {
    const open = this.#rooms.get(name)
    if (open === undefined) return
    for (const each of news) this.#note(name, each)
    for (let from = 0; from < news.length; from += MOST_NEWS) this.#send(open, news.slice(from, from + MOST_NEWS))
  }

  async roomsOf(member: string): Promise<readonly string[]> {
    const { bus, subjects } = this.#parts
    if (!bus.isConnected) return []
    const answers = this.others.map(async (host) => {
      const subject = subjects.node(host)
      const answer = await bus.request(subject, this.#codec.encodeWish(subject, { type: 'where', member }), ASK_MS)
      return (answer && this.#codec.decodeRooms(subject, answer)) ?? []
    })
    return (await Promise.all(answers)).flat()
  }

  async kick(host: string, name: string, by: Member, command: Kick): Promise<Ack | Rejected> {
    const { bus, subjects } = this.#parts
    const subject = subjects.node(host)
    const wish = this.#codec.encodeWish(subject, { type: 'kick', room: name, by, command })
    const answer = await bus.request(subject, wish, KICK_MS)
    return (answer && this.#codec.decodeOutcome(subject, answer)) ?? unreached
  }

  #note(room: string, { event }: MemberNews): void {
    const rooms = this.#own.get(event.by.id) ?? new Set()
    if (event.type === 'joined') this.#own.set(event.by.id, rooms.add(room))
    if (event.type === 'left' && rooms.delete(room) && rooms.size === 0) this.#own.delete(event.by.id)
  }

  #send(open: OpenRoom, news: readonly MemberNews[]): void {
    if (news.length > 0) open.sent++
    this.#top = Math.max(this.#top, open.sent)
    const subject = this.#parts.subjects.members(open.name)
    this.#publish(subject, this.#codec.encodeNews(subject, { host: this.host, number: open.sent, news }))
  }

  #publish(subject: string, data: Uint8Array): void {
    this.#parts.bus.publish(subject, data)
  }

  #greet(type: Greeting['type']): void {
    const { lagMs, subjects, version } = this.#parts
    const { beat } = subjects
    let members = 0
    for (const { room } of this.#rooms.values()) members += room.count
    const greeting = {
      host: this.host,
      type,
      members,
      lagMs: Math.round(lagMs()),
      version,
      ...(this.url === undefined ? {} : { url: this.url }),
    }
    this.#publish(beat, this.#codec.encodeGreeting(beat, greeting))
  }

  #beat(): void {
    const { bus, clock } = this.#parts
    this.#cancelBeat = clock.after(BEAT_MS, () => this.#beat())
    const now = clock.elapsed()
    const isLate = now - this.#beatAt > BEAT_MS + LATE_MS
    this.#beatAt = now
    this.#beats++
    this.#greet('here')
    if (this.#beats % AGAIN_BEATS === 0)
      for (const open of this.#rooms.values()) if (open.room.count > 0) this.#send(open, [])
    // A node that was cut off or suspended has missed all beats, and knows nothing about the others.
    const isBack = bus.isConnected && this.#wasCut
    this.#wasCut = !bus.isConnected
    if (!bus.isConnected || isBack || isLate) for (const host of this.#heardAt.keys()) this.#heardAt.set(host, now)
    // By now the others have been heard.
    if (this.#isJustBack) this.#back()
    this.#isJustBack = isBack
    if (isBack) {
      for (const other of this.others) void this.#askAll(other)
    }
    for (const [host, heardAt] of this.#heardAt) if (now - heardAt > SILENT_MS) this.#lose(host)
  }

  #hearBeat(data: Uint8Array): void {
    const greeting = this.#codec.decodeGreeting(this.#parts.subjects.beat, data)
    if (greeting === undefined || greeting.host === this.host) return
    const { host, type, url } = greeting
    if (type === 'ask') {
      // Of two nodes starting at once, one is first.
      if (this.#isUp || this.host < host) this.#greet('here')
      // It may have missed this node's question.
      else if (nameOf(host) === this.#parts.node) this.#hear(host)
      return
    }
    if (url !== undefined && type !== 'bye') this.#urls.set(host, url)
    if (type === 'new') {
      // It was restarted: its earlier state is gone.
      for (const other of this.others) if (nameOf(other) === nameOf(host) && other !== host) this.#lose(other)
    }
    if (type === 'bye') this.#lose(host)
    else this.#hear(host)
  }

  #hear(host: string): void {
    const isNew = !this.#heardAt.has(host)
    this.#heardAt.set(host, this.#parts.clock.elapsed())
    if (isNew) void this.#askAll(host)
  }

  #lose(host: string): void {
    this.#urls.delete(host)
    if (!this.#heardAt.delete(host)) return
    this.#othersAt = this.#parts.clock.elapsed()
    this.#parts.log.warn('a node of the cluster is gone', { node: host })
    for (const { room, hosts } of this.#rooms.values()) if (hosts.delete(host)) room.list(host, [], GONE)
  }

  #hearNews(name: string, data: Uint8Array): void {
    const open = this.#rooms.get(name)
    const heard = this.#codec.decodeNews(this.#parts.subjects.members(name), data)
    if (open === undefined || heard === undefined || heard.host === this.host) return
    const { host, number, news } = heard
    this.#hear(host)
    const known = open.hosts.get(host)
    if (known?.waiting !== undefined) {
      known.waiting.push({ number, news })
      return
    }
    if (known !== undefined && number <= known.seen) return
    if (known !== undefined && number === known.seen + 1 && news.length > 0) {
      known.seen = number
      open.room.hear(host, news)
    } else {
      this.#parts.metrics.count('cluster_members_asked')
      void this.#ask(open, host)
    }
  }

  /** One room after the other, so that a node that comes back is not flooded with questions. */
  async #askAll(host: string): Promise<void> {
    for (const open of [...this.#rooms.values()]) await this.#ask(open, host)
  }

  /** Asks a node for its members in a room; its news in the meantime is applied after the answer. */
  async #ask(open: OpenRoom, host: string): Promise<void> {
    const known = open.hosts.get(host) ?? { seen: 0, waiting: undefined }
    if (known.waiting !== undefined) return
    open.hosts.set(host, known)
    known.waiting = []
    const { bus, subjects } = this.#parts
    const subject = subjects.node(host)
    const answer = await bus.request(
      subject,
      this.#codec.encodeWish(subject, { type: 'list', room: open.name }),
      ASK_MS,
    )
    const list = answer && this.#codec.decodeNews(subject, answer)
    const waiting = known.waiting
    known.waiting = undefined
    if (this.#rooms.get(open.name) !== open || open.hosts.get(host) !== known) return
    if (list === undefined) {
      // Its next number asks again.
      known.seen = -1
      return
    }
    known.seen = list.number
    this.#hear(host)
    open.room.list(host, list.news)
    for (const { number, news } of waiting) {
      if (number <= known.seen) continue
      if (number !== known.seen + 1) return await this.#ask(open, host)
      known.seen = number
      open.room.hear(host, news)
    }
  }

  async #serve(data: Uint8Array, answer: (data: Uint8Array) => void): Promise<void> {
    const subject = this.#parts.subjects.node(this.host)
    const wish = this.#codec.decodeWish(subject, data)
    if (wish === undefined) return
    if (wish.type === 'where') {
      answer(this.#codec.encodeRooms(subject, [...(this.#own.get(wish.member) ?? [])]))
      return
    }
    if (wish.type === 'forget') {
      const forgotten = await this.#forgetNode(wish.node)
      answer(forgotten === undefined ? NOTHING : this.#codec.encodeForgotten(subject, forgotten))
      return
    }
    const open = this.#rooms.get(wish.room)
    if (wish.type === 'kick') {
      const { by, command } = wish
      answer(this.#codec.encodeOutcome(subject, (await open?.room.kick(by, command)) ?? unreached))
      return
    }
    const own = open?.room.own ?? []
    const number = open?.sent ?? this.#top
    answer(this.#codec.encodeNews(subject, { host: this.host, number, news: own.slice(0, MOST_LISTED) }))
    if (own.length > MOST_LISTED) this.tell(wish.room, own.slice(MOST_LISTED))
  }

  async #forgetNode(node: string): Promise<ForgottenHost | undefined> {
    if (this.#parts.node === node || this.others.some((host) => nameOf(host) === node)) return undefined
    try {
      const { copying, lost } = await this.#forget(node)
      return { copying, lost: lost.slice(0, MOST_LOST) }
    } catch (error) {
      this.#parts.log.warn('the files of a lost node could not be looked for', { node, error: failureText(error) })
      return undefined
    }
  }
}

/** The content of a node's beat. */
export interface Beat extends Omit<Greeting, 'type'> {
  /** Its name. */
  readonly node: string
}

/** Calls `take` with each node's beat. */
export function listenForBeats(
  bus: MessageBus,
  { beat }: Subjects,
  key: string | undefined,
  take: (beat: Beat) => void,
): void {
  const codec = new MemberCodec(key ?? '')
  bus.subscribe(beat, (data) => {
    const { type, ...greeting } = codec.decodeGreeting(beat, data) ?? { type: 'bye' }
    if (type === 'here' && 'host' in greeting) take({ ...greeting, node: nameOf(greeting.host) })
  })
}

/** Asks a node to forget one that is lost for good; undefined if it refuses, or does not answer in time. */
export async function askToForget(
  bus: MessageBus,
  subjects: Subjects,
  key: string | undefined,
  { host, node }: { readonly host: string; readonly node: string },
): Promise<ForgottenHost | undefined> {
  const codec = new MemberCodec(key ?? '')
  const subject = subjects.node(host)
  const answer = await bus.request(subject, codec.encodeWish(subject, { type: 'forget', node }), FORGET_MS)
  return answer && codec.decodeForgotten(subject, answer)
}

const nameOf = (host: string): string => host.slice(0, host.lastIndexOf('.'))

const GONE = 'their machine is gone'
const unreached = rejected('BUSY', 'the machine that this member is with does not answer; try again in a moment')
