import { once } from 'node:events'
import { createTamtam } from '#app/index.ts'

// An embedder's host: says where it listens, then says lines in its own room as fast as they are kept, and tells of each
// acknowledgement at once: `ack <number> <seq>`, or `known <number> <seq>` for one that was kept in an earlier life.

const [data = '', label = '', first = '1'] = process.argv.slice(2)
const IN_FLIGHT = 16

const tell = async (line: string): Promise<void> => {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain')
}
process.stdout.setMaxListeners(IN_FLIGHT + 1)

const tamtam = createTamtam({ data, freeSpaceFloorBytes: 0, limits: { historyEntries: 100_000_000 } })
await tamtam.start()
const { host, port, url } = await tamtam.listen({ port: 0 })
await tell(JSON.stringify({ v: 1, type: 'listening', host, port, url, pid: process.pid }))

const session = await tamtam.engine.join({ room: 'lobby', name: 'penjawab' })
let number = Number(first)
const speak = async (): Promise<void> => {
  while (true) {
    const mine = number++
    const answer = await session.send({ type: 'say', text: `${label} ${mine}`, id: `${label}-${mine}` })
    if (answer.type === 'rejected') return
    await tell(`${answer.duplicate ? 'known' : 'ack'} ${mine} ${answer.seq}`)
  }
}
await Promise.all(Array.from({ length: IN_FLIGHT }, speak))
