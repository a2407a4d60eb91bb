import { type ReadonlySignal, signal } from '@preact/signals'

export interface Notice {
  readonly id: number
  readonly manner: 'told' | 'wrong'
  /** Escaped already. */
  readonly text: string
}

const MOST_NOTICES = 3

/** What the page tells whoever is at it, and nobody else: answers and refusals. */
export class Notices {
  readonly #shown = signal<readonly Notice[]>([])
  #ids = 0

  get shown(): ReadonlySignal<readonly Notice[]> {
    return this.#shown
  }

  tell(text: string, manner: Notice['manner'] = 'told'): void {
    this.#shown.value = [...this.#shown.peek(), { id: ++this.#ids, manner, text }].slice(-MOST_NOTICES)
  }

  drop(id: number): void {
    this.#shown.value = this.#shown.peek().filter((notice) => notice.id !== id)
  }

  /** Whether there was anything. */
  clear(): boolean {
    const were = this.#shown.peek().length > 0
    this.#shown.value = []
    return were
  }
}
