import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { sha256Of } from '../../harness/bytes.ts'
import { ChaosProxy } from '../../harness/chaos-proxy.ts'
import { folderWith } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { HostProcess } from '../../harness/host-process.ts'
import { kept, Terminal } from '../../harness/tmux.ts'

const BYTES = 50_000_000

beforeEach((context) => Terminal.needed(context))

const percentIn = (screen: readonly string[]): number =>
  Number(/ besar\.bin +(\d+)%/.exec(screen.find((line) => /^[↑↓]/.test(line)) ?? '')?.[1] ?? -1)

/** Both sides of a transfer, with what is another each time taken out. */
const settled = (screen: readonly string[]): string =>
  kept(screen)
    .replace(/\[[0-9a-f]{8}\]/g, '[00000000]')
    .replace(/[0-9a-f]{20,}/g, 'digest')
    .replace(/\(([^)]*)\); trying/g, '(why); trying')

test('50 MB are seen moving; the host is killed and comes back: all goes on, and nothing is lost or doubled', async () => {
  const data = await temporaryDirectory()
  const { cwd, bytes } = await folderWith('besar.bin', BYTES)
  const save = await temporaryDirectory()
  const { host, port } = await HostProcess.start(['--data', data])
  const at = `127.0.0.1:${port}`
  // As slow as it takes to be looked at, on a busy machine too; once that is over, as fast as it can.
  const proxy = await ChaosProxy.open(port)
  proxy.up.bytesPerSecond = 800_000
  const ani = new Terminal(['join', `ani@127.0.0.1:${proxy.port}`], { cwd, columns: 120 })
  await ani.sees('<You>')
  const budi = new Terminal(['join', `budi@${at}`, '--auto', '60M', '--save', save], { columns: 120 })
  await budi.sees('<You>')
  await ani.sees('budi joined')
  ani.line('halo')
  await budi.sees('<ani> halo')

  ani.line('/send sent/besar.bin')
  await ani.until('the beginning', (screen) => percentIn(screen) > 0)
  const early = percentIn(ani.screen)
  await ani.until('further progress', (screen) => percentIn(screen) > early + 2)
  await budi.sees(/^↓ besar\.bin +\d+% \|/)
  const came = percentIn(budi.screen)
  await budi.until('more to have come', (screen) => percentIn(screen) > came)

  // Narrow and wide again while it moves: nothing of a frame stays behind (C62).
  ani.type('sebentar lagi semuanya ada di sana, tunggu ya')
  await ani.sees('tunggu ya')
  for (const columns of [40, 120]) {
    ani.resize(columns, 24)
    await ani.until('what is typed', (screen) => (columns === 40 ? /^<You> …/ : /^<You> s/).test(screen.at(-1) ?? ''))
    const seen = percentIn(ani.screen)
    await ani.until('progress on it', (screen) => percentIn(screen) > seen)
    expect(ani.all.filter((line) => /^↑|^<You>|ETA|tunggu ya$/.test(line))).toHaveLength(2)
    if (columns === 40)
      await expect(settled(ani.screen).replace(/^↑ .*/m, '↑ besar.bin')).toMatchFileSnapshot(
        'screens/narrow-sending.txt',
      )
  }
  ani.press('Escape')
  await ani.until('nothing typed', (screen) => /^<You>( {2,}|$)/.test(screen.at(-1) ?? ''))

  budi.line('cepat juga')
  await ani.sees('<budi> cepat juga')

  await host.kill()
  await ani.sees('offline, retrying (')
  proxy.up.bytesPerSecond = undefined
  ani.line('masih di sana?')
  await ani.sees('not answered yet: masih di sana?')
  const again = new HostProcess(['host', '--json', '--port', String(port), '--data', data])
  await again.listening()
  await ani.sees('connected again')
  await budi.sees('<ani> masih di sana?')
  await budi.until('the file', (screen) => screen.some((line) => line.includes('saved as ')))
  await ani.until('its end', (screen) => screen.some((line) => line.includes('ani sent besar.bin (')))

  expect(sha256Of(await readFile(join(save, 'besar.bin')))).toBe(sha256Of(bytes))
  for (const { all } of [ani, budi])
    for (const text of ['<ani> halo', '<budi> cepat juga', '<ani> masih di sana?'])
      expect(all.filter((line) => line.includes(text))).toHaveLength(1)
  const said = (lines: readonly string[]) => lines.filter((line) => line.startsWith('12:04 <'))
  expect(said(settled(ani.all).split('\n'))).toEqual(said(settled(budi.all).split('\n')))
  await expect(said(settled(ani.all).split('\n')).join('\n')).toMatchFileSnapshot('screens/resumed.txt')
})
