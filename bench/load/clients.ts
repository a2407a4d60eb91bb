import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { Histogram } from './histogram.ts'
import { until } from './measure.ts'
import { type WireName, wireOf } from './wire.ts'

export interface ClientsLoad {
  readonly port: number
  readonly clients: number
  /** Rooms that the clients are spread over; 0: all stay in the lobby. */
  readonly rooms: number
  /** The protocols of readers, in turn. Senders always use lines. */
  readonly protocols: readonly (WireName | 'http')[]
  /** Connections that may be on their way in at a time. */
  readonly atOnce: number
  /** Each takes a nick, and is in once it has it. */
  readonly nicks?: boolean
}

export interface EnterResult {
  readonly p50Ms: number
  /** From the first connection attempt to the last greeting. */
  readonly longestMs: number
}

export interface TalkLoad {
  readonly forMs: number
  /** In each room. */
  readonly linesPerSecond: number
}

export interface TalkResult {
  readonly lines: number
  readonly deliveries: number
  readonly lost: number
  /** Deliveries out of order, or a second time. */
  readonly wrong: number
  /** Connections that the host ended. */
  readonly cut: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** More than this from one address would come near the end of its ports. */
const CLIENTS_PER_ADDRESS = 5000
const PATIENCE_MS = 120_000
/** Of the text so far, so much may be the beginning of a line. */
const TAIL_CHARS = 64

interface Client {
  readonly socket: Socket
  readonly room: number
  text: string
  settled: boolean
  newest: number
}

/** Well-behaved clients in many rooms. In each room one of them sends numbered lines, which all others must get in order. */
export class Clients {
  readonly #load: ClientsLoad
  readonly #clients: Client[] = []
  readonly #greeted = new Histogram()
  readonly #latency = new Histogram()
  readonly #sent: number[]
  #began = 0
  #settled = 0
  #wrong = 0
  #cut = 0

  constructor(load: ClientsLoad) {
    this.#load = load
    this.#sent = Array.from({ length: load.rooms }, () => 0)
  }

  /** Connects all clients; resolves when each has its greeting. */
  async enter(): Promise<EnterResult> {
    const { clients, rooms, protocols, atOnce } = this.#load
    this.#began = performance.now()
    for (let index = 0; index < clients; index++) {
      // The first client in each room is its sender.
      this.#connect(index, index < rooms ? 'line' : protocols[index % protocols.length]!)
      if (index % atOnce === 0) await this.#entered(index - 2 * atOnce)
    }
    await this.#entered(clients)
    return { p50Ms: this.#greeted.quantile(0.5), longestMs: this.#greeted.most }
  }

  /** Sends so many lines a second in each room, and waits until every client has all of its room. */
  async talk({ forMs, linesPerSecond }: TalkLoad): Promise<TalkResult> {
    const { rooms } = this.#load
    const end = performance.now() + forMs
    for (let turn = 0; performance.now() < end; turn++) {
      const room = turn % rooms
      const number = (this.#sent[room] ?? 0) + 1
      this.#sent[room] = number
      this.#clients[room]?.socket.write(`@${room} ${number} ${performance.now().toFixed(3)}@\n`)
      await pause(1000 / rooms / linesPerSecond)
    }
    const missing = () =>
      this.#clients.slice(rooms).reduce((sum, { room, newest }) => sum + (this.#sent[room] ?? 0) - newest, 0)
    await until(() => missing() === 0, 'lines are missing', PATIENCE_MS).catch(() => {})
    return {
      lines: this.#sent.reduce((sum, count) => sum + count, 0),
      deliveries: this.#latency.count,
      lost: missing(),
      wrong: this.#wrong,
      cut: this.#cut,
      p50Ms: this.#latency.quantile(0.5),
      p99Ms: this.#latency.quantile(0.99),
    }
  }

  leave(): void {
    for (const { socket } of this.#clients) socket.removeAllListeners('close').destroy()
  }

  async #entered(count: number): Promise<void> {
    await until(() => this.#cut > 0 || this.#settled >= count, 'not all clients came in', PATIENCE_MS)
    if (this.#cut > 0) throw new Error('the server ended a connection')
  }

  #connect(index: number, protocol: WireName | 'http'): void {
    const { port, rooms } = this.#load
    const address = Math.floor(index / CLIENTS_PER_ADDRESS)
    // Without need no address: to find a free port for one takes the system a millisecond when many were used just before.
    const from = address === 0 ? {} : { localAddress: `127.0.0.${1 + address}` }
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, ...from })
    const room = rooms === 0 ? 0 : index % rooms
    const client: Client = { socket, room, text: '', settled: false, newest: 0 }
    this.#clients.push(client)
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.#take(client, text))
    socket.on('error', () => {})
    socket.once('close', () => {
      this.#cut += 1
    })
    const name = rooms === 0 ? undefined : `room${room}`
    socket.write(protocol === 'http' ? streamOf(name) : wireOf(protocol, 0).hello(index, name), 'latin1')
    if (this.#load.nicks) socket.write(`/nick ani${index}\n`)
  }

  #take(client: Client, text: string): void {
    const now = performance.now()
    const all = client.text + text
    if (!client.settled && this.#isGreeting(client, all)) {
      client.settled = true
      this.#settled += 1
      this.#greeted.add(now - this.#began)
    }
    let end = 0
    for (const found of all.matchAll(/@(\d+) (\d+) ([\d.]+)@/g)) {
      end = found.index + found[0].length
      if (Number(found[1]) !== client.room || Number(found[2]) !== client.newest + 1) this.#wrong += 1
      client.newest = Math.max(client.newest, Number(found[2]))
      this.#latency.add(now - Number(found[3]))
    }
    client.text = all.slice(Math.max(end, all.length - TAIL_CHARS))
  }

  #isGreeting({ room }: Client, text: string): boolean {
    if (this.#load.nicks) return text.includes('* you are now ')
    return text.includes(this.#load.rooms === 0 ? '* you are ' : `room${room}`) || text.includes('x-ndjson')
  }
}

const streamOf = (room = 'lobby'): string =>
  `GET /rooms/${room}/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/x-ndjson\r\n\r\n`
