import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { Histogram } from './histogram.ts'
import { wireOf } from './wire.ts'

export interface GuestsLoad {
  readonly port: number
  readonly guests: number
  readonly rooms: number
}

export interface GuestsTalk {
  readonly lines: number
  readonly deliveries: number
  readonly lost: number
  /** Deliveries out of order, or a second time. */
  readonly wrong: number
  /** Guests whom the host hung up on. */
  readonly cut: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** By which doors they come, as often as here. */
const DOORS = ['line', 'line', 'frames', 'websocket', 'http'] as const
const CONNECTING_AT_ONCE = 50
const GUESTS_PER_ADDRESS = 5000
const LINES_A_SECOND_AND_ROOM = 2
const PATIENCE_MS = 60_000
/** Of what was read, so much may be the beginning of a line. */
const TAIL_CHARS = 64

interface Guest {
  readonly socket: Socket
  readonly room: number
  text: string
  settled: boolean
  newest: number
}

/** Well-behaved members and readers over every door, in many rooms; in each room one says numbered lines, which all others must get in order. */
export class Guests {
  readonly #load: GuestsLoad
  readonly #guests: Guest[] = []
  readonly #latency = new Histogram()
  readonly #said: number[]
  #wrong = 0
  #cut = 0

  constructor(load: GuestsLoad) {
    this.#load = load
    this.#said = Array.from({ length: load.rooms }, () => 0)
  }

  async gather(): Promise<void> {
    const { guests, rooms } = this.#load
    for (let index = 0; index < guests; index++) {
      // The first in each room is the one who talks, over the line door.
      const door = index < rooms ? 'line' : DOORS[index % DOORS.length]!
      this.#enter(index, index % rooms, door)
      if (index % CONNECTING_AT_ONCE === 0)
        await this.#until(() => this.#settled > index - 2 * CONNECTING_AT_ONCE, 'guests to come in')
    }
    await this.#until(() => this.#settled === guests, 'all guests to come in')
  }

  async talk(forMs: number): Promise<GuestsTalk> {
    const { rooms } = this.#load
    const until = performance.now() + forMs
    for (let turn = 0; performance.now() < until; turn++) {
      const room = turn % rooms
      const number = (this.#said[room] ?? 0) + 1
      this.#said[room] = number
      this.#guests[room]?.socket.write(`@${room} ${number} ${performance.now().toFixed(3)}@\n`)
      await pause(1000 / rooms / LINES_A_SECOND_AND_ROOM)
    }
    const missing = () =>
      this.#guests.slice(rooms).reduce((sum, { room, newest }) => sum + (this.#said[room] ?? 0) - newest, 0)
    await this.#until(() => missing() === 0, 'the last lines').catch(() => {})
    return {
      lines: this.#said.reduce((sum, count) => sum + count, 0),
      deliveries: this.#latency.count,
      lost: missing(),
      wrong: this.#wrong,
      cut: this.#cut,
      p50Ms: this.#latency.quantile(0.5),
      p99Ms: this.#latency.quantile(0.99),
    }
  }

  end(): void {
    for (const { socket } of this.#guests) socket.removeAllListeners('close').destroy()
  }

  get #settled(): number {
    return this.#guests.reduce((sum, { settled }) => sum + Number(settled), 0)
  }

  #enter(index: number, room: number, door: (typeof DOORS)[number]): void {
    const address = Math.floor(index / GUESTS_PER_ADDRESS)
    const from = address === 0 ? {} : { localAddress: `127.0.0.${1 + address}` }
    const socket = connect({ host: '127.0.0.1', port: this.#load.port, noDelay: true, ...from })
    const guest: Guest = { socket, room, text: '', settled: false, newest: 0 }
    this.#guests.push(guest)
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.#take(guest, text))
    socket.on('error', () => {})
    socket.once('close', () => {
      this.#cut += 1
    })
    const name = `room${room}`
    socket.write(door === 'http' ? streamOf(name) : wireOf(door, 0).hello(index, name), 'latin1')
  }

  #take(guest: Guest, text: string): void {
    const now = performance.now()
    const all = guest.text + text
    guest.settled ||= all.includes(`room${guest.room}`) || all.includes('x-ndjson')
    let end = 0
    for (const found of all.matchAll(/@(\d+) (\d+) ([\d.]+)@/g)) {
      end = found.index + found[0].length
      if (Number(found[1]) !== guest.room || Number(found[2]) !== guest.newest + 1) this.#wrong += 1
      guest.newest = Math.max(guest.newest, Number(found[2]))
      this.#latency.add(now - Number(found[3]))
    }
    guest.text = all.slice(Math.max(end, all.length - TAIL_CHARS))
  }

  async #until(holds: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS
    while (!holds()) {
      if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`)
      await pause(5)
    }
  }
}

const streamOf = (room: string): string =>
  `GET /rooms/${room}/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/x-ndjson\r\n\r\n`
