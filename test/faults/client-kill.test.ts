import { randomInt } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ChaosProxy } from '../harness/chaos-proxy.ts'
import type { Lane } from '../harness/chaos-proxy-lane.ts'
import { CliProcess, folderWith, hostForVerbs } from '../harness/cli-process.ts'
import { filesOf } from '../harness/files.ts'

const KILLS = Number(process.env['CLIENT_KILLS'] ?? 5)
/** More than the requests around a file take, so that each run moves some of it. */
const LEAST_STEP_BYTES = 20_000
const MOST_STEP_BYTES = 300_000
/** More than all those steps, so that no run gets to the end before it is killed. */
const FILE_BYTES = (KILLS + 1) * MOST_STEP_BYTES

/**
 * Runs a command again and again. The network stops each time after some more bytes, and while nothing moves the command is killed, which
 * is in the middle whatever the machine's speed. The last run ends by itself.
 */
async function killed(
  args: readonly string[],
  cwd: string,
  proxy: ChaosProxy,
  lane: Lane,
  moved: () => Promise<number>,
) {
  for (let kill = 1; kill <= KILLS; kill++) {
    const before = await moved()
    lane.stallAt(lane.passed + randomInt(LEAST_STEP_BYTES, MOST_STEP_BYTES))
    const verb = new CliProcess(args, { cwd })
    // What comes down is kept by the one that is killed, what goes up by the host, which says how much when the connection is over.
    await verb.until('the middle', async () => lane.stalled && (lane === proxy.up || (await moved()) > before))
    await verb.kill('SIGKILL')
    proxy.cutAll('end')
    lane.release()
    await verb.until('some more bytes', async () => (await moved()) > before)
    expect(await moved()).toBeLessThan(FILE_BYTES)
  }
  const { code, errors } = await CliProcess.run(args, { cwd })
  expect(code, errors).toBe(0)
}

test(`P1 P6 tamtam send and tamtam get are each killed ${KILLS} times within one file, which is exact in the end`, async () => {
  const { port } = await hostForVerbs({ stores: 'kept' })
  const proxy = await ChaosProxy.open(port)
  const at = `127.0.0.1:${proxy.port}`
  const { cwd, path, bytes, digest, read } = await folderWith('a.bin', FILE_BYTES)
  const offset = async () => {
    const [file] = await filesOf(port)
    return file?.status === 'whole' ? FILE_BYTES : (file?.offset ?? 0)
  }
  await killed(['send', at, path], cwd, proxy, proxy.up, offset)
  const files = await filesOf(port)
  expect(files).toMatchObject([{ status: 'whole', sha256: digest }])

  const partBytes = async () => {
    const part = (await readdir(cwd)).find((name) => name.endsWith('.part'))
    return part === undefined ? 0 : (await stat(join(cwd, part))).size
  }
  await killed(['get', at], cwd, proxy, proxy.down, partBytes)
  expect(bytes.equals(await read('a.bin'))).toBe(true)
  expect((await readdir(cwd)).sort()).toEqual(['a.bin', 'sent'])
  console.log(`P1 P6: ${2 * KILLS} kills of clients, 1 file each way, 0 lost, 0 inexact`)
})
