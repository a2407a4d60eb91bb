import { expect } from 'vitest'
import { sha256Of } from '../../harness/bytes.ts'
import { openLineHouse } from '../../harness/line-house.ts'
import { ModelHouse } from './model-house.ts'
import { bodies, fileNames, fileToken, type Item, isCarried, literally, MARK, NAMES, ROOMS, texts } from './told.ts'
import { checkViews, type Peer } from './views.ts'

/** How what is typed is cut into segments: not at all, byte by byte, or so many bytes each. */
export type Cut = 'whole' | 'bytes' | number

/**
 * A host with a line server, and what must be seen there by whom: a model that knows the protocol's description and nothing
 * of how the house does it. What changes who is where happens alone; what is said meanwhile happens all at once.
 */
export class RoomModel extends ModelHouse {
  readonly #items: Item[] = []
  readonly #topics = new Map<string, string>()
  /** Counts everything that must be told apart. */
  #number = 0
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

  #tell(room: string, line: string, but: Peer): void {
    for (const each of this.peers)
      if (each.here && each !== but && each.room === room) each.presence.push({ line, optional: each.stalled })
  }

  async enter(): Promise<void> {
    if (this.talkers.length >= 4) return
    await this.alone(undefined, () => {
      const person = this.house.connect('', 16)
      const name = `10.0.0.${this.peers.length + 1}`
      const peer: Peer = {
        person,
        name,
        room: 'lobby',
        mode: 'inline',
        stalled: false,
        stalledAtMs: 0,
        spokeIn: -1,
        here: true,
        rounds: [],
        presence: [],
        answers: [],
      }
      this.#tell('lobby', `* ${name} joined`, peer)
      this.#greet(peer)
      this.peers.push(peer)
    })
  }

  async leave(at: number, how: 'quit' | 'destroy' | 'half close' | 'in a file'): Promise<void> {
    const peer = this.pick(at)
    if (peer === undefined) return
    const { connection } = peer.person
    await this.alone(peer, async () => {
      if (how === 'in a file') {
        const name = `${++this.#number}.part`
        connection.write(`/put 10 ${name}\nhalf`)
        await this.settle()
        const why = 'the sender went away before the file was through'
        this.#say(peer, { inline: `* ${peer.name} is sending ${name} (10 B)` })
        this.#say(peer, { inline: `* ${name} from ${peer.name} is gone: ${why}` })
      } else if (how === 'quit') {
        peer.person.type('/quit')
        peer.answers.push(/^\* bye$/)
        await this.settle()
      } else if (how === 'half close') {
        connection.end(`${++this.#number} last words`)
        this.#say(peer, { inline: `<${peer.name}> ${this.#number} last words` })
        await this.settle()
        this.house.clock.advance(60_000)
      }
      connection.destroy()
      this.#tell(peer.room, `* ${peer.name} left`, peer)
      peer.here = false
    })
  }

  async move(at: number, to: number): Promise<void> {
    const peer = this.peers.length <= RoomModel.walls ? this.peers[at] : this.pick(at)
    const room = ROOMS[to % ROOMS.length] as string
    if (peer === undefined || peer.room === room) return
    await this.alone(peer, () => {
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
    const peer = this.pick(at)
    const name = NAMES[to % NAMES.length] as string
    if (peer === undefined || peer.name === name) return
    const isTaken = this.talkers.some((each) => each !== peer && each.name.toLowerCase() === name.toLowerCase())
    await this.alone(peer, () => {
      peer.person.type(`/nick ${name}`)
      peer.answers.push(isTaken ? /^! NAME_TAKEN / : new RegExp(`^\\* you are now ${name}$`))
      if (isTaken) return
      this.#tell(peer.room, `* ${peer.name} is now ${name}`, peer)
      peer.name = name
    })
  }

  async setTopic(at: number): Promise<void> {
    const peer = this.pick(at)
    if (peer === undefined) return
    await this.alone(peer, () => {
      const topic = `topic ${++this.#number}`
      peer.person.type(`/topic ${topic}`)
      this.#say(peer, { inline: `* ${peer.name} set the topic: ${topic}` })
      peer.answers.push(/^\* topic set$/)
      this.#topics.set(peer.room, topic)
    })
  }

  async askFor(at: number, mode: 'inline' | 'links'): Promise<void> {
    const peer = this.pick(at)
    if (peer === undefined) return
    await this.alone(peer, () => {
      peer.person.type(`/files ${mode}`)
      peer.answers.push(/^\* files come as /)
      peer.mode = mode
    })
  }

  text(at: number, which: number, cut: Cut): void {
    const peer = this.pick(at)
    if (peer === undefined) return
    const number = `${++this.#number}`
    const [typed, inline, links] = (texts[which % texts.length] ?? []).map((each) => each?.replaceAll('#', number))
    this.#write(peer, Buffer.from(`${typed}\n`), cut)
    this.#say(peer, { inline: `<${peer.name}> ${inline}`, links: `<${peer.name}> ${links ?? inline}` })
  }

  act(at: number, cut: Cut): void {
    const peer = this.pick(at)
    if (peer === undefined) return
    this.#write(peer, Buffer.from(`/me waves ${++this.#number}\n`), cut)
    this.#say(peer, { inline: `* ${peer.name} waves ${this.#number}` })
  }

  whisper(at: number, whom: number, cut: Cut): void {
    const [peer, to] = [this.pick(at), this.pick(whom)]
    if (peer === undefined || to === undefined || peer === to || peer.room !== to.room) return
    this.#write(peer, Buffer.from(`/msg ${to.name} psst ${++this.#number}\n`), cut)
    this.#say(peer, { inline: `* ${peer.name} whispers: psst ${this.#number}`, to: this.peers.indexOf(to) })
    peer.answers.push(new RegExp(`^\\* to ${literally(to.name)}: psst ${this.#number}$`))
  }

  file(at: number, whichName: number, whichBody: number, marked: boolean, cut: Cut): void {
    const peer = this.pick(at)
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
    const link = (called: string) =>
      `* file [ID] ${called} from ${peer.name}: ${body.length} B, sha256 ${sha256Of(body)}`
    this.#say(peer, {
      inline: `* ${peer.name} is sending ${shown}${size}`,
      links: `* ${peer.name} is sending ${name}${size}`,
    })
    this.#say(peer, { inline: carried ? fileToken(header, body) : link(shown), links: link(name) })
    const answered = peer.mode === 'inline' ? shown : name
    peer.answers.push(
      new RegExp(`^\\* \\[ID\\] ${literally(answered)} is in the room: ${body.length} B, sha256 ${sha256Of(body)}$`),
    )
  }

  /** Whoever does not read their answers is not listened to (C61): who speaks in a round reads in it. */
  #write(peer: Peer, bytes: Buffer, cut: Cut): void {
    const { person } = peer
    this.letRead(peer)
    peer.spokeIn = this.round
    const step = cut === 'whole' ? bytes.length : cut === 'bytes' ? 1 : Math.max(1, cut)
    for (let at = 0; at < bytes.length; at += step) person.connection.write(bytes.subarray(at, at + step))
  }

  #say(peer: Peer, shown: { inline: string; links?: string; to?: number }): void {
    const author = this.peers.indexOf(peer)
    const { inline, links = inline, to } = shown
    const { room } = peer
    this.#items.push({ author, room, round: this.round, place: this.#items.length, to, inline, links })
  }

  /** Everybody reads to the end; then each must have seen exactly what there was to see. */
  async check(): Promise<void> {
    for (const peer of this.peers) if (peer.here) this.letRead(peer)
    await this.settle()
    await this.alone(undefined, () => {})
    checkViews(this.peers, RoomModel.walls, this.#items)
    const errors = this.house.log.lines.filter(({ level }) => level === 'error')
    expect([errors, this.house.broken]).toEqual([[], []])
  }
}
