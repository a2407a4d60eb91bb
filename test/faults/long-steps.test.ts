import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from '../harness/directory.ts'
import { enter } from '../harness/host-process.ts'
import { ask } from '../harness/http-client.ts'
import { LineClient } from '../harness/line-client.ts'
import { LAUNCH_FLAGS } from '../harness/program.ts'

const PROGRAM = fileURLToPath(new URL('./step-host.ts', import.meta.url))
/** Of processor time, which a busy machine does not change: ten times what it takes. A step that does all that was asked for at once takes more. */
const MOST_MS = 200
const OLD_LINES = 10_000
const PASTE_BYTES = 20_000_000
const FILE_BYTES = 100_000_000

async function stepHost() {
  const child = fork(PROGRAM, [await temporaryDirectory()], { execArgv: [...LAUNCH_FLAGS] })
  onTestFinished(async () => {
    child.disconnect()
    await once(child, 'exit')
  })
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  /** The longest step since it was asked before. */
  const longestMs = async (): Promise<number> => {
    child.send('longest')
    const [answer] = (await once(child, 'message')) as [{ longestMs: number }]
    return answer.longestMs
  }
  return { port, longestMs }
}

test.skipIf(process.threadCpuUsage === undefined)(
  'C82 no step of a host holds up the others, whatever one of them asks for',
  async () => {
    const { port, longestMs } = await stepHost()
    const ani = await enter(port, 'ani')
    const budi = await enter(port, 'budi')
    const steps: Record<string, number> = {}
    const measure = async (what: string, work: () => Promise<unknown>) => {
      await longestMs()
      await work()
      steps[what] = Math.round(await longestMs())
    }
    const lines = Array.from({ length: OLD_LINES }, (_, index) => `kata ${index} ${'isi '.repeat(10)}\n`).join('')
    // The first time compiles what later ones run.
    await measure('warming up', () => ani.ask(`${lines}/history 1`, '* end of history'))
    await measure('many lines at once', () => ani.ask(`${lines}/history 1`, '* end of history'))
    await measure('a paste without line ends', async () => {
      const client = await LineClient.connect(port, { keepBytes: false })
      onTestFinished(() => client.leave())
      client.write(Buffer.alloc(PASTE_BYTES, 'a'))
      await client.closed()
    })
    await measure('history', async () => {
      for (let times = 0; times < 20; times++) await budi.ask('/history 500', '* end of history')
    })
    await measure('pages of events', async () => {
      for (let after = 0; after < 10_000; after += 500)
        await ask(port, `GET /rooms/lobby/events?after=${after}&limit=500`)
    })
    await measure('search', async () => {
      budi.write('/search kata isi\n')
      // Words are indexed behind what is said.
      await budi.until('* end of search')
    })
    await measure('letters that grow', () =>
      ani.ask(`${'\ufdfa'.repeat(1300)}\n/nick ${'\ufdfa'.repeat(10)}\n/history 1`, '* end of history'),
    )
    const body = randomBytes(FILE_BYTES)
    await measure('a file up and down', async () => {
      const { json } = await ask(port, 'PUT /lobby/a.bin', { body })
      await ask(port, `GET /files/${(json as { id: string }).id}`)
    })
    console.log(`C82: longest steps in ms of processor time: ${JSON.stringify(steps)}`)
    const { 'warming up': _, ...judged } = steps
    expect(Math.max(...Object.values(judged))).toBeLessThan(MOST_MS)
  },
)
