import { randomInt } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { filesOf } from '../helpers/files.ts'
import { folderWith, hostForVerbs, Verb } from '../helpers/verb.ts'

const KILLS = Number(process.env['CLIENT_KILLS'] ?? 5)
const MOST_STEP_BYTES = 300_000
/** Much more than all those steps, so that no run gets to the end before it is killed. */
const FILE_BYTES = 8 * KILLS * MOST_STEP_BYTES

const offsetOf = async (port: number): Promise<number> => {
  const [file] = await filesOf(port)
  return file?.status === 'whole' ? FILE_BYTES : (file?.offset ?? 0)
}

/** Runs a command again and again, killed each time after some more bytes; `moved` tells how many there are. The last run ends by itself. */
async function killed(args: readonly string[], cwd: string, moved: () => Promise<number>): Promise<void> {
  for (let kill = 1; kill <= KILLS; kill++) {
    const enough = (await moved()) + randomInt(MOST_STEP_BYTES)
    const verb = new Verb([...args, '--limit', '2M'], { cwd })
    await verb.until('some more bytes', async () => (await moved()) >= enough)
    await verb.kill('SIGKILL')
  }
  const { code, errors } = await Verb.run(args, { cwd })
  expect(code, errors).toBe(0)
}

test(`P1 P6 tamtam send and tamtam get are each killed ${KILLS} times within one file, which is exact in the end`, async () => {
  const { at, port } = await hostForVerbs({ stores: 'kept' })
  const { cwd, path, bytes, digest, read } = await folderWith('a.bin', FILE_BYTES)
  await killed(['send', at, path], cwd, async () => offsetOf(port))
  const files = await filesOf(port)
  expect(files).toMatchObject([{ status: 'whole', sha256: digest }])

  const partBytes = async () => {
    const part = (await readdir(cwd)).find((name) => name.endsWith('.part'))
    return part === undefined ? 0 : (await stat(join(cwd, part))).size
  }
  await killed(['get', at], cwd, partBytes)
  expect(bytes.equals(await read('terima_a.bin'))).toBe(true)
  expect((await readdir(cwd)).sort()).toEqual(['a.bin', 'terima_a.bin'])
  console.log(`P1 P6: ${2 * KILLS} kills of clients, 1 file each way, 0 lost, 0 inexact`)
})
