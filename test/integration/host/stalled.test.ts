import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { startHostProcess } from '../../harness/host.ts'
import { LineClient } from '../../harness/line-client.ts'
import type { CrowdNews, CrowdOrder } from '../../harness/member-program.ts'

const STALLED = 20
const LINES = 300_000
/** What is in use for twenty that never read: 20 buffers that are full, and cursors. */
const MOST_LIVE_BYTES = 40 * 1024 * 1024
/** How much more may be resident at the most, with all that traffic. */
const MOST_GROWTH_BYTES = 160 * 1024 * 1024

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
    const program = fileURLToPath(new URL('../../harness/member-program.ts', import.meta.url))
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

test(`C61: ${STALLED} members that never read and ${LINES} lines: nobody loses one, nobody waits, the host does not grow`, async () => {
  // Nothing is trimmed, so that those who do not read have all of it before them.
  const host = await startHostProcess({ limits: { historyEntries: 10 * LINES } })
  const speaker = await Member.join(host.port, 'beset')
  const readers = [await Member.join(host.port, 'beset'), await Member.join(host.port, 'beset')]
  const late = await Member.join(host.port, 'beset', true)
  const stalled: LineClient[] = []
  for (let count = 1; count < STALLED; count++) {
    const client = await LineClient.join(host.port, undefined, { keepBytes: false })
    await client.ask('/join beset', / in beset: /)
    stalled.push(client.pause())
  }

  const before = await host.memory()
  speaker.order({ type: 'speak', from: 0, to: LINES })
  // They have all of it while the others have taken nothing: whoever waited for those would wait for ever.
  await Promise.all(readers.map((reader) => reader.read(LINES)))
  const after = await host.memory()
  const live = after.live - before.live
  const growth = after.peak - before.settled
  const [liveMB, growthMB] = [live, growth].map((bytes) => (bytes / 1e6).toFixed(1))
  process.stderr.write(`${STALLED} stalled: ${liveMB} MB more in use, ${growthMB} MB more resident at most\n`)

  late.order({ type: 'read' })
  await late.read(LINES)
  for (const client of stalled) expect(client.over).toBe('open')
  expect(live).toBeLessThan(MOST_LIVE_BYTES)
  expect(growth).toBeLessThan(MOST_GROWTH_BYTES)
})
