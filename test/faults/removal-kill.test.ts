import { randomBytes, randomInt } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../harness/directory.ts'
import { HostProcess } from '../harness/host-process.ts'
import { SessionClient } from '../harness/session-client.ts'

const KILLS = Number(process.env['KILL_CYCLES'] ?? 6)
const MOST_REMOVED = 25

/** The texts that a file of the directory has, as they are or as the search index shortens them. */
async function onDisk(data: string, texts: readonly string[]): Promise<string[]> {
  const files = (await readdir(data, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const contents = await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name))))
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
