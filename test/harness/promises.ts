import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256Of } from './bytes.ts'
import { everythingKept } from './everything-kept.ts'

/** What people were shown or promised by a host, whatever becomes of it: all of it must be in what it keeps. */
export class Promises {
  /** Texts that somebody else was shown, each said once. */
  readonly shown: string[] = []
  /** Digests of files that the room had, by their ids, as their senders were answered. */
  readonly files = new Map<string, string>()

  /** How much of it is not there, or there twice, or in a sequence that has holes. */
  async broken(data: string): Promise<{ lost: number; doubled: number; gaps: number }> {
    const entries = await everythingKept(data)
    const texts = entries.flatMap((entry) => (entry.type === 'said' ? [entry.text] : []))
    const kept = new Set(texts)
    const told = new Map(
      entries.flatMap((entry) => (entry.type === 'fileCompleted' ? [[entry.file.id, entry.file.sha256]] : [])),
    )
    let lost = this.shown.filter((text) => !kept.has(text)).length
    for (const [id, digest] of this.files) {
      const bytes = await readFile(join(data, 'files', id)).catch(() => undefined)
      if (told.get(id) !== digest || bytes === undefined || sha256Of(bytes) !== digest) lost++
    }
    const gaps = entries.filter(({ seq }, index) => seq !== index + 1).length
    return { lost, doubled: texts.length - kept.size, gaps }
  }
}
