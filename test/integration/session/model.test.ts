import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  type Ack,
  type ConnectionState,
  connect,
  type Rejected,
  type RoomEvent,
  type RoomSession,
  Unreachable,
} from '#app/index.ts'
import { ChaosProxy } from '../../harness/chaos-proxy.ts'
import { startHost } from '../../harness/host.ts'
import { until } from '../../harness/patience.ts'

const quick = { firstRetryMs: 2, mostRetryMs: 20, silentMs: 50, answerMs: 150 }

/** How often a silence was noticed, in all runs. */
let noticed = 0

interface Person {
  readonly session: RoomSession
  readonly events: RoomEvent[]
  /** How often the connection was lost. */
  lost: number
  status: ConnectionState['status']
}

/** What was asked for, and what the host answered. */
interface Asked {
  readonly text: string
  readonly answer: Promise<Ack | Rejected>
}

/** A busy machine may answer later than these settings wait: only a session that is there already tries again by itself. */
async function connected(...call: Parameters<typeof connect>): Promise<RoomSession> {
  for (;;)
    try {
      return await connect(...call)
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error
    }
}

/** Some members behind one bad network, and what they did. */
class Evening {
  readonly #people: Person[] = []
  readonly #asked: Asked[] = []
  readonly #proxy: ChaosProxy
  readonly #stop: () => Promise<void>
  readonly #sent: { readonly who: number; readonly text: string; readonly id: string }[] = []
  #posted: string[] = []
  #count = 0

  private constructor(proxy: ChaosProxy, stop: () => Promise<void>) {
    this.#proxy = proxy
    this.#stop = stop
  }

  static async open(): Promise<Evening> {
    const { port, stop } = await startHost({ listen: { silentMs: 10_000 } })
    const evening = new Evening(await ChaosProxy.open(port), stop)
    // The last two are one member, by two connections.
    for (const [index, name] of ['ani', 'budi', 'cici', 'cici'].entries()) {
      const transport = index % 2 === 1 ? 'websocket' : 'frames'
      const key = name.charCodeAt(0).toString(16).repeat(16)
      const options = { name, key, transport, after: 0, settings: quick } as const
      const session = await connected(`127.0.0.1:${evening.#proxy.port}`, options)
      const events: RoomEvent[] = []
      session.events$.subscribe((event) => events.push(event))
      const person: Person = { session, events, lost: 0, status: 'connected' }
      session.state$.subscribe(({ status }) => {
        person.status = status
        if (status === 'retrying') person.lost++
      })
      evening.#people.push(person)
    }
    return evening
  }

  send(who: number): void {
    const text = `sent ${++this.#count}`
    this.#asked.push({ text, answer: this.#person(who).session.send({ type: 'say', text }) })
  }

  sendTwice(who: number): void {
    const text = `twice ${++this.#count}`
    const command = { type: 'say', text, id: `k${this.#count}` } as const
    this.#sent.push({ who, ...command })
    for (const _ of [1, 2]) this.#asked.push({ text, answer: this.#person(who).session.send(command) })
  }

  /** Long after it was answered, or before. */
  sendAgain(which: number): void {
    const before = this.#sent[which % Math.max(1, this.#sent.length)]
    if (before === undefined) return
    const { who, text, id } = before
    this.#asked.push({ text, answer: this.#person(who).session.send({ type: 'say', text, id }) })
  }

  post(who: number, count: number): void {
    const texts = Array.from({ length: count }, () => `posted ${++this.#count}`)
    if (this.#person(who).session.post(texts.map((text) => ({ type: 'say', text }))) === 'accepted')
      this.#posted.push(...texts)
  }

  /** By a reset: the beginning of a request that ends properly is a line, which somebody says (C6). */
  cut(): void {
    this.#proxy.cutAll('reset')
  }

  cutInside(lane: 'up' | 'down', bytes: number): void {
    this.#proxy[lane].cutAt(this.#proxy[lane].passed + bytes)
  }

  split(bytes: number | undefined): void {
    for (const lane of [this.#proxy.up, this.#proxy.down]) lane.segmentBytes = bytes
  }

  throttle(bytesPerSecond: number | undefined): void {
    this.#proxy.down.bytesPerSecond = bytesPerSecond
  }

  stall(lane: 'up' | 'down'): void {
    this.#proxy[lane].stall()
  }

  heal(): void {
    this.split(undefined)
    this.throttle(undefined)
    this.release()
  }

  release(): void {
    for (const lane of [this.#proxy.up, this.#proxy.down]) lane.release()
  }

  /** Nothing arrives on any connection until somebody has noticed; then what was held up arrives late. */
  async silence(lane: 'up' | 'down' | 'both'): Promise<void> {
    const before = this.#lost
    for (const each of ['up', 'down'] as const) if (lane !== (each === 'up' ? 'down' : 'up')) this.stall(each)
    await until('somebody to notice the silence', () => this.#lost > before)
    noticed++
    this.release()
  }

  /** The connections that there are lead nowhere any more (C73), and new ones go well: all have to notice by themselves. */
  async halfOpen(): Promise<void> {
    this.heal()
    await until('all to be there', () => this.#people.every(({ status }) => status === 'connected'))
    const before = this.#people.map(({ lost }) => lost)
    this.#proxy.forgetAll()
    await until('all to notice', () => this.#people.every(({ lost }, index) => lost > (before[index] ?? 0)))
    noticed++
  }

  async turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
  }

  /** When the network is well again, all have the same, and everything once. */
  async check(): Promise<void> {
    this.heal()
    let settled = 0
    for (const { answer } of this.#asked) void answer.then(() => settled++)
    await until('every answer', () => settled === this.#asked.length)
    const answers = await Promise.all(this.#asked.map(async ({ text, answer }) => ({ text, answer: await answer })))
    const texts = [...new Set(this.#asked.map(({ text }) => text)), ...this.#posted]
    const entries = ({ events }: Person) => events.flatMap((event) => (event.type === 'said' ? [event] : []))
    await until('everybody to have everything', () =>
      this.#people.every((each) => entries(each).length >= texts.length),
    )
    const first = this.#people.map(entries).at(0) ?? []
    expect(first.map(({ seq }) => seq)).toEqual(texts.map((_, index) => index + 1))
    expect(first.map(({ text }) => text).toSorted()).toEqual(texts.toSorted())
    for (const person of this.#people) expect(entries(person)).toEqual(first)
    await until('everybody to be known', () =>
      this.#people.every(
        ({ session }) =>
          session.members
            .map(({ name }) => name)
            .toSorted()
            .join() === 'ani,budi,cici',
      ),
    )
    const seqOf = new Map(first.map(({ text, seq }) => [text, seq]))
    for (const { text, answer } of answers) expect(answer).toMatchObject({ type: 'ack', seq: seqOf.get(text) })
    for (const { session } of this.#people) await session.close()
    await this.#stop()
    await this.#proxy.close()
  }

  get #lost(): number {
    return this.#people.reduce((sum, { lost }) => sum + lost, 0)
  }

  #person(index: number): Person {
    const person = this.#people[index % this.#people.length]
    if (person === undefined) throw new Error('nobody is here')
    return person
  }
}

type Step = readonly [keyof Evening & string, ...(string | number | undefined)[]]

const who = fc.nat(3)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 16, arbitrary: fc.tuple(fc.constant('send' as const), who) },
  { weight: 6, arbitrary: fc.tuple(fc.constant('sendTwice' as const), who) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('sendAgain' as const), fc.nat(100)) },
  { weight: 8, arbitrary: fc.tuple(fc.constant('post' as const), who, fc.integer({ min: 1, max: 30 })) },
  { weight: 6, arbitrary: fc.tuple(fc.constant('cut' as const)) },
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constant('cutInside' as const), fc.constantFrom('up', 'down'), fc.nat(2000)),
  },
  { weight: 4, arbitrary: fc.tuple(fc.constant('split' as const), fc.constantFrom(1, 7, 100, undefined)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('throttle' as const), fc.constantFrom(20_000, undefined)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('stall' as const), fc.constantFrom('up', 'down')) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('release' as const)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('silence' as const), fc.constantFrom('up', 'down', 'both')) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('halfOpen' as const)) },
  { weight: 16, arbitrary: fc.tuple(fc.constant('turns' as const), fc.integer({ min: 1, max: 40 })) },
)

async function take(evening: Evening, [name, ...args]: Step): Promise<void> {
  const act: unknown = evening[name]
  if (typeof act === 'function') await act.apply(evening, args)
}

it('whatever the network does, all have the same in the end, and everything that was sent exactly once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), async (steps) => {
      const evening = await Evening.open()
      for (const each of steps) await take(evening, each)
      await evening.check()
    }),
    { numRuns: Number(process.env['TAMTAM_MODEL_RUNS'] ?? 25), endOnFailure: true },
  )
  expect(noticed, 'silences that somebody had to notice').toBeGreaterThan(0)
})
