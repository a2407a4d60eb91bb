import type { TransferNews } from '../../adapters/client/transfer-talk.ts'
import { sizeText } from '../../adapters/doors/shared/wording.ts'
import { forTerminal } from '../../domain/text/terminal.ts'
import { type Progress, progressLine } from './progress-line.ts'

export interface Screen {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

const FRAME_MS = 100
/** The rate that is shown is that of the last seconds. */
const RATE_MS = 3000
const STALLED_AFTER_MS = 3000

/** Shows one transfer: a line that changes on a terminal, a few lines elsewhere. */
export class ProgressDisplay {
  readonly #screen: Screen
  readonly #verb: 'sending' | 'getting'
  readonly #live: boolean
  readonly #timer: NodeJS.Timeout
  #progress: Progress
  #samples: { at: number; bytes: number }[] = []
  #movedAt = performance.now()
  #retries = 0
  #tenth = 0
  #toldStall = false
  #begun = false

  constructor(screen: Screen, verb: 'sending' | 'getting', name: string, plain: boolean) {
    this.#screen = screen
    this.#verb = verb
    this.#live = screen.isTTY === true && !plain && process.env['TERM'] !== 'dumb'
    this.#progress = { name, phase: 'moving', done: 0, total: undefined, rate: 0, stillMs: 0, retries: 0 }
    this.#timer = setInterval(() => this.#frame(), FRAME_MS).unref()
  }

  readonly tell = (news: TransferNews): void => {
    switch (news.type) {
      case 'hashing':
        this.#moved(news.done)
        this.#progress = { ...this.#progress, phase: 'reading', total: news.total }
        return
      case 'begins':
        this.#begins(news.at, news.total)
        return
      case 'moved':
        this.#moved(news.bytes)
        this.#tenths()
        return
      case 'retry':
        this.#retries = news.attempt
        if (!this.#live && news.attempt === 1) this.#line(`${news.why}; trying again`)
        return
      default:
        news satisfies never
    }
  }

  /** The file is whole, and so many of those who are there have verified it. */
  receipts(verified: number, present: number): void {
    this.#progress = { ...this.#progress, total: this.#progress.done, receipts: { verified, present } }
  }

  /** Nothing of the changing line stays. */
  end(): void {
    clearInterval(this.#timer)
    if (this.#live) this.#screen.write('\r\x1b[K')
  }

  #begins(at: number, total: number | undefined): void {
    const stalledMs = performance.now() - this.#movedAt
    this.#progress = { ...this.#progress, phase: 'moving', done: at, total }
    this.#samples = []
    if (this.#retries > 0) {
      const place = total === undefined || total === 0 ? sizeText(at) : `${Math.floor((at / total) * 100)} %`
      if (!this.#live)
        this.#line(`stalled ${Math.round(stalledMs / 1000)} s, retry ${this.#retries}, resumes at ${place}`)
    } else if (!this.#begun && !this.#live) {
      const size = total === undefined ? '' : ` ${sizeText(total)}`
      const from = at > 0 && total !== undefined ? `, resumes at ${Math.floor((at / total) * 100)} %` : ''
      this.#line(`${this.#verb} ${forTerminal(this.#progress.name)}${size}${from}`)
    }
    this.#begun = true
    this.#tenth = total === undefined || total === 0 ? 0 : Math.floor((at / total) * 10)
  }

  #moved(bytes: number): void {
    this.#movedAt = performance.now()
    this.#retries = 0
    this.#toldStall = false
    this.#progress = { ...this.#progress, done: bytes }
  }

  /** Elsewhere than on a terminal, each tenth is one line; the last one is told by whoever knows how it ended. */
  #tenths(): void {
    const { done, total } = this.#progress
    if (this.#live || total === undefined || total === 0) return
    const tenth = Math.floor((done / total) * 10)
    if (tenth <= this.#tenth || tenth >= 10) return
    this.#tenth = tenth
    this.#sample()
    this.#line(progressLine(this.#now(), 200).replace(/ \|[^|]*\|/, ''))
  }

  #frame(): void {
    this.#sample()
    const now = this.#now()
    if (this.#live) this.#screen.write(`\r${progressLine(now, this.#screen.columns ?? 80)}\x1b[K`)
    else if (this.#begun && !this.#toldStall && isStalled(now)) {
      this.#toldStall = true
      this.#line(`${forTerminal(now.name)}: stalled ${Math.floor(now.stillMs / 1000)}s`)
    }
  }

  #sample(): void {
    const at = performance.now()
    this.#samples.push({ at, bytes: this.#progress.done })
    while (at - (this.#samples[1]?.at ?? at) > RATE_MS) this.#samples.shift()
  }

  #now(): Progress {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    const ms = first === undefined || last === undefined ? 0 : last.at - first.at
    const rate =
      first === undefined || last === undefined || ms < FRAME_MS ? 0 : ((last.bytes - first.bytes) / ms) * 1000
    return { ...this.#progress, rate, stillMs: performance.now() - this.#movedAt, retries: this.#retries }
  }

  #line(text: string): void {
    this.#screen.write(`${text}\n`)
  }
}

/** Nobody has said why yet. */
const isStalled = ({ stillMs, retries, receipts }: Progress): boolean =>
  stillMs >= STALLED_AFTER_MS && retries === 0 && receipts === undefined
