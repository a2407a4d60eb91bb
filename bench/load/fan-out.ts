import { setTimeout as pause } from 'node:timers/promises'
import { Meter, until } from './measure.ts'
import { Member, ReadArea } from './member.ts'
import { KIND, Payloads, senderAt } from './payload.ts'
import { Traffic } from './traffic.ts'
import { type Wire, type WireName, wireOf } from './wire.ts'

export interface FanOutLoad {
  readonly port: number
  /** The server's process, for its processor time. */
  readonly pid: number
  readonly wire: WireName
  /** Readers in the room; the first `senders` of them also send. */
  readonly members: number
  readonly senders: number
  /** Messages of each sender that may be on their way: the next is sent when all members have one of them. */
  readonly window: number
  /** Further members that never read. */
  readonly stalled: number
  readonly payloadBytes: number
  readonly warmUpMs: number
  readonly measureMs: number
}

/**
 * By the heads of tables. The server's processor time counts all that it started. A generator near one whole processor, not the server,
 * was the limit.
 */
export type FanOutResult = Readonly<
  Record<'lines in/s' | 'deliveries/s' | 'p50 ms' | 'p99 ms' | 'CPU µs/delivery' | 'generator CPU', number>
>

const CONNECTING_AT_ONCE = 64
const PROBE_EVERY_MS = 50
const PATIENCE_MS = 10_000

/** A closed loop through one room: connects everybody, warms up, measures, and waits until every line is everywhere. */
export async function runFanOut(load: FanOutLoad): Promise<FanOutResult> {
  const run = new FanOut(load)
  try {
    return await Promise.race([run.play(), run.failed])
  } finally {
    run.end()
  }
}

class FanOut {
  readonly failed: Promise<never>
  readonly #load: FanOutLoad
  readonly #wire: Wire
  readonly #payloads: Payloads
  readonly #traffic: Traffic
  readonly #members: Member[] = []
  readonly #stride: number
  #status: 'connecting' | 'sending' | 'draining' = 'connecting'
  /** Members whose handshake is through. */
  readonly #inside = new Set<number>()
  /** By member: whether a probe came, and which of the two last ones are missing. */
  readonly #attached = new Set<number>()
  readonly #missingLast: Set<number>[] = []
  #wanted: number[] = []
  #fail: (error: Error) => void = () => {}

  constructor(load: FanOutLoad) {
    this.#load = load
    this.#wire = wireOf(load.wire, load.payloadBytes)
    this.#payloads = new Payloads(load.payloadBytes)
    this.#stride = this.#wire.deliveredBefore + load.payloadBytes + this.#wire.deliveredAfter
    this.#traffic = new Traffic(load, this.#payloads, this.#canSend)
    this.failed = new Promise<never>((_, reject) => {
      this.#fail = reject
    })
    this.failed.catch(() => {})
  }

  async play(): Promise<FanOutResult> {
    const { members, stalled, senders, warmUpMs, measureMs, pid } = this.#load
    await this.#connect(members + stalled)
    for (const member of this.#members.slice(members)) member.socket.pause()
    this.#status = 'sending'
    for (let sender = 0; sender < senders; sender++) this.#canSend(sender)
    await pause(warmUpMs)

    const meter = new Meter(pid)
    const { sent, deliveries } = this.#traffic
    this.#traffic.measure(performance.now())
    await pause(measureMs)
    const { seconds, cpuSeconds = Number.NaN, ownShare } = meter.read()
    const measured = this.#traffic.deliveries - deliveries
    const lines = this.#traffic.sent - sent

    this.#traffic.measure(Number.POSITIVE_INFINITY)
    this.#status = 'draining'
    await this.#until(() => this.#traffic.underWay === 0, 'lines are lost: they did not come to everybody')
    return {
      'lines in/s': lines / seconds,
      'deliveries/s': measured / seconds,
      'p50 ms': this.#traffic.latency.quantile(0.5),
      'p99 ms': this.#traffic.latency.quantile(0.99),
      'CPU µs/delivery': (cpuSeconds / measured) * 1e6,
      'generator CPU': ownShare,
    }
  }

  end(): void {
    for (const member of this.#members) member.leave()
  }

  /** Connects all, and probes until every message reaches everybody and nothing older is on its way. */
  async #connect(count: number): Promise<void> {
    const area = new ReadArea()
    for (let index = 0; index < count; index++) {
      const member = new Member({ index, port: this.#load.port }, area, this.#take, this.#fail)
      this.#members.push(member)
      this.#missingLast.push(new Set(index === 0 ? [1] : index === 1 ? [0] : [0, 1]))
      const hello = this.#wire.hello(index)
      if (hello !== '') member.socket.write(hello, 'latin1')
      if (index % CONNECTING_AT_ONCE === CONNECTING_AT_ONCE - 1) await member.connected
    }
    await Promise.all(this.#members.map((member) => member.connected))
    if (this.#wire.handshake !== undefined)
      await this.#until(() => this.#inside.size === count, 'not everybody was let in')
    let probedAt = 0
    await this.#until(() => {
      const now = performance.now()
      if (now - probedAt > PROBE_EVERY_MS) {
        probedAt = now
        for (const sender of [0, 1]) this.#write(sender, KIND.probe, 1, 1)
      }
      return this.#attached.size === count
    }, 'not everybody came into the room')
    for (const sender of [0, 1]) this.#write(sender, KIND.last, 1, 1)
    await this.#until(
      () => this.#missingLast.every((missing) => missing.size === 0),
      'a line did not come to everybody',
    )
  }

  readonly #take = (member: Member, area: Buffer, from: number, to: number): number => {
    try {
      const { deliveredAs } = this.#wire
      return deliveredAs === undefined
        ? this.#read(member, area, from, to)
        : this.#find(member, area, from, to, deliveredAs)
    } catch (error) {
      this.#fail(error as Error)
      return to
    }
  }

  #read(member: Member, area: Buffer, from: number, to: number): number {
    const { deliveredBefore, sentinel } = this.#wire
    const now = performance.now()
    const lineEnd = this.#stride - 1
    let at = from
    while (at < to) {
      if (area[at] !== sentinel) {
        const lineFeed = area.indexOf(0x0a, at)
        if (lineFeed < 0 || lineFeed >= to) break
        this.#other(member, area.toString('latin1', at, lineFeed))
        at = lineFeed + 1
        continue
      }
      if (to - at < this.#stride) break
      if (area[at + lineEnd] !== 0x0a) throw new Error(`a line came to member ${member.index} longer or shorter`)
      if (this.#status === 'connecting') this.#probed(member.index, area, at + deliveredBefore)
      else this.#traffic.deliver(member.index, area, at + deliveredBefore, now)
      at += this.#stride
    }
    return at
  }

  /** Nothing else on the wire looks like the bytes in front of a payload. */
  #find(member: Member, area: Buffer, from: number, to: number, deliveredAs: Buffer): number {
    const now = performance.now()
    const { size } = this.#payloads
    const seen = area.subarray(0, to)
    if (this.#status === 'connecting') this.#shakeHands(member, seen.subarray(from))
    const last = deliveredAs.length - 1
    let at = from
    // Where lines are of one length the next one is not searched for: it would cost more than the server does.
    let next = 0
    while (true) {
      const isNext = seen[next - 1] === deliveredAs[last] && seen[next - 2] === deliveredAs[last - 1]
      const found = isNext ? next - deliveredAs.length : seen.indexOf(deliveredAs, at)
      // A possible beginning of another stays.
      if (found < 0) return Math.max(at, to - deliveredAs.length + 1)
      const payload = found + deliveredAs.length
      if (payload + size > to) return found
      at = payload + size
      next = this.#wire.deliveredBefore > 0 ? payload + this.#stride : 0
      if (this.#status === 'connecting') this.#probed(member.index, area, payload)
      else if (senderAt(area, payload) !== member.index) this.#traffic.deliver(member.index, area, payload, now)
    }
  }

  #shakeHands(member: Member, seen: Buffer): void {
    const { handshake } = this.#wire
    if (handshake === undefined) return
    if (seen.includes(handshake.asked)) member.socket.write(handshake.answer, 'latin1')
    if (seen.includes(handshake.done)) this.#inside.add(member.index)
  }

  #probed(member: number, area: Buffer, at: number): void {
    this.#attached.add(member)
    if (area[at] === KIND.last) this.#missingLast[member]?.delete((area[at + 3] as number) - 0x61)
  }

  #other(member: Member, line: string): void {
    const answer = this.#wire.answer(line)
    if (answer === 'failed') throw new Error(`the server refused: ${line}`)
    if (answer !== undefined) member.socket.write(answer)
  }

  readonly #canSend = (sender: number): void => {
    if (this.#status !== 'sending') return
    // After all deliveries of this turn of the event loop, so that a window is filled with one write.
    if (this.#wanted.length === 0) setImmediate(this.#sendWanted)
    this.#wanted.push(sender)
  }

  readonly #sendWanted = (): void => {
    const wanted = new Set(this.#wanted)
    this.#wanted = []
    const now = performance.now()
    for (const sender of wanted) {
      const [first, count] = this.#traffic.take(sender, now)
      if (count > 0) this.#write(sender, KIND.message, first, count)
    }
  }

  #write(sender: number, kind: number, first: number, count: number): void {
    const { before, after } = this.#wire
    const length = before.length + this.#payloads.size + after.length
    const bytes = Buffer.allocUnsafe(length * count)
    for (let index = 0; index < count; index++) {
      const at = index * length
      bytes.write(before, at, 'latin1')
      this.#payloads.write(bytes, at + before.length, kind, sender, first + index)
      bytes.write(after, at + before.length + this.#payloads.size, 'latin1')
    }
    this.#members[sender]?.socket.write(bytes)
  }

  #until(reached: () => boolean, otherwise: string): Promise<void> {
    return until(reached, otherwise, PATIENCE_MS)
  }
}
