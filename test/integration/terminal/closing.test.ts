import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { haltingWay } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { startHost } from '../../harness/host.ts'
import { HostProcess } from '../../harness/host-process.ts'
import { until } from '../../harness/patience.ts'
import { MAIN, NODE } from '../../harness/program.ts'
import { needs } from '../../harness/tools.ts'

/** `tamtam …` in a terminal of its own, where `typed` is typed once `shown` is on the screen; then `act` is done. Answers the exit code. */
async function ended(
  args: readonly string[],
  shown: string,
  typed: string,
  act: (terminal: HostProcess) => unknown,
): Promise<number> {
  const code = join(await temporaryDirectory(), 'code')
  // The shell outlives its terminal to tell how the program ended, and passes no signal on.
  const line = `trap : HUP INT; stty cols 100 rows 24; ${[...NODE, MAIN, ...args].join(' ')}; echo $? > ${code}`
  const env = { TERM: 'xterm', LANG: 'C.UTF-8', SHELL: '/bin/sh' }
  const terminal = new HostProcess([], { whole: ['script', '-qec', line, '/dev/null'], env })
  await terminal.until(shown, () => [...terminal.lines, terminal.unfinished].some((row) => row.includes(shown)))
  terminal.child.stdin?.write(typed)
  await act(terminal)
  await until(`the end of ${args.join(' ')}`, () => existsSync(code) && readFileSync(code).length > 0)
  return Number(readFileSync(code, 'utf8'))
}

/** The same of one that is closed. */
const closed = (args: readonly string[], shown: string, typed: string, isThen = () => true): Promise<number> =>
  ended(args, shown, typed, async ({ child }) => {
    await until('the moment', isThen)
    child.kill('SIGKILL')
  })

test('B7: who waits for a host is told for which one, and Ctrl-C ends it at once', async () => {
  needs('script')
  const silent = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void silent.close())
  await once(silent, 'listening')
  const at = `127.0.0.1:${(silent.address() as AddressInfo).port}`
  expect(await ended(['join', at], `connecting to ${at}…`, '\x03', () => {})).toBe(130)
})

test('a terminal that is closed at any moment ends tamtam with 129 or 0, and a host leaves nothing', async () => {
  needs('script')
  const { port } = await startHost()
  const [folder, data] = [await temporaryDirectory(), join(await temporaryDirectory(), 'data')]
  const big = join(folder, 'besar.bin')
  await writeFile(big, Buffer.alloc(8_000_000))
  const way = await haltingWay(port, 'up', 1_000_000)
  const at = `127.0.0.1:${port}/lobby`
  const half = '\x1b[200~one line\nanother'
  const host = ['host', '--port', '0', '--data', data]
  const codes: unknown[] = []
  for (const typed of ['/quit\r', half]) {
    codes.push(await closed(host, '<You>', typed))
    expect(existsSync(join(data, 'owner.json'))).toBe(false)
  }
  for (const typed of ['', '/quit\r', '/join other\r', '\x03', half])
    codes.push(await closed(['join', at], '<You>', typed))
  codes.push(await closed(['join', `${way.at}/lobby`], '<You>', `/send ${big}\r`, way.isHalted))
  for (const code of codes) expect([0, 129]).toContain(code)
})
