import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import type { CrowdNews, CrowdOrder } from '../helpers/crowd-program.ts'
import { startHostProcess } from '../helpers/host.ts'
import { LineClient } from '../helpers/line-client.ts'

const STALLED = 20
const LINES = 1_000_000
const GROUPS = 5
/** In each group the room without and the room with stalled members have two turns each. */
const LINES_A_TURN = LINES / GROUPS / 2
/** What is in use for twenty that never read: 20 buffers that are full, and cursors. */
const MOST_LIVE_BYTES = 30 * 1024 * 1024
/** How much more may be resident at the most, with all that traffic. */
const MOST_GROWTH_BYTES = 100 * 1024 * 1024
const LEAST_RATIO = 0.9
/** A machine with other work may spoil one series of measurements, not all. */
const SERIES = 5

const medianOf = (numbers: readonly number[]): number =>
  numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] as number

/** A member in a thread of its own, which says or reads numbered lines. */
class Member {
  #next = 0
  #wrong: string | undefined
  readonly #worker: Worker
  #wake: () => void = () => {}

  constructor(worker: Worker) {
    this.#worker = worker
    worker.on('message', (news: CrowdNews) => {
      if (news.type === 'read') this.#next = news.next
      if (news.type === 'wrong') this.#wrong = `waited for line ${news.next} and got ${news.line}`
      this.#wake()
    })
  }

  static async join(port: number, room: string, stalled = false): Promise<Member> {
    const program = fileURLToPath(new URL('../helpers/crowd-program.ts', import.meta.url))
    const worker = new Worker(program, { workerData: { port, room, stalled } })
    onTestFinished(async () => {
      await worker.terminate()
    })
    const member = new Member(worker)
    await new Promise<void>((resolve) => {
      member.#wake = resolve
    })
    return member
  }

  order(order: CrowdOrder): void {
    this.#worker.postMessage(order)
  }

  /** Resolves when all lines before `to` have arrived, in order and each once. */
  async read(to: number): Promise<void> {
    while (this.#next < to) {
      if (this.#wrong !== undefined) throw new Error(this.#wrong)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

test(`C61: ${STALLED} members that never read and ${LINES} lines: nobody loses one, nobody waits, the host does not grow`, {
  timeout: 240_000,
}, async () => {
  // Nothing is trimmed in either room, which would cost only the one without stalled readers.
  const host = await startHostProcess({ limits: { historyEntries: 10 * SERIES * LINES } })
  const room = async (name: string) => ({
    speaker: await Member.join(host.port, name),
    readers: [await Member.join(host.port, name), await Member.join(host.port, name)],
    said: 0,
    peak: 0,
  })
  const rooms = { calm: await room('calm'), beset: await room('beset') }
  const late = await Member.join(host.port, 'beset', true)
  const stalled: LineClient[] = []
  for (let count = 1; count < STALLED; count++) {
    const client = await LineClient.join(host.port, undefined, { keepBytes: false })
    await client.ask('/join beset', / in beset: /)
    stalled.push(client.pause())
  }

  /** Milliseconds from the first line said to the last one read. */
  const turn = async (name: keyof typeof rooms) => {
    const { speaker, readers, said } = rooms[name]
    const to = said + LINES_A_TURN
    const began = performance.now()
    speaker.order({ type: 'speak', from: said, to })
    await Promise.all(readers.map((reader) => reader.read(to)))
    const took = performance.now() - began
    rooms[name].said = to
    rooms[name].peak = Math.max(rooms[name].peak, (await host.memory()).peak)
    return took
  }

  // A turn of each to warm up; the stalled members' buffers are full then.
  const before = await host.memory()
  await turn('calm')
  await turn('beset')
  let best = 0
  for (let series = 0; series < SERIES && best < LEAST_RATIO; series++) {
    const ratios: number[] = []
    for (let group = 0; group < GROUPS; group++) {
      // There and back, and the other way round next time: what the machine does besides happens to both.
      const [first, second] = group % 2 === 0 ? (['calm', 'beset'] as const) : (['beset', 'calm'] as const)
      const took = { calm: 0, beset: 0 }
      for (const name of [first, second, second, first]) took[name] += await turn(name)
      ratios.push(took.calm / took.beset)
    }
    process.stderr.write(`${STALLED} stalled: throughput ${ratios.map((ratio) => ratio.toFixed(2)).join(' ')}\n`)
    best = Math.max(best, medianOf(ratios))
  }
  const live = (await host.memory()).live - before.live
  const growth = rooms.beset.peak - before.settled
  const [liveMB, growthMB] = [live, growth].map((bytes) => (bytes / 1e6).toFixed(1))
  process.stderr.write(`${STALLED} stalled: ${liveMB} MB more in use, ${growthMB} MB more resident at most\n`)

  late.order({ type: 'read' })
  await late.read(rooms.beset.said)
  expect(rooms.beset.said).toBeGreaterThanOrEqual(LINES)
  for (const client of stalled) expect(client.over).toBe('open')
  expect(live).toBeLessThan(MOST_LIVE_BYTES)
  expect(growth).toBeLessThan(MOST_GROWTH_BYTES)
  expect(best).toBeGreaterThanOrEqual(LEAST_RATIO)
})
