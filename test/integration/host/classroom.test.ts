import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { sha256Of } from '../../harness/bytes.ts'
import { CliProcess } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { HostProcess } from '../../harness/host-process.ts'
import { Lan, testOnLan } from '../../harness/lan.ts'
import { until } from '../../harness/patience.ts'
import { Sample } from '../../harness/sample.ts'
import { needs } from '../../harness/tools.ts'

const test = testOnLan()
const PROGRAM = fileURLToPath(new URL('../../harness/classroom-program.ts', import.meta.url))

interface Told {
  readonly phase: 'here' | 'received' | 'handed in'
  readonly digests: readonly string[]
  readonly work: readonly { readonly name: string; readonly sha256: string }[]
}

test('P1, C117: 30 with netcat, sessions and curl come in, get 20 MB, and hand in what only the host gets', async () => {
  needs('curl', 'nc')
  const lan = Lan.create()
  const directory = await temporaryDirectory()
  const data = join(directory, 'data')
  const lesson = new Sample(20_000_000, 5)
  const path = join(directory, 'lesson.bin')
  await lesson.save(path)
  const args = ['--lan', '--data', data, '--save', directory, '--line-files', 'inline']
  const { host, port } = await HostProcess.start(args, { command: lan.host.command })
  const [token = ''] = (await CliProcess.run(['token', '--data', data])).out.toString().split('\n')
  const task = JSON.stringify({ host: lan.host.address, port, token, lesson: 'lesson.bin' })
  const room = new HostProcess([task], { program: PROGRAM, command: lan.guest.command })
  const told = (): readonly Told[] => room.lines.map((line) => JSON.parse(line))
  const phase = async (count: number): Promise<Told> => {
    await room.until(`phase ${count}`, () => room.lines.length >= count)
    return told()[count - 1] as Told
  }

  await phase(1)
  host.child.stdin?.write(`/send ${path}\n`)
  expect(new Set((await phase(2)).digests)).toEqual(new Set([lesson.sha256()]))
  const verified = () =>
    host.events.filter(({ type }) => type === 'fileReceived').map(({ by }) => (by as { readonly name: string }).name)
  // Netcat says nothing of what it got; the other 22 do.
  await until('all receipts', () => new Set(verified()).size >= 22)

  host.child.stdin?.write('/collect on\n')
  const { work } = await phase(3)
  expect(work).toHaveLength(30)
  for (const { name, sha256 } of work) {
    const saved = join(directory, `terima_${name}`)
    await until(
      `${name} of the host`,
      async () => sha256Of(await readFile(saved).catch(() => Buffer.alloc(0))) === sha256,
    )
  }
  expect(await room.ended()).toBe(0)
})
