import { setTimeout as pause } from 'node:timers/promises'
import { Histogram } from './histogram.ts'
import { Member, ReadArea } from './member.ts'

export interface CrowdLoad {
  readonly port: number
  /** Members, in rooms of `roomSize`. */
  readonly members: number
  readonly roomSize: number
}

export interface TalkResult {
  readonly lines: number
  readonly deliveries: number
  readonly p50Ms: number
  readonly p99Ms: number
}

const CONNECTING_AT_ONCE = 100
/** More than this from one address would come near the end of its ports. */
const MEMBERS_PER_ADDRESS = 5000
const PATIENCE_MS = 60_000
/** Each one who talks says one line a second. */
const TALK_EVERY_MS = 1000

/** Many members of whom nearly all are silent; one in each room talks. */
export class Crowd {
  readonly #load: CrowdLoad
  readonly #members: Member[] = []
  readonly #settled = new Set<number>()
  readonly #latency = new Histogram()
  #failure: Error | undefined

  constructor(load: CrowdLoad) {
    this.#load = load
  }

  /** Brings everybody into their rooms. */
  async gather(): Promise<void> {
    const { port, members, roomSize } = this.#load
    const area = new ReadArea()
    for (let index = 0; index < members; index++) {
      const address = Math.floor(index / MEMBERS_PER_ADDRESS)
      const from = address === 0 ? {} : { from: `127.0.0.${1 + address}` }
      const member = new Member({ index, port, ...from }, area, this.#take, (error) => {
        this.#failure ??= error
      })
      this.#members.push(member)
      member.socket.write(`/join room${Math.floor(index / roomSize)}\n`)
      if (index % CONNECTING_AT_ONCE === 0) await this.#until(() => this.#settled.size > index - 2 * CONNECTING_AT_ONCE)
    }
    await this.#until(() => this.#settled.size === members)
  }

  async talk(forMs: number): Promise<TalkResult> {
    const { roomSize, members } = this.#load
    const talkers = this.#members.filter(({ index }) => index % roomSize === 0)
    const until = performance.now() + forMs
    let lines = 0
    for (let turn = 0; performance.now() < until; turn++) {
      talkers[turn % talkers.length]?.socket.write(`@${performance.now().toFixed(3)}@\n`)
      lines += 1
      await pause(TALK_EVERY_MS / talkers.length)
    }
    const others = Math.min(roomSize, members) - 1
    await this.#until(() => this.#latency.count === lines * others)
    return {
      lines,
      deliveries: this.#latency.count,
      p50Ms: this.#latency.quantile(0.5),
      p99Ms: this.#latency.quantile(0.99),
    }
  }

  end(): Promise<void> {
    for (const member of this.#members) member.leave()
    return Promise.resolve()
  }

  readonly #take = (member: Member, bytes: Buffer, from: number, to: number): number => {
    const now = performance.now()
    const end = bytes.lastIndexOf(0x0a, to - 1) + 1
    if (end <= from) return from
    const text = bytes.toString('latin1', from, end)
    if (text.includes(' in room')) this.#settled.add(member.index)
    for (const [, at] of text.matchAll(/> @([\d.]+)@\n/g)) this.#latency.add(now - Number(at))
    return end
  }

  async #until(reached: () => boolean): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS
    while (!reached()) {
      if (this.#failure !== undefined) throw this.#failure
      if (performance.now() > deadline) throw new Error('the crowd did not get what it waited for')
      await pause(2)
    }
  }
}
