import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { sampleFile, sampleSize } from '../adapters/stores/disk/sample-file.ts'
import { UPLOADER } from '../adapters/stores/disk/strace.ts'
import { readAll, temporaryDirectory, vaultInDirectory } from '../adapters/stores/disk/vault-in-directory.ts'

const CYCLES = 40
const MOST_BYTES = 600_000

/** Lets a process upload until it has said so many lines, then kills it; answers the ids that it called whole. */
const killAfter = async (directory: string, lines: number): Promise<string[]> => {
  const options = { directory, bytes: MOST_BYTES, endless: true, syncEveryBytes: 100_000 }
  const child = spawn(process.execPath, [UPLOADER, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const whole: string[] = []
  let said = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const [, id] = /^whole (\w+)/.exec(line) ?? []
    if (id) whole.push(id)
    said += 1
    if (said === lines) child.kill('SIGKILL')
  }
  await exited
  return whole
}

test(`whatever moment a host is killed at, a file is whole and exact or absent (C78, ${CYCLES} times)`, async () => {
  const directory = await temporaryDirectory()
  let left = 0
  let kept = 0
  for (let cycle = 0; cycle < CYCLES; cycle += 1) {
    const whole = await killAfter(directory, 1 + Math.floor(Math.random() * 60))
    const { vault, names } = await vaultInDirectory({ directory })
    left += await vault.sweep(new Set())
    const ids = await names()
    expect(ids).toEqual(expect.arrayContaining(whole))
    for (const id of ids) {
      expect(id).toMatch(/^[0-9a-f]{32}$/)
      const content = await readAll(vault.read(id))
      expect(content.equals(sampleFile(id, sampleSize(id, MOST_BYTES)))).toBe(true)
      await vault.remove(id)
      kept += 1
    }
    expect(await names()).toEqual([])
    await vault.close()
  }
  // Otherwise the kills did not come in the middle of anything.
  expect(left).toBeGreaterThan(CYCLES / 2)
  expect(kept).toBeGreaterThan(CYCLES / 2)
  await rm(directory, { recursive: true })
})
