import { randomBytes, randomInt } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { FRAMES_MAGIC } from '#protocol/frames.ts'

export interface AttackersLoad {
  readonly port: number
  /** Connections that are open at a time, shared by all kinds. */
  readonly attackers: number
  readonly rooms: number
}

export type AttackKind = 'slow' | 'flood' | 'halfOpen' | 'malformed' | 'storm'
export type Attacks = Readonly<Record<AttackKind, number>>

const KINDS: readonly AttackKind[] = ['slow', 'flood', 'halfOpen', 'malformed', 'storm']
const AGAIN_MS: Readonly<Record<AttackKind, number>> = {
  slow: 1000,
  flood: 1000,
  halfOpen: 500,
  malformed: 50,
  storm: 20,
}
const FLOOD_LINES = 200
const HISTORY_REQUESTS = 50
const SOURCE = '127.0.0.99'
const MAGIC = Buffer.from(FRAMES_MAGIC)

/** Connections that behave badly on purpose, and reconnect when they are thrown out, until `end`. */
export class Attackers {
  readonly #load: AttackersLoad
  readonly #sockets = new Set<Socket>()
  readonly #attacks: Record<AttackKind, number> = { slow: 0, flood: 0, halfOpen: 0, malformed: 0, storm: 0 }
  #status: 'running' | 'ended' = 'running'

  constructor(load: AttackersLoad) {
    this.#load = load
  }

  begin(): void {
    for (let index = 0; index < this.#load.attackers; index++) this.#attack(KINDS[index % KINDS.length]!)
  }

  /** Answers how many connections there were of each kind. */
  end(): Attacks {
    this.#status = 'ended'
    for (const socket of this.#sockets) socket.destroy()
    return this.#attacks
  }

  #attack(kind: AttackKind): void {
    if (this.#status === 'ended') return
    this.#attacks[kind] += 1
    const socket = connect({ host: '127.0.0.1', port: this.#load.port, localAddress: SOURCE })
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => {
      this.#sockets.delete(socket)
      setTimeout(() => this.#attack(kind), AGAIN_MS[kind]).unref()
    })
    socket.once('connect', () => this.#do(kind, socket))
  }

  #do(kind: AttackKind, socket: Socket): void {
    switch (kind) {
      case 'slow':
        socket.pause()
        socket.write(`/join room${randomInt(this.#load.rooms)}\n${'/history 500\n'.repeat(HISTORY_REQUESTS)}`)
        break
      case 'flood':
        socket.resume()
        socket.write('/files links\n/join flooded\n')
        this.#flood(socket)
        break
      case 'halfOpen':
        socket.resume()
        socket.write(BEGINNINGS[randomInt(BEGINNINGS.length)]!)
        break
      case 'malformed':
        socket.resume()
        socket.write(malformed())
        break
      case 'storm':
        socket.resetAndDestroy()
        break
      default:
        kind satisfies never
    }
  }

  #flood(socket: Socket): void {
    const lines = `${'banjir '.repeat(8)}\n`.repeat(FLOOD_LINES)
    const go = () => {
      while (!socket.destroyed && socket.write(lines));
    }
    socket.on('drain', go)
    go()
  }
}

/** Beginnings that never go on. */
const BEGINNINGS: readonly (string | Buffer)[] = [
  'GET /rooms HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ',
  'PUT /flooded/half.bin HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\nhalf',
  Buffer.concat([MAGIC, Buffer.of(0, 0)]),
  'SEND half.bin\nhalf',
  'half a line',
]

function malformed(): string | Buffer {
  const noise = randomBytes(randomInt(1, 2000))
  switch (randomInt(5)) {
    case 0:
      return noise
    case 1:
      return Buffer.concat([MAGIC, Buffer.of(0xff, 0xff, 0xff, 0xff), noise])
    case 2:
      return Buffer.concat([MAGIC, Buffer.of(0, 0, noise.length >> 8, noise.length & 0xff), noise])
    case 3:
      return Buffer.concat([Buffer.from('POST /rooms/room1/messages HTTP/1.1\r\n'), noise, Buffer.from('\r\n\r\n')])
    default:
      return Buffer.concat([Buffer.from('\x16\x03\x01'), noise])
  }
}
