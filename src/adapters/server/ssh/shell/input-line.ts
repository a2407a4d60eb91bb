import { StringDecoder } from 'node:string_decoder'

/** What came of some bytes that somebody typed: a line they have entered, or that they want to go. */
export type Typed = { readonly type: 'line'; readonly text: string } | { readonly type: 'end' }

/** Erases the line that the cursor is in. */
export const ERASE = '\r\u001b[K'

const MOST_CHARS = 4096
const CTRL_C = '\u0003'
const CTRL_D = '\u0004'
const CTRL_U = '\u0015'
const CTRL_W = '\u0017'
const ESCAPE = '\u001b'
const BACKSPACES = ['\u007f', '\b']

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/**
 * The line that somebody types at a terminal whose echo is ours: characters, Backspace, Ctrl-W, Ctrl-U, Enter; Ctrl-C and Ctrl-D end where it is
 * empty. Arrows and other keys do nothing.
 */
export class InputLine {
  readonly #decoder = new StringDecoder('utf8')
  #text = ''
  #sequence: 'none' | 'escape' | 'parameters' = 'none'
  #isAfterReturn = false

  /** What has been typed of it. */
  get text(): string {
    return this.#text
  }

  /** `echo` is for the terminal. */
  push(bytes: Buffer): { readonly echo: string; readonly typed: readonly Typed[] } {
    const typed: Typed[] = []
    let echo = ''
    for (const sign of this.#decoder.write(bytes)) {
      if (this.#isInSequence(sign)) continue
      const isSecond = sign === '\n' && this.#isAfterReturn
      this.#isAfterReturn = sign === '\r'
      if (sign === '\r' || sign === '\n') {
        if (isSecond) continue
        typed.push({ type: 'line', text: this.#text })
        echo += this.#set('')
      } else if ((sign === CTRL_C || sign === CTRL_D) && this.#text === '') typed.push({ type: 'end' })
      else if (sign === CTRL_C || sign === CTRL_U) echo += this.#set('')
      else if (sign === CTRL_W) echo += this.#set(this.#text.replace(/\S*\s*$/, ''))
      else if (BACKSPACES.includes(sign)) echo += this.#set(withoutLast(this.#text))
      else if (sign >= ' ' && this.#text.length < MOST_CHARS) {
        this.#text += sign
        echo += sign
      }
    }
    return { echo, typed }
  }

  #set(text: string): string {
    this.#text = text
    return `${ERASE}${text}`
  }

  /** Keys that are more than a character come as a sequence: ESC, `[` or `O`, parameters, a letter. */
  #isInSequence(sign: string): boolean {
    switch (this.#sequence) {
      case 'none':
        if (sign === ESCAPE) this.#sequence = 'escape'
        return sign === ESCAPE
      case 'escape':
        this.#sequence = sign === '[' || sign === 'O' ? 'parameters' : 'none'
        return true
      case 'parameters':
        if (sign >= '@' && sign <= '~') this.#sequence = 'none'
        return true
      default:
        return this.#sequence satisfies never
    }
  }
}

const withoutLast = (text: string): string =>
  Array.from(graphemes.segment(text), ({ segment }) => segment)
    .slice(0, -1)
    .join('')
