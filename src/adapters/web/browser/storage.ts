/** Where the page keeps small things for the next time. */
export interface KeyValueStorage {
  get(key: string): string | undefined
  /** Undefined takes it away. */
  set(key: string, value: string | undefined): void
}

/** A storage of the browser's. It may be forbidden or full: then things are kept for as long as the page is open. */
export class BrowserStorage implements KeyValueStorage {
  readonly #storage: () => Storage
  readonly #unkept = new Map<string, string>()

  constructor(storage: () => Storage) {
    this.#storage = storage
  }

  get(key: string): string | undefined {
    try {
      return this.#storage().getItem(`tamtam.${key}`) ?? this.#unkept.get(key)
    } catch {
      return this.#unkept.get(key)
    }
  }

  set(key: string, value: string | undefined): void {
    if (value === undefined) this.#unkept.delete(key)
    else this.#unkept.set(key, value)
    try {
      if (value === undefined) this.#storage().removeItem(`tamtam.${key}`)
      else this.#storage().setItem(`tamtam.${key}`, value)
    } catch {
      // Kept above.
    }
  }
}
