import { type ReadonlySignal, type Signal, signal } from '@preact/signals'
import type { Said } from '#domain/room/events.ts'
import type { KeyValueStorage } from '../browser/storage.ts'

/** How much of a message is quoted in an answer to it. */
const QUOTED_CHARS = 200

/** What somebody is about to say, and to whom. It outlives a reload. */
export class Writing {
  readonly #keep: (draft: string) => void
  readonly #draft: Signal<string>
  /** The name of the one it is whispered to; undefined: to everybody. */
  readonly #to = signal<string | undefined>(undefined)
  /** Rises when the message field is to have the focus. */
  readonly #wanted = signal(0)

  constructor(session: KeyValueStorage, room: string) {
    const key = `draft.${room}`
    this.#draft = signal(session.get(key) ?? '')
    this.#keep = (draft) => session.set(key, draft === '' ? undefined : draft)
  }

  get draft(): ReadonlySignal<string> {
    return this.#draft
  }

  get to(): ReadonlySignal<string | undefined> {
    return this.#to
  }

  get wanted(): ReadonlySignal<number> {
    return this.#wanted
  }

  write(draft: string): void {
    this.#draft.value = draft
    this.#keep(draft)
  }

  focus(): void {
    this.#wanted.value++
  }

  address(to: string | undefined): void {
    this.#to.value = to
    this.focus()
  }

  /** An answer: the other's words stand above it, as everybody sees them who has only text. */
  quote({ by, text }: Pick<Said, 'by' | 'text'>): void {
    const said = text.split('\n').filter((line) => !line.startsWith('> '))
    const short = said.join(' ').trim()
    const quoted = short.length > QUOTED_CHARS ? `${[...short].slice(0, QUOTED_CHARS).join('')}…` : short
    this.write(`> ${by.name}: ${quoted}\n${this.#draft.peek()}`)
    this.focus()
  }
}
