import { exportBundle } from '#app/cli/export.ts'
import { type ImportLimits, importBundle } from '#app/cli/import.ts'
import type { Stores } from '#app/cli/stores.ts'
import { bundleDefaults, engineDefaults } from '#app/defaults.ts'
import { Batch } from '#domain/room/batch.ts'
import type { Entry } from '#domain/room/events.ts'
import { evolve } from '#domain/room/evolve.ts'
import { isFact } from '#domain/room/facts.ts'
import { initialState } from '#domain/room/state.ts'
import { MemoryFileStore } from '#storage/memory/file-store.ts'
import { MemoryJournal } from '#storage/memory/journal.ts'
import { sha256Of } from '../../../../harness/bytes.ts'

const LIMITS: ImportLimits = { ...engineDefaults, ...bundleDefaults }

/** What two hosts may have alike: an entry without its sequence. */
type Fact = Entry extends infer One ? (One extends Entry ? Omit<One, 'seq'> : never) : never

/** The stores of a host that is not running. */
export class Shelf implements Stores {
  readonly journal = new MemoryJournal()
  readonly fileStore = new MemoryFileStore()

  async add(room: string, fact: Fact): Promise<void> {
    const seq = ((await this.journal.span(room))?.last ?? 0) + 1
    await this.journal.append([new Batch(room, [{ ...fact, seq } as Entry])])
  }

  async put(id: string, bytes: Uint8Array): Promise<void> {
    const writer = await this.fileStore.create(id, bytes.length)
    if ('type' in writer) throw new Error(writer.message)
    await writer.append(bytes)
    await writer.finish()
  }

  async export(rooms?: readonly string[]): Promise<Buffer> {
    const { bytes } = await exportBundle(this, rooms ?? [...(await this.journal.rooms()).keys()].toSorted())
    const pieces: Uint8Array[] = []
    for await (const piece of bytes) pieces.push(Uint8Array.from(piece))
    return Buffer.concat(pieces)
  }

  import(bundle: Uint8Array, limits: Partial<ImportLimits> = {}, pieceBytes = 700) {
    return importBundle(inPieces(bundle, pieceBytes), this, { ...LIMITS, ...limits })
  }

  async entries(room: string): Promise<readonly Entry[]> {
    const last = (await this.journal.span(room))?.last ?? 0
    return (await this.journal.read(room, 0, last + 1)).flatMap((batch) => batch.entries)
  }

  /** Everything that must be the same on two hosts that have exchanged their bundles. */
  async substance() {
    const rooms: Record<string, unknown> = {}
    for (const room of [...(await this.journal.rooms()).keys()].toSorted()) {
      const entries = await this.entries(room)
      const state = initialState(room)
      for (const fact of entries.filter(isFact)) evolve(state, fact)
      const messages = entries.filter(({ type }) => ['said', 'acted', 'whispered'].includes(type))
      const files = [...state.files.values()].map((file) => ({
        ...file,
        received: file.status === 'whole' ? [...file.received.keys()].toSorted() : [],
      }))
      const text = ({ seq: _seq, ...rest }: Entry) => JSON.stringify(rest, Object.keys(rest).toSorted())
      rooms[room] = {
        messages: messages.map((message) => `${text(message)} ${message.by.id}`).toSorted(),
        topic: state.rules.topic,
        files: files.toSorted((one, other) => (one.file.id < other.file.id ? -1 : 1)),
      }
    }
    return rooms
  }
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export const person = (name: string) => ({ id: sha256Of(Buffer.from(name)).slice(0, 32), name })
export const fileId = (name: string): string => sha256Of(Buffer.from(`file ${name}`)).slice(0, 32)
