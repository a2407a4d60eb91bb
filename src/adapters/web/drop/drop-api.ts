import { isRefusal } from '#client/errors.ts'
import { dropFacts, parsed } from '#protocol/schema.ts'
import { PageApi } from '../browser/http.ts'
import type { KeyValueStorage } from '../browser/platform.ts'
import type { UploadMemory } from '../files/upload.ts'

/** Uploads by a drop link, which is all that its holder may do: all addresses are below that of the page. */
export class DropApi extends PageApi {
  /** `key`: by which this browser goes on with what it has begun. `name`: as it was typed. */
  constructor(key: string, name: string) {
    super({ key, name, token: undefined })
  }

  override filePath(id: string): string {
    return `/files/${encodeURIComponent(id)}`
  }

  override uploadsPath(): string {
    return '/files'
  }

  /** Until when the link is valid, in milliseconds since 1970. */
  async validUntil(): Promise<number | 'gone' | 'unreachable'> {
    const facts = await this.get('/facts', (value) => parsed(dropFacts, value))
    if (!isRefusal(facts)) return facts.expiresAt
    return facts.status === 404 ? 'gone' : 'unreachable'
  }
}

/** A browser does not keep files: one is known again by its name, size and date. */
export class DropMemory implements UploadMemory {
  readonly #kept: KeyValueStorage
  readonly #link: string

  constructor(kept: KeyValueStorage, link: string) {
    this.#kept = kept
    this.#link = link
  }

  find(name: string, file: Blob): string | undefined {
    return this.#kept.get(this.#keyOf(name, file))
  }

  keep(name: string, file: Blob, id: string | undefined): void {
    this.#kept.set(this.#keyOf(name, file), id)
  }

  #keyOf(name: string, file: Blob): string {
    const date = file instanceof File ? file.lastModified : 0
    return `drop.${this.#link.slice(0, 8)}.${file.size}.${date}.${name}`
  }
}
