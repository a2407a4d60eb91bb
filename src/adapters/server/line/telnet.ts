import { IAC, isTelnetOption } from '#server/connection/protocol-hints.ts'

const [SE, NOP, IP, AYT, EC, EL, GA] = [0xf0, 0xf1, 0xf4, 0xf6, 0xf7, 0xf8, 0xf9]
const [SB, WILL, WONT, DO, DONT] = [0xfa, 0xfb, 0xfc, 0xfd, 0xfe]
/** End of file, suspend, abort: RFC 1184. */
const [EOF, ABORT] = [0xec, 0xee]
const TIMING_MARK = 6
/** A subnegotiation that goes on for longer is none. */
const MOST_SKIPPED_BYTES = 4096

/** The outcome of one byte of a sequence. */
export interface Step {
  /** The sequence is over. */
  readonly done: boolean
  /** It was none: these bytes are text. */
  readonly text?: readonly number[]
  /** The last byte was no part of it, and is to be read again. */
  readonly again?: true
  /** To be written back. */
  readonly answer?: Buffer
  /** The part of the current line that the person erased. */
  readonly erases?: 'character' | 'line'
  /** A subnegotiation that does not end. */
  readonly endless?: true
}

const MORE: Step = { done: false }
const NOTHING: Step = { done: true }

/**
 * A telnet client's bytes beside its text (RFC 854, 1143): asked for an option it is told once that there is none; a timing mark and "are you there" are
 * answered; the rest is passed over. Other programs mean text by such bytes (я is 0xff in Windows-1251), so until a client has shown that it speaks telnet
 * only unmistakable sequences are taken for it. A file's bytes are none of this.
 */
export class Telnet {
  #refused: Set<number> | undefined
  #seen = false
  #sequence: number[] = []
  #atLineStart = false
  #skipped = 0

  /** It speaks telnet. */
  get seen(): boolean {
    return this.#seen
  }

  /** A sequence has begun and is not over. */
  get inside(): boolean {
    return this.#sequence.length > 0
  }

  /** An IAC has come, at the start of a line or within it. */
  begin(atLineStart: boolean): void {
    this.#sequence = [IAC]
    this.#atLineStart = atLineStart
  }

  take(byte: number): Step {
    const step = this.#step(byte)
    if (step.done) this.#sequence = []
    return step
  }

  /** The input is over: answers the bytes of an unfinished sequence that were text. */
  flush(): readonly number[] {
    const [, command = 0] = this.#sequence
    const isTelnet = this.#seen || command === SB || (this.#atLineStart && isTwoBytes(command))
    const rest = isTelnet ? [] : this.#sequence
    this.#sequence = []
    return rest
  }

  #step(byte: number): Step {
    const [, command] = this.#sequence
    if (command === undefined) return this.#command(byte)
    if (command === SB) return this.#subnegotiation(byte)
    if (isTwoBytes(command)) {
      // The bytes behind it tell: a word, or more of the same.
      const isTelnet = byte === IAC || (this.#atLineStart && byte < 0x80)
      return isTelnet ? { ...this.#run(command), again: true } : this.#asText()
    }
    if (!this.#seen && !isTelnetOption(byte)) return this.#asText()
    return this.#negotiated(command, byte)
  }

  #command(byte: number): Step {
    if (byte === IAC && this.#seen) return { done: true, text: [IAC] }
    const isShown = this.#seen || this.#atLineStart
    const isNegotiation = byte === WILL || byte === WONT || byte === DO || (byte === DONT && this.#seen)
    if (isNegotiation || (byte === SB && isShown)) {
      this.#skipped = 0
      this.#sequence.push(byte)
      return MORE
    }
    if (isTwoBytes(byte)) {
      if (this.#seen || (this.#atLineStart && (byte === IP || byte === AYT))) return this.#run(byte)
      this.#sequence.push(byte)
      return MORE
    }
    // A second byte sent as urgent data never comes: this one is text again.
    return this.#seen ? { done: true, again: true } : this.#asText()
  }

  #subnegotiation(byte: number): Step {
    if (this.#sequence.length === 2 || this.#sequence.at(-1) !== IAC) {
      this.#sequence = [IAC, SB, byte]
      return ++this.#skipped > MOST_SKIPPED_BYTES ? { done: true, endless: true } : MORE
    }
    if (byte !== SE) {
      this.#sequence = [IAC, SB, 0]
      return MORE
    }
    this.#seen = true
    return NOTHING
  }

  #negotiated(command: number, option: number): Step {
    this.#seen = true
    if (option === TIMING_MARK && command === DO) return { done: true, answer: Buffer.of(IAC, WILL, TIMING_MARK) }
    if (command !== DO && command !== WILL) return NOTHING
    // Repeated requests get no answer: two sides that answer each other would never end.
    const asked = (command << 8) | option
    this.#refused ??= new Set()
    if (this.#refused.has(asked)) return NOTHING
    this.#refused.add(asked)
    return { done: true, answer: Buffer.of(IAC, command === DO ? WONT : DONT, option) }
  }

  #run(command: number): Step {
    this.#seen = true
    if (command === AYT) return { done: true, answer: Buffer.from('* yes, tamtam is here\n') }
    if (command === IP || command === EL) return { done: true, erases: 'line' }
    return command === EC ? { done: true, erases: 'character' } : NOTHING
  }

  #asText(): Step {
    return { done: true, text: this.#sequence, again: true }
  }
}

const isTwoBytes = (byte: number): boolean => (byte >= NOP && byte <= GA) || (byte >= EOF && byte <= ABORT)
