import { lineDefaults, linkMs } from '#app/defaults.ts'
import { LineServer } from '#server/line/line-server.ts'
import type { LineSettings } from '#server/line/settings.ts'
import { type MemoryConnection, memoryPair } from '#server/memory/pair.ts'
import { SignedLinks } from '#server/security/signed-links.ts'
import { MemorySecretStore } from '#storage/memory/secret-store.ts'
import { admissionFor } from './admission.ts'
import { type HouseOptions, openHouse } from './house.ts'
import { turn } from './turns.ts'

export interface LineHouseOptions extends HouseOptions {
  readonly line?: Partial<LineSettings>
}

/** One piece as it arrived on the wire, and when by the house's clock. */
export interface Arrival {
  readonly text: string
  readonly atMs: number
}

/** Somebody at the far end of a line connection. */
export class Person {
  readonly connection: MemoryConnection
  /** The house's end. */
  readonly near: MemoryConnection
  readonly arrivals: Arrival[] = []
  ended = false
  #taken = 0

  constructor(near: MemoryConnection, connection: MemoryConnection, elapsed: () => number) {
    this.near = near
    this.connection = connection
    connection.on('data', (bytes: Buffer) => this.arrivals.push({ text: bytes.toString('latin1'), atMs: elapsed() }))
    connection.on('end', () => {
      this.ended = true
    })
    connection.on('error', () => {})
  }

  /** Everything that arrived, byte for byte. */
  get bytes(): string {
    return this.arrivals.map(({ text }) => text).join('')
  }

  get received(): number {
    return this.arrivals.reduce((sum, { text }) => sum + text.length, 0)
  }

  /** What has arrived since the last time, as text. */
  take(): string {
    const { bytes } = this
    const news = bytes.slice(this.#taken)
    this.#taken = bytes.length
    return Buffer.from(news, 'latin1').toString()
  }

  type(...lines: readonly string[]): void {
    for (const line of lines) this.connection.write(`${line}\n`)
  }
}

/** A host with a line server, whose people connect over memory. */
export async function openLineHouse({ line = {}, ...options }: LineHouseOptions = {}) {
  const house = await openHouse(options)
  const { engine, clock, ids, log, metrics } = house
  const accessControl = admissionFor(clock)
  // Its people read files as programs do, in band.
  const settings = { ...lineDefaults, files: 'inline' as const, apartMs: 0, ...line }
  const server = new LineServer({
    engine,
    accessControl,
    signedLinks: new SignedLinks(new MemorySecretStore(), clock, linkMs),
    clock,
    ids,
    log,
    metrics,
    settings,
  })
  const people: Person[] = []

  /** Lets everything happen that will, `ms` of the clock at a time, until nothing more arrives anywhere. */
  const calm = async (ms = 1): Promise<void> => {
    const state = () => `${people.map((each) => [each.received, each.ended])} ${house.journal.appends.length}`
    let before = state()
    for (let quiet = 0, count = 0; quiet < 8 && count < 5000; count++) {
      await turn()
      clock.advance(ms)
      const now = state()
      quiet = now === before ? quiet + 1 : 0
      before = now
    }
  }

  /** `hiddenMs`: how long nobody hears of it, unless it speaks. */
  const connect = (head = '', highWaterMark?: number, hiddenMs = 0): Person => {
    const [near, far] = memoryPair(highWaterMark === undefined ? {} : { highWaterMark })
    const person = new Person(near, far, () => clock.elapsed())
    people.push(person)
    const address = `10.0.0.${people.length}`
    server.accept({ connection: near, address, loopback: true, head: Buffer.from(head), hiddenMs })
    return person
  }

  /** Somebody of that nick, in the lobby, who has read all that led there. */
  const enter = async (nick: string, highWaterMark?: number): Promise<Person> => {
    const person = connect('', highWaterMark)
    person.type(`/nick ${nick}`)
    await calm()
    for (const each of people) each.take()
    return person
  }

  return { ...house, server, people, calm, connect, enter }
}

export type LineHouse = Awaited<ReturnType<typeof openLineHouse>>
