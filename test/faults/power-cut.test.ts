import { randomBytes, randomInt } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { enter, HostProcess } from '../harness/host-process.ts'
import { ask } from '../harness/http-client.ts'
import type { LineClient } from '../harness/line-client.ts'
import { LoopDisk } from '../harness/loop-disk.ts'
import { until } from '../harness/patience.ts'
import { Promises } from '../harness/promises.ts'

const CUTS = Number(process.env['POWER_CUTS'] ?? 6)
const MOST_FILE_BYTES = 3_000_000
const LINES_AT_ONCE = 20
const MOST_LINES_BETWEEN = 200
/** Then small ones, so that a quick machine does not fill the disk before a slow one has what is waited for. */
const LARGE_FILES = 10
const SMALL_FILE_BYTES = 20_000
const CONTROL_BYTES = 100_000

/** Says numbered lines as fast as they are shown to somebody else, until it is told to end. */
async function speak(ani: LineClient, budi: LineClient, signal: AbortSignal): Promise<void> {
  for (let next = 1; !signal.aborted && budi.over === 'open'; next += LINES_AT_ONCE) {
    ani.write(Array.from({ length: LINES_AT_ONCE }, (_, index) => `kata ${next + index}\n`).join(''))
    await budi.until(`<ani> kata ${next + LINES_AT_ONCE - 1}`).catch(() => {})
  }
}

async function upload(port: number, promises: Promises, signal: AbortSignal): Promise<void> {
  for (let number = 1; !signal.aborted; number++) {
    const body = randomBytes(randomInt(1, number > LARGE_FILES ? SMALL_FILE_BYTES : MOST_FILE_BYTES))
    const answer = await ask(port, `PUT /lobby/b${number}.bin`, { body }).catch(() => undefined)
    if (answer?.status !== 201) continue
    const { id, sha256 } = answer.json as { id: string; sha256: string }
    promises.files.set(id, sha256)
  }
}

test(`C80 P2 what was shown or acknowledged is there after the power went at ${CUTS} moments`, async (context) => {
  const disk = await LoopDisk.make(context)
  const data = join(disk.directory, 'data')
  const { host, port } = await HostProcess.start(['--data', data, '--history', '100000000'])
  const [ani, budi] = [await enter(port, 'ani'), await enter(port, 'budi')]
  const promises = new Promises()
  const end = new AbortController()
  onTestFinished(() => end.abort())
  const work = [speak(ani, budi, end.signal), upload(port, promises, end.signal)]
  const shown = () => budi.talk.map((line) => line.slice(line.indexOf('> ') + 2))

  const total = { lost: 0, doubled: 0, gaps: 0 }
  let [lines, files, unsynced] = [0, 0, 0]
  for (let cut = 1; cut <= CUTS; cut++) {
    // Some way on, whatever the machine's speed; and at least one file is there.
    const [talk, moment] = [shown().length, randomInt(1, MOST_LINES_BETWEEN)]
    await until('some more lines', () => shown().length >= talk + moment && promises.files.size > 0)
    // Nobody asks for this to be on the disk, so a power cut takes it: otherwise these are no power cuts.
    await writeFile(join(disk.directory, `control-${cut}`), Buffer.alloc(CONTROL_BYTES, cut))
    host.child.kill('SIGSTOP')
    const after = await disk.copy()
    // What was sent before it stood still has arrived by now.
    const promised = new Promises()
    promised.shown.push(...shown())
    for (const [id, digest] of promises.files) promised.files.set(id, digest)
    host.child.kill('SIGCONT')

    const control = await readFile(join(after.directory, `control-${cut}`)).catch(() => Buffer.alloc(0))
    if (!control.equals(Buffer.alloc(CONTROL_BYTES, cut))) unsynced++
    const broken = await promised.broken(join(after.directory, 'data'))
    for (const key of ['lost', 'doubled', 'gaps'] as const) total[key] += broken[key]
    lines = promised.shown.length
    files = promised.files.size
    if (cut < CUTS) continue
    const { host: again, port: newPort } = await HostProcess.start(['--data', join(after.directory, 'data')])
    const citra = await enter(newPort, 'citra')
    await citra.ask('/history 500', '* end of history')
    expect(citra.talk.length).toBeGreaterThan(0)
    expect(await again.stop()).toBe(0)
  }
  end.abort()
  await host.kill()
  await Promise.all(work)
  console.log(
    `C80: ${CUTS} power cuts, of which ${unsynced} took what nobody had synced; ${lines} lines shown, ${files} files acknowledged; ${JSON.stringify(total)}`,
  )
  expect(total).toEqual({ lost: 0, doubled: 0, gaps: 0 })
  expect(unsynced).toBeGreaterThan(0)
  expect(lines).toBeGreaterThan(0)
  expect(files).toBeGreaterThan(0)
})
