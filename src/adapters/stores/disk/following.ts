import { VaultMissing } from '../../../domain/ports/vault.ts'
import { Growth } from './growth.ts'

/** A reader of one file. */
export interface Follower {
  readonly id: string
  /** Ends it with an error. */
  fail(error: Error): void
  /** Ends it if it has read more than `size` bytes, which the file has now. */
  fallBack(size: number): void
}

/** Who reads in a vault, and how far the files on their way have got, whether somebody writes them now or not. */
export class Following {
  readonly #readers = new Set<Follower>()
  readonly #growths = new Map<string, Growth>()

  /** Of a file that is known to be on its way. */
  growth(id: string): Growth | undefined {
    return this.#growths.get(id)
  }

  /** Of a file that is on its way, with `durable` bytes as far as anybody knew. */
  follow(id: string, durable: number): Growth {
    const growth = this.#growths.get(id) ?? new Growth(durable)
    this.#growths.set(id, growth)
    return growth
  }

  begin(reader: Follower): void {
    this.#readers.add(reader)
  }

  end(reader: Follower): void {
    this.#readers.delete(reader)
  }

  /** The file is not on its way any more: it is whole, or not there. */
  forget(id: string): void {
    this.#growths.delete(id)
  }

  /** The file is not there any more. */
  remove(id: string): void {
    this.forget(id)
    for (const reader of this.#readers) if (reader.id === id) reader.fail(new VaultMissing('the file has been removed'))
  }

  /** The file has only `size` bytes now; those who read more must not go on. */
  fallBack(id: string, size: number): void {
    for (const reader of this.#readers) if (reader.id === id) reader.fallBack(size)
  }

  fail(error: Error): void {
    for (const reader of this.#readers) reader.fail(error)
  }
}
