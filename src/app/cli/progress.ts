import { TransferMeter, type TransferUpdate } from '#client/transfers.ts'
import { forTerminal } from '#domain/names/text.ts'
import { sizeText } from '#i18n/format.ts'
import { translatorFor } from '#i18n/i18n.ts'
import { type Progress, progressLine } from '#terminal/transfers.ts'

export interface Screen {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** Commands speak English only. */
const words = translatorFor('en')

const FRAME_MS = 100
const STALLED_AFTER_MS = 3000

/** Shows one transfer: a line that changes on a terminal, a few lines elsewhere. */
export class ProgressDisplay {
  readonly #screen: Screen
  readonly #doing: 'sending' | 'getting'
  readonly #name: string
  readonly #live: boolean
  readonly #timer: NodeJS.Timeout
  readonly #meter: TransferMeter
  #receipts: Progress['receipts']
  #tenth = 0
  #stallReported = false
  #begun = false
  /** Lines that wait for its turn. */
  #early: string[] | undefined

  /** Shows nothing before `come`, where that is given. */
  constructor(screen: Screen, doing: 'sending' | 'getting', name: string, plain: boolean, come?: Promise<void>) {
    this.#screen = screen
    this.#doing = doing
    this.#name = name
    this.#live = screen.isTTY === true && !plain && process.env['TERM'] !== 'dumb'
    this.#meter = new TransferMeter(name, performance.now())
    this.#timer = setInterval(() => this.#frame(), FRAME_MS).unref()
    if (come === undefined) return
    this.#early = []
    void come.then(() => {
      const lines = this.#early ?? []
      this.#early = undefined
      for (const line of lines) this.#line(line)
    })
  }

  readonly report = (update: TransferUpdate): void => {
    const before = update.type === 'begins' ? this.#now() : undefined
    this.#meter.take(update, performance.now())
    switch (update.type) {
      case 'hashing':
        this.#stallReported = false
        return
      case 'begins':
        if (before !== undefined) this.#begins(update.at, update.total, before)
        return
      case 'moved':
        this.#stallReported = false
        this.#tenths()
        return
      case 'retry':
        if (!this.#live && update.attempt === 1) this.#line(`${update.why}; trying again`)
        return
      default:
        update satisfies never
    }
  }

  /** The file is whole, and so many of the present members have verified it. */
  receipts(verified: number, present: number): void {
    this.#receipts = { verified, present }
  }

  /** Nothing of the changing line stays. */
  end(): void {
    clearInterval(this.#timer)
    if (this.#live && this.#early === undefined) this.#screen.write('\r\x1b[K')
  }

  #begins(at: number, total: number | undefined, { retries, stillMs }: Progress): void {
    if (retries > 0) {
      const offset = total === undefined || total === 0 ? sizeText(at) : `${Math.floor((at / total) * 100)} %`
      if (!this.#live) this.#line(`stalled ${Math.round(stillMs / 1000)} s, retry ${retries}, resumes at ${offset}`)
    } else if (!this.#begun && !this.#live) {
      const size = total === undefined ? '' : ` ${sizeText(total)}`
      const from = at > 0 && total !== undefined ? `, resumes at ${Math.floor((at / total) * 100)} %` : ''
      this.#line(`${this.#doing} ${forTerminal(this.#name)}${size}${from}`)
    }
    this.#begun = true
    this.#tenth = total === undefined || total === 0 ? 0 : Math.floor((at / total) * 10)
  }

  /** Elsewhere than on a terminal, each tenth is one line; the last one is printed with the outcome. */
  #tenths(): void {
    const { done, total } = this.#meter
    if (this.#live || total === undefined || total === 0) return
    const tenth = Math.floor((done / total) * 10)
    if (tenth <= this.#tenth || tenth >= 10) return
    this.#tenth = tenth
    this.#line(progressLine(this.#now(), 200, words).replace(/ \|[^|]*\|/, ''))
  }

  #frame(): void {
    if (this.#early !== undefined) return
    const now = this.#now()
    if (this.#live) this.#screen.write(`\r${progressLine(now, this.#screen.columns ?? 80, words)}\x1b[K`)
    else if (this.#begun && !this.#stallReported && isStalled(now)) {
      this.#stallReported = true
      this.#line(`${forTerminal(now.name)}: stalled ${Math.floor(now.stillMs / 1000)}s`)
    }
  }

  #now(): Progress {
    const now = this.#meter.at(performance.now())
    return this.#receipts === undefined ? now : { ...now, total: now.done, receipts: this.#receipts }
  }

  #line(text: string): void {
    if (this.#early !== undefined) this.#early.push(text)
    else this.#screen.write(`${text}\n`)
  }
}

/** Nobody has said why yet. */
const isStalled = ({ stillMs, retries, receipts }: Progress): boolean =>
  stillMs >= STALLED_AFTER_MS && retries === 0 && receipts === undefined
