import { expect } from 'vitest'
import { type LineHouse, openLineHouse, type Person } from '../helpers/line-house.ts'
import { turns } from '../helpers/turns.ts'
import { bodies, fileNames, fileToken, type Item, isCarried, MARK, parse, sha256, texts } from './told.ts'

/** Presence that a peer is told of; one that may be behind may miss it. */
interface Coming {
  readonly line: string
  readonly optional: boolean
}

interface Peer {
  readonly person: Person
  name: string
  room: string
  mode: 'inline' | 'links'
  stalled: boolean
  stalledAtMs: number
  here: boolean
  /** In which room it was, and what it had asked for, in each round. */
  readonly rounds: { readonly room: string; readonly mode: 'inline' | 'links' }[]
  readonly presence: Coming[]
  /** Answers to what it typed, as patterns, in order. */
  readonly answers: RegExp[]
}

/** Pairs of line feeds and such: how a chunk of input is cut into segments. */
export type Cut = 'whole' | 'bytes' | number

const NAMES = ['ani', 'budi', 'cici', 'Ani', 'eko'] as const
const ROOMS = ['lobby', 'den', 'attic'] as const
const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

/**
 * A house with a line door, and what must be seen there by whom: a model that knows the protocol's description and nothing
 * of how the house does it. What changes who is where happens alone; what is said meanwhile happens all at once.
 */
export class RoomModel {
  readonly #house: LineHouse
  readonly #peers: Peer[] = []
  readonly #items: Item[] = []
  readonly #topics = new Map<string, string>()
  /** Counts everything that must be told apart. */
  #number = 0
  #round = 0
  #silenceMs = 0
  /** Two who only listen, and are never behind: in what order they heard it is the order. */
  static readonly walls = 2

  private constructor(house: LineHouse) {
    this.#house = house
  }

  static async open(): Promise<RoomModel> {
    const house = await openLineHouse({
      line: { outboxMarkBytes: 64, bodyMarkBytes: 32, roomsPerConnection: 100 },
      limits: { pageEntries: 3, mailboxCommands: 5, commitCommands: 4 },
    })
    const model = new RoomModel(house)
    await model.enter()
    await model.enter()
    await model.move(1, 1)
    return model
  }

  /** The peers that are there, but for those who only listen. */
  get #talkers(): Peer[] {
    return this.#peers.slice(RoomModel.walls).filter(({ here }) => here)
  }

  #pick(at: number): Peer | undefined {
    const all = this.#talkers
    return all[at % all.length]
  }

  /** Lets everything go on that waits, but for the readers that stall. */
  async #settle(): Promise<void> {
    const { journal } = this.#house
    for (let quiet = 0; quiet < 2; quiet++) {
      journal.release()
      journal.releaseReads()
      await this.#house.calm()
      // A file that its reader took slowly has a long silence before its end mark.
      this.#house.clock.advance(this.#silenceMs)
      this.#silenceMs = 0
    }
    await this.#house.calm()
  }

  /** `change` happens alone, `peer` having read everything before; it is a round, and what is said afterwards is another. */
  async #alone(peer: Peer | undefined, change: () => void | Promise<void>): Promise<void> {
    if (peer !== undefined) this.#unstall(peer)
    await this.#settle()
    this.#beginRound()
    await change()
    await this.#settle()
    this.#beginRound()
  }

  #beginRound(): void {
    this.#round++
    for (const each of this.#peers) if (each.here) each.rounds[this.#round] = { room: each.room, mode: each.mode }
  }

  #tell(room: string, line: string, but: Peer): void {
    for (const each of this.#peers)
      if (each.here && each !== but && each.room === room) each.presence.push({ line, optional: each.stalled })
  }

  #unstall(peer: Peer): void {
    if (peer.stalled) this.#silenceMs = Math.max(this.#silenceMs, 2 * (this.#house.clock.elapsed() - peer.stalledAtMs))
    peer.stalled = false
    peer.person.connection.unstall()
  }

  async enter(): Promise<void> {
    if (this.#talkers.length >= 4) return
    await this.#alone(undefined, () => {
      const person = this.#house.connect('', 16)
      const name = `10.0.0.${this.#peers.length + 1}`
      const peer: Peer = {
        person,
        name,
        room: 'lobby',
        mode: 'inline',
        stalled: false,
        stalledAtMs: 0,
        here: true,
        rounds: [],
        presence: [],
        answers: [],
      }
      this.#tell('lobby', `* ${name} joined`, peer)
      this.#greet(peer)
      this.#peers.push(peer)
    })
  }

  async leave(at: number, how: 'quit' | 'destroy' | 'half close' | 'in a file'): Promise<void> {
    const peer = this.#pick(at)
    if (peer === undefined) return
    const { connection } = peer.person
    await this.#alone(peer, async () => {
      if (how === 'in a file') {
        const name = `${++this.#number}.part`
        connection.write(`/put 10 ${name}\nhalf`)
        await this.#settle()
        const why = 'the sender went away before the file was through'
        this.#say(peer, { inline: `* ${peer.name} is sending ${name} (10 B)` })
        this.#say(peer, { inline: `* ${name} from ${peer.name} does not arrive: ${why}` })
      } else if (how === 'quit') {
        peer.person.type('/quit')
        peer.answers.push(/^\* bye$/)
        await this.#settle()
      } else if (how === 'half close') {
        connection.end(`${++this.#number} last words`)
        this.#say(peer, { inline: `<${peer.name}> ${this.#number} last words` })
        await this.#settle()
        this.#house.clock.advance(60_000)
      }
      connection.destroy()
      this.#tell(peer.room, `* ${peer.name} left`, peer)
      peer.here = false
    })
  }

  async move(at: number, to: number): Promise<void> {
    const peer = this.#peers.length <= RoomModel.walls ? this.#peers[at] : this.#pick(at)
    const room = ROOMS[to % ROOMS.length] as string
    if (peer === undefined || peer.room === room) return
    await this.#alone(peer, () => {
      peer.person.type(`/join ${room}`)
      this.#tell(peer.room, `* ${peer.name} left`, peer)
      this.#tell(room, `* ${peer.name} joined`, peer)
      peer.room = room
      this.#greet(peer)
    })
  }

  #greet({ name, room, answers }: Peer): void {
    answers.push(new RegExp(`^\\* you are ${literally(name)} in ${room}: `))
    if (this.#topics.has(room)) answers.push(new RegExp(`^\\* topic: ${this.#topics.get(room)}$`))
  }

  async rename(at: number, to: number): Promise<void> {
    const peer = this.#pick(at)
    const name = NAMES[to % NAMES.length] as string
    if (peer === undefined || peer.name === name) return
    const isTaken = this.#talkers.some((each) => each !== peer && each.name.toLowerCase() === name.toLowerCase())
    await this.#alone(peer, () => {
      peer.person.type(`/nick ${name}`)
      peer.answers.push(isTaken ? /^! NAME_TAKEN / : new RegExp(`^\\* you are now ${name}$`))
      if (isTaken) return
      this.#tell(peer.room, `* ${peer.name} is now ${name}`, peer)
      peer.name = name
    })
  }

  async setTopic(at: number): Promise<void> {
    const peer = this.#pick(at)
    if (peer === undefined) return
    await this.#alone(peer, () => {
      const topic = `topic ${++this.#number}`
      peer.person.type(`/topic ${topic}`)
      this.#say(peer, { inline: `* ${peer.name} set the topic: ${topic}` })
      peer.answers.push(/^\* topic set$/)
      this.#topics.set(peer.room, topic)
    })
  }

  async askFor(at: number, mode: 'inline' | 'links'): Promise<void> {
    const peer = this.#pick(at)
    if (peer === undefined) return
    await this.#alone(peer, () => {
      peer.person.type(`/files ${mode}`)
      peer.answers.push(/^\* files come as /)
      peer.mode = mode
    })
  }

  // What follows happens all at once.

  stall(at: number): void {
    const peer = this.#pick(at)
    if (peer === undefined || peer.stalled) return
    peer.stalled = true
    peer.stalledAtMs = this.#house.clock.elapsed()
    peer.person.connection.stall()
  }

  unstall(at: number): void {
    const peer = this.#pick(at)
    if (peer !== undefined) this.#unstall(peer)
  }

  holdJournal(): void {
    this.#house.journal.hold()
  }

  holdReads(): void {
    if (this.#house.journal.waitingReads === 0) this.#house.journal.holdReads()
  }

  release(): void {
    this.#house.journal.release()
    this.#house.journal.releaseReads()
  }

  async pass(count: number): Promise<void> {
    for (let at = 0; at < count; at++) {
      await turns(1)
      this.#house.clock.advance(1)
    }
  }

  text(at: number, which: number, cut: Cut): void {
    const peer = this.#pick(at)
    if (peer === undefined) return
    const number = `${++this.#number}`
    const [typed, inline, links] = (texts[which % texts.length] ?? []).map((each) => each?.replaceAll('#', number))
    this.#write(peer, Buffer.from(`${typed}\n`), cut)
    this.#say(peer, { inline: `<${peer.name}> ${inline}`, links: `<${peer.name}> ${links ?? inline}` })
  }

  act(at: number, cut: Cut): void {
    const peer = this.#pick(at)
    if (peer === undefined) return
    this.#write(peer, Buffer.from(`/me waves ${++this.#number}\n`), cut)
    this.#say(peer, { inline: `* ${peer.name} waves ${this.#number}` })
  }

  whisper(at: number, whom: number, cut: Cut): void {
    const [peer, to] = [this.#pick(at), this.#pick(whom)]
    if (peer === undefined || to === undefined || peer === to || peer.room !== to.room) return
    this.#write(peer, Buffer.from(`/msg ${to.name} psst ${++this.#number}\n`), cut)
    this.#say(peer, { inline: `* ${peer.name} whispers: psst ${this.#number}`, to: this.#peers.indexOf(to) })
    peer.answers.push(new RegExp(`^\\* to ${literally(to.name)}: psst ${this.#number}$`))
  }

  file(at: number, whichName: number, whichBody: number, marked: boolean, cut: Cut): void {
    const peer = this.#pick(at)
    if (peer === undefined) return
    const number = `${++this.#number}`
    const [sent = '', name = '', header = '', shown = ''] = (fileNames[whichName % fileNames.length] ?? []).map(
      (each) => each.replaceAll('#', number),
    )
    const body = bodies[whichBody % bodies.length] as Buffer
    const carried = isCarried(body)
    const inBand = marked && carried
    const line = inBand ? `SEND ${sent}\n` : `/put ${body.length} ${sent}\n`
    this.#write(peer, Buffer.concat([Buffer.from(line), body, Buffer.from(inBand ? MARK : '')]), cut)
    const size = inBand ? '' : ` (${body.length} B)`
    const link = (called: string) => `* file [ID] ${called} from ${peer.name}: ${body.length} B, sha256 ${sha256(body)}`
    this.#say(peer, {
      inline: `* ${peer.name} is sending ${shown}${size}`,
      links: `* ${peer.name} is sending ${name}${size}`,
    })
    this.#say(peer, { inline: carried ? fileToken(header, body) : link(shown), links: link(name) })
    const answered = peer.mode === 'inline' ? shown : name
    peer.answers.push(
      new RegExp(`^\\* \\[ID\\] ${literally(answered)} is in the room: ${body.length} B, sha256 ${sha256(body)}$`),
    )
  }

  #write({ person }: Peer, bytes: Buffer, cut: Cut): void {
    const step = cut === 'whole' ? bytes.length : cut === 'bytes' ? 1 : Math.max(1, cut)
    for (let at = 0; at < bytes.length; at += step) person.connection.write(bytes.subarray(at, at + step))
  }

  #say(peer: Peer, shown: { inline: string; links?: string; to?: number }): void {
    const author = this.#peers.indexOf(peer)
    const { inline, links = inline, to } = shown
    const { room } = peer
    this.#items.push({ author, room, round: this.#round, place: this.#items.length, to, inline, links })
  }

  /** Everybody reads to the end; then each must have seen exactly what there was to see. */
  async check(): Promise<void> {
    for (const peer of this.#peers) if (peer.here) this.#unstall(peer)
    await this.#settle()
    await this.#alone(undefined, () => {})
    const order = new Map<Item, number>()
    for (const wall of this.#peers.slice(0, RoomModel.walls))
      this.#seenBy(wall).forEach((item, at) => {
        order.set(item, at)
      })
    this.#peers.forEach((peer, index) => {
      const seen = this.#seenBy(peer)
      const expected = this.#items.filter((item) => {
        const then = peer.rounds[item.round]
        return then?.room === item.room && item.author !== index && (item.to ?? index) === index
      })
      const who = `what ${peer.name} (${index}) saw`
      const byAuthor = (items: readonly Item[]) =>
        items.toSorted((one, other) => one.author - other.author).map((item) => item.inline)
      expect(byAuthor(seen), who).toEqual(byAuthor(expected))
      // The rooms have a listener each, so an order is one of a room.
      for (const room of ROOMS) {
        const inRoom = seen.filter((item) => item.room === room).map((item) => order.get(item) ?? -1)
        const ordered = inRoom.filter((at) => at >= 0)
        expect(ordered, `${who} of ${room}, in the order of those who listen`).toEqual(
          ordered.toSorted((a, b) => a - b),
        )
      }
    })
    const errors = this.#house.log.lines.filter(({ level }) => level === 'error')
    expect([errors, this.#house.broken]).toEqual([[], []])
  }

  /** The items that arrived at a peer, in order; everything else that arrived must be as it should, too. */
  #seenBy(peer: Peer): Item[] {
    const index = this.#peers.indexOf(peer)
    const tokens = parse(Buffer.from(peer.person.bytes, 'latin1')).map((token) =>
      token.replace(/^(\* (?:file )?)\[\w{8}\]/, '$1[ID]'),
    )
    const known = new Map<string, Item>()
    for (const item of this.#items) {
      const then = peer.rounds[item.round]
      if (then !== undefined) known.set(item[then.mode], item)
    }
    const presence = new Set(peer.presence.map(({ line }) => line))
    const seen: Item[] = []
    const came: string[] = []
    const answers: string[] = []
    for (const token of tokens) {
      const item = known.get(token)
      if (item !== undefined) seen.push(item)
      else if (presence.has(token)) came.push(token)
      else answers.push(token)
    }
    const who = `${peer.name} (${index})`
    expect(new Set(seen).size, `${who} saw nothing twice`).toBe(seen.length)
    expect(
      answers.map((answer, at) => (peer.answers[at]?.test(answer) === true ? peer.answers[at] : answer)),
      `answers to ${who}`,
    ).toEqual(peer.answers)
    expect(
      isLeftOf(came, peer.presence),
      `${who} heard of ${came.join(', ')}; there was ${JSON.stringify(peer.presence)}`,
    ).toBe(true)
    return seen
  }
}

/** Whether `came` is what is left of `all` without some of the optional ones. */
function isLeftOf(came: readonly string[], all: readonly Coming[]): boolean {
  let reached = new Set([0])
  for (const { line, optional } of all) {
    const next = new Set<number>()
    for (const at of reached) {
      if (optional) next.add(at)
      if (came[at] === line) next.add(at + 1)
    }
    reached = next
  }
  return reached.has(came.length)
}
