import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import type { CrowdNews, CrowdOrder } from '../helpers/crowd-program.ts'
import { startHostProcess } from '../helpers/host.ts'
import { LineClient } from '../helpers/line-client.ts'

const STALLED = 20
const ROUNDS = 5
const LINES_A_ROUND = 200_000
const LINES = ROUNDS * LINES_A_ROUND
const MOST_GROWTH_BYTES = 100 * 1024 * 1024
const LEAST_RATIO = 0.9

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

test(
  `C61: ${STALLED} members that never read and ${LINES} lines: nobody loses one, nobody waits, the host does not grow`,
  { timeout: 240_000 },
  async () => {
    // Nothing is trimmed in either room, which would cost only the one without stalled readers.
    const host = await startHostProcess({ limits: { historyEntries: 10 * LINES } })
    const room = async (name: string) => ({
      speaker: await Member.join(host.port, name),
      readers: [await Member.join(host.port, name), await Member.join(host.port, name)],
    })
    const rooms = { calm: await room('calm'), beset: await room('beset') }
    const late = await Member.join(host.port, 'beset', true)
    const stalled: LineClient[] = []
    for (let count = 1; count < STALLED; count++) {
      const client = await LineClient.join(host.port, undefined, { keepBytes: false })
      await client.ask('/join beset', / in beset: /)
      stalled.push(client.pause())
    }

    /** Lines a second, from the first one said to the last one read. */
    const run = async ({ speaker, readers }: typeof rooms.calm, round: number) => {
      const [from, to] = [round * LINES_A_ROUND, (round + 1) * LINES_A_ROUND]
      const began = performance.now()
      speaker.order({ type: 'speak', from, to })
      await Promise.all(readers.map((reader) => reader.read(to)))
      return LINES_A_ROUND / ((performance.now() - began) / 1000)
    }

    const before = await host.settledBytes()
    const ratios: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      // In turns, and each goes first in turn: what the machine does besides happens to both.
      const order = round % 2 === 0 ? (['calm', 'beset'] as const) : (['beset', 'calm'] as const)
      const rates = { calm: 0, beset: 0 }
      for (const name of order) rates[name] = await run(rooms[name], round)
      ratios.push(rates.beset / rates.calm)
    }
    const growth = (await host.peakBytes()) - before
    const median = ratios.toSorted((one, other) => one - other)[Math.floor(ROUNDS / 2)] as number
    process.stderr.write(
      `${STALLED} stalled: ratios ${ratios.map((ratio) => ratio.toFixed(2)).join(' ')}, the host grew by ${(growth / 1e6).toFixed(1)} MB\n`,
    )

    late.order({ type: 'read' })
    await late.read(LINES)
    for (const client of stalled) expect(client.over).toBe('open')
    expect(growth).toBeLessThan(MOST_GROWTH_BYTES)
    expect(median).toBeGreaterThanOrEqual(LEAST_RATIO)
  },
)
