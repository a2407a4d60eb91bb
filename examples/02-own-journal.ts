// A journal of your own: here one that also appends each message to a text file. The contract suite that our own adapters
// pass shows whether it is a correct journal. Run it: node examples/02-own-journal.ts
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Appended, type Batch, createTamtam } from 'tamtam-room'
import { journalContract, MemoryJournal } from 'tamtam-room/testing'

class TranscriptJournal extends MemoryJournal {
  readonly #path: string
  #last: Promise<unknown> = Promise.resolve()

  constructor(path: string) {
    super()
    this.#path = path
  }

  // Two appends may be under way: they are written, and answered, in the order of the calls.
  override append(batches: readonly Batch[]): Promise<Appended> {
    const appended = super.append(batches)
    const written = this.#last.then(() => this.#write(batches, appended))
    this.#last = written.catch(() => {})
    return written
  }

  async #write(batches: readonly Batch[], appending: Promise<Appended>): Promise<Appended> {
    const appended = await appending
    if (appended.status !== 'committed') return appended
    const said = batches.flatMap(({ room, entries }) =>
      entries.map((entry) => (entry.type === 'said' ? `${room} ${entry.seq} ${entry.by.name}: ${entry.text}\n` : '')),
    )
    await appendFile(this.#path, said.join(''))
    return appended
  }
}

const directory = await mkdtemp(join(tmpdir(), 'tamtam-example-'))
const transcript = join(directory, 'transcript.txt')

const cases = journalContract(async () => ({
  journal: new TranscriptJournal(join(directory, 'contract.txt')),
  dispose: async () => {},
}))
for (const { run } of cases) await run()
console.log(`${cases.length} cases of the contract hold`)

const tamtam = createTamtam({ overrides: { journal: new TranscriptJournal(transcript) } })
await tamtam.start()
const ani = await tamtam.engine.join({ room: 'lobby', name: 'ani' })
await ani.send({ type: 'say', text: 'halo' })
await ani.send({ type: 'say', text: 'apa kabar?' })
await tamtam.stop()

console.log(await readFile(transcript, 'utf8'))
await rm(directory, { recursive: true })
