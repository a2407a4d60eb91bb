import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { readAll } from '../harness/bytes.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { countFaults } from '../harness/fault-count.ts'
import { sampleFile, sampleSize } from '../integration/storage/disk/sample-file.ts'
import { fileStoreInDirectory } from '../integration/storage/disk/store-in-directory.ts'
import { UPLOADER } from '../integration/storage/disk/strace.ts'
import type { UploaderOptions } from '../integration/storage/disk/uploader.ts'

const had = countFaults('kills in an upload to the file store')

const CYCLES = Number(process.env['KILL_CYCLES'] ?? 20)
const MOST_BYTES = 600_000
const LONG_BYTES = 24_000_000
const MOST_CYCLES = 10 * CYCLES

/** Lets a process upload until it has said so many lines, then kills it; answers what it said. */
const killAfter = async (options: UploaderOptions, lines: number): Promise<string[]> => {
  const child = spawn(process.execPath, [UPLOADER, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const said: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line)
    if (said.length === lines) child.kill('SIGKILL')
  }
  await exited
  return said
}

const random = (below: number): number => Math.floor(Math.random() * below)

test(`whatever moment a host is killed at, a file is whole and exact or absent (C78, ${CYCLES} times)`, async () => {
  const directory = await temporaryDirectory()
  let left = 0
  let kept = 0
  for (let cycle = 0; cycle < CYCLES; cycle += 1) {
    const said = await killAfter(
      { directory, bytes: MOST_BYTES, endless: true, syncEveryBytes: 100_000 },
      1 + random(60),
    )
    const whole = said.flatMap((line) => /^whole (\w+)/.exec(line)?.[1] ?? [])
    const { fileStore, names } = await fileStoreInDirectory({ directory })
    left += await fileStore.sweep(new Set())
    const ids = await names()
    expect(ids).toEqual(expect.arrayContaining(whole))
    for (const id of ids) {
      expect(id).toMatch(/^[0-9a-f]{32}$/)
      const content = await readAll(fileStore.read(id))
      expect(content.equals(sampleFile(id, sampleSize(id, MOST_BYTES)))).toBe(true)
      await fileStore.remove(id)
      kept += 1
    }
    expect(await names()).toEqual([])
    await fileStore.close()
  }
  // Otherwise the kills did not come in the middle of anything.
  had(CYCLES)
  expect(left).toBeGreaterThan(CYCLES / 2)
  expect(kept).toBeGreaterThan(CYCLES / 2)
  await rm(directory, { recursive: true })
})

test(`an upload goes on where it was durable, whatever came of the rest (C78, C108, C109, ${CYCLES} kills)`, async () => {
  const directory = await temporaryDirectory()
  let inside = 0
  let garbled = 0
  let finished = 0
  let id = randomBytes(16).toString('hex')
  let cycle = 0
  // How many kills come in the middle depends on the machine: on a quick one the upload is over before the kill is there.
  const isEnough = () => cycle >= CYCLES && finished >= 2 && inside > CYCLES / 3
  for (; !isEnough() && cycle < MOST_CYCLES; cycle += 1) {
    const options = { directory, bytes: LONG_BYTES, endless: false, syncEveryBytes: 30_000, id }
    const said = await killAfter(options, 1 + random(cycle < CYCLES ? 100 : 2000))
    const promised = Math.max(0, ...said.map((line) => Number(/^durable (\d+)$/.exec(line)?.[1] ?? 0)))
    const { fileStore } = await fileStoreInDirectory({ directory })
    if ((await fileStore.size(id)) === undefined) {
      const durable = (await fileStore.durable(id)) ?? 0
      expect(durable).toBeGreaterThanOrEqual(promised)
      if (durable > 0) inside += 1
      garbled += await garble(join(directory, 'files', `${id}.part`), durable)
    } else {
      expect((await readAll(fileStore.read(id))).equals(sampleFile(id, LONG_BYTES))).toBe(true)
      await fileStore.remove(id)
      finished += 1
      id = randomBytes(16).toString('hex')
    }
    await fileStore.close()
  }
  had(cycle)
  expect(isEnough(), `${inside} inside, ${finished} finished of ${cycle}`).toBe(true)
  expect(garbled).toBeGreaterThan(0)
  await rm(directory, { recursive: true })
})

/** What a crash of the machine may do: the bytes from `from` on are others, and there may be more of them. Answers how many there were. */
const garble = async (path: string, from: number): Promise<number> => {
  const size = await stat(path).then(
    (found) => found.size,
    () => undefined,
  )
  if (size === undefined) return 0
  const file = await open(path, 'r+')
  await file.write(randomBytes(size - from + random(10_000)), 0, undefined, from)
  await file.close()
  return size - from
}
