import { textLines } from '#system/files/text.ts'
import type { Refusal, TypedLines } from '#terminal/ports.ts'
import { CommandFailed, exitCodes } from '../exit-codes.ts'

/** Lines of an input, of which each has its own end: how many were refused is how a command ends that was given them. */
export class LineCount {
  #taken = 0
  #refused = 0

  /** Blank ones too. */
  took(lines: number): void {
    this.#taken += lines
  }

  /** Answers which one it was. */
  refused(): number {
    this.#refused++
    return this.#taken + this.#refused
  }

  /** Throws where lines were refused. */
  end(): void {
    if (this.#refused === 0) return
    const all = this.#taken + this.#refused
    throw new CommandFailed(exitCodes.refused, `${this.#refused} of ${all} ${all === 1 ? 'line' : 'lines'} refused`)
  }
}

/** What comes in by standard input, line by line. */
export class TypedInput implements TypedLines {
  readonly count = new LineCount()
  readonly #lines: AsyncGenerator<string | Refusal>

  constructor(stdin: AsyncIterable<Uint8Array>) {
    this.#lines = textLines(stdin)
  }

  async next(): Promise<string | Refusal | undefined> {
    // A terminal that is gone says EIO: that is the end of what is typed.
    const next = await this.#lines.next().catch(() => undefined)
    return next === undefined || next.done === true ? undefined : next.value
  }

  ended(code: string | undefined): void {
    if (code === undefined) this.count.took(1)
    else this.count.refused()
  }
}
