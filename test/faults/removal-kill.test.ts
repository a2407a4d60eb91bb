import { randomBytes, randomInt } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../harness/directory.ts'
import { HostProcess } from '../harness/host-process.ts'
import { ask } from '../harness/http-client.ts'
import { until } from '../harness/patience.ts'
import { keyOf, SessionClient } from '../harness/session-client.ts'

const KILLS = Number(process.env['KILL_CYCLES'] ?? 6)
const MOST_REMOVED = 25
const MOST_FILES = 12

/** The texts that a file of the directory has, as they are or as the search index shortens them. */
async function onDisk(data: string, texts: readonly string[]): Promise<string[]> {
  const files = (await readdir(data, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const gone = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return Buffer.alloc(0)
  }
  const contents = await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name)).catch(gone)))
  return texts.filter((text) => contents.some((bytes) => bytes.includes(text.slice(8))))
}

/** Says and removes messages until the host is killed, after so many removals; tells of what was asked and what was answered. */
async function removing(ani: SessionClient, kill: () => void, messages: Map<number, string>) {
  const asked = new Set<number>()
  const answered = new Set<number>()
  let left = randomInt(1, MOST_REMOVED)
  const one = async () => {
    try {
      while (left > 0) {
        const text = randomBytes(16).toString('hex')
        const said = await ani.say(text)
        if (said.type !== 'ack') throw new Error(said.code)
        messages.set(said.seq, text)
        await ani.say('kept')
        asked.add(said.seq)
        const removed = await ani.ask({ type: 'removeMessage', seq: said.seq })
        expect(removed.type).toBe('ack')
        answered.add(said.seq)
        if (--left === 0) kill()
      }
    } catch (error) {
      // What is under way breaks off with the host.
      if (left > 0) throw error
    }
  }
  await Promise.all(Array.from({ length: 4 }, one))
  return { asked, answered }
}

/** The same with files. */
async function removingFiles(ani: SessionClient, port: number, kill: () => void, files: Map<string, string>) {
  const answered = new Set<string>()
  let left = randomInt(1, MOST_FILES)
  const one = async () => {
    try {
      while (left > 0) {
        const text = randomBytes(16).toString('hex')
        const headers = { 'Tamtam-Key': keyOf('ani') }
        const put = await ask(port, `PUT /lobby/${text.slice(0, 8)}.txt`, {
          body: Buffer.from(text.repeat(100)),
          headers,
        })
        expect(put.status).toBe(201)
        const { id } = put.json as { id: string }
        files.set(id, text)
        expect(await ani.ask({ type: 'removeFile', file: id })).toMatchObject({ type: 'ack' })
        answered.add(id)
        if (--left === 0) kill()
      }
    } catch (error) {
      if (left > 0) throw error
    }
  }
  await Promise.all(Array.from({ length: 3 }, one))
  return answered
}

test(`C80 the bytes of removed files are gone once a host runs again that was killed ${KILLS} times meanwhile`, async () => {
  const data = await temporaryDirectory()
  const files = new Map<string, string>()
  const gone = new Set<string>()
  for (let cycle = 0; cycle <= KILLS; cycle++) {
    const { host, port } = await HostProcess.start(['--data', data])
    const ani = await SessionClient.join(port, 'frames', 'ani', 'lobby', 0)
    const { last } = ani.of('joined')[0]!
    await ani.until(() => (ani.entries.at(-1)?.seq ?? 0) >= last)
    // Committed, perhaps, and not answered.
    for (const entry of ani.entries) if (entry.type === 'fileWithdrawn') gone.add(entry.file.id)
    const texts = Array.from(gone, (id) => files.get(id)).filter((text) => text !== undefined)
    // A start removes them again, beside its other work.
    await until('the bytes to be gone', async () => (await onDisk(join(data, 'files'), texts)).length === 0)
    for (const id of gone) expect((await ask(port, `GET /files/${id}`)).status).toBe(404)
    if (cycle === KILLS) {
      await host.stop()
      break
    }
    const answered = await removingFiles(ani, port, () => void host.kill(), files)
    await host.ended()
    for (const id of answered) gone.add(id)
  }
  console.log(`removal: ${KILLS} kills, ${gone.size} files removed`)
  expect(gone.size).toBeGreaterThan(KILLS)
})

test(`C80 a host that is killed ${KILLS} times while messages are removed has nothing of them on its disk once it runs again`, async () => {
  const data = await temporaryDirectory()
  const gone = new Map<number, string>()
  const messages = new Map<number, string>()
  let [wereThere, wereOpen] = [0, 0]
  for (let cycle = 0; cycle <= KILLS; cycle++) {
    const { host, port } = await HostProcess.start(['--data', data])
    const ani = await SessionClient.join(port, 'frames', 'ani', 'lobby', 0)
    const joined = ani.of('joined')[0]!
    await ani.until(() => (ani.entries.at(-1)?.seq ?? 0) >= joined.last)
    const entries = new Map(ani.entries.map((entry) => [entry.seq, entry]))
    // Committed, perhaps, and not answered: removed all the same, or not at all.
    for (const [seq, text] of messages) if (entries.get(seq)?.type === 'erased') gone.set(seq, text)
    for (const [seq, text] of gone) expect([seq, entries.get(seq)?.type, text]).toEqual([seq, 'erased', text])
    expect(await onDisk(data, [...gone.values()])).toEqual([])
    expect(ani.entries.map(({ seq }) => seq)).toEqual(
      Array.from({ length: ani.entries.length }, (_, index) => index + 1),
    )
    if (cycle === KILLS) {
      await host.stop()
      break
    }
    const { asked, answered } = await removing(ani, () => void host.kill(), messages)
    await host.ended()
    for (const seq of answered) gone.set(seq, messages.get(seq) as string)
    wereOpen += asked.size - answered.size
    wereThere += (await onDisk(data, [...gone.values()])).length
  }
  expect(await onDisk(data, [...gone.values()])).toEqual([])
  console.log(
    `removal: ${KILLS} kills, ${gone.size} removed, ${wereThere} still on the disk at a kill, ${wereOpen} under way`,
  )
  expect(gone.size).toBeGreaterThan(KILLS)
})
