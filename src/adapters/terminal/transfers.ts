import { type Progress as Moving, TransferMeter } from '#client/transfers.ts'
import { Semaphore } from '#domain/async/semaphore.ts'
import { safeFileName } from '#domain/names/file-name.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { Clock } from '#domain/ports/system.ts'
import type { Audience, MentionedFile, WholeFile } from '#domain/room/events.ts'
import { amountText, rateTexts } from '#i18n/format.ts'
import type { Translator } from '#i18n/translator.ts'
import { cut, widthOf } from './cells.ts'
import type { FileTransfers, Received, Refusal, Sent } from './ports.ts'

/** Somebody else's file that stands still for so long is shown no more, until it goes on. */
const STILL_MS = 60_000
/** So long is a sent file shown while not everybody has it. */
const RECEIPTS_MS = 60_000
/** So many files are received at once. */
const AT_ONCE = 2

interface Transfer {
  /** From here, or to here. */
  readonly arrow: '↑' | '↓'
  /** Who sends it, where that is somebody else, and it does not come here. */
  readonly by?: string
  readonly meter: TransferMeter
  /** Set once it has left this machine; collects receipts since. */
  file?: WholeFile
}

/** The files that are on their way from and to this terminal. */
export class Transfers {
  readonly #files: FileTransfers
  readonly #clock: Clock
  readonly #changed: () => void
  readonly #running = new Set<Transfer>()
  /** The names of those who have each file. */
  readonly #holders = new Map<string, Set<string>>()
  /** For whom a file is, where it is not for everybody, by its id. */
  readonly #audiences = new Map<string, Audience>()
  readonly #receivingIds = new Set<string>()
  /** Others' uploads that this client does not receive, by the file's id. */
  readonly #others = new Map<string, Transfer>()
  readonly #receiving = new Semaphore(AT_ONCE)

  constructor(files: FileTransfers, clock: Clock, changed: () => void) {
    this.#files = files
    this.#clock = clock
    this.#changed = changed
  }

  /** Sends a file; resolves when it is whole on the host, and shows its receipts for a while, unless the room `isKnown` to have had it. */
  async send(
    path: string,
    name: string,
    to: string | undefined,
    isKnown: (id: string) => boolean,
  ): Promise<Sent | Refusal> {
    const transfer: Transfer = { arrow: '↑', meter: new TransferMeter(name, this.#clock.elapsed()) }
    const sent = await this.#run(transfer, () => this.#files.send(path, to, (news) => this.#take(transfer, news)))
    if ('type' in sent || isKnown(sent.id)) return sent
    transfer.file = sent
    this.#running.add(transfer)
    this.#clock.after(RECEIPTS_MS, () => this.#forget(transfer))
    return sent
  }

  /** Whether a file that somebody offers may be one that leaves from here. */
  isSending(file: MentionedFile): boolean {
    return this.#own.some(({ meter }) => safeFileName(meter.name, file.id) === file.name)
  }

  /** Whether a file is on its way from here. */
  get isUploading(): boolean {
    return this.#own.some(({ file }) => file === undefined)
  }

  get #own(): readonly Transfer[] {
    return [...this.#running].filter(({ arrow, by }) => arrow === '↑' && by === undefined)
  }

  isReceiving(id: string): boolean {
    return this.#receivingIds.has(id)
  }

  async receive(file: MentionedFile): Promise<Received | Refusal> {
    this.settled(file.id)
    this.#receivingIds.add(file.id)
    try {
      return await this.#receiving.run(() => {
        const transfer: Transfer = { arrow: '↓', meter: new TransferMeter(file.name, this.#clock.elapsed()) }
        return this.#run(transfer, () => this.#files.receive(file, (news) => this.#take(transfer, news)))
      })
    } finally {
      this.#receivingIds.delete(file.id)
    }
  }

  /** A file was told of. */
  heardOf({ id, audience }: MentionedFile): void {
    if (audience !== undefined) this.#audiences.set(id, audience)
  }

  /** Somebody has a file now. */
  has(id: string, name: string): void {
    const names = this.#holders.get(id) ?? new Set()
    this.#holders.set(id, names.add(name))
    this.#changed()
  }

  /** So much of somebody else's file has reached the host. */
  progressed(file: MentionedFile, bytes: number, by: string): void {
    if (this.#receivingIds.has(file.id)) return
    const now = this.#clock.elapsed()
    const transfer: Transfer = this.#others.get(file.id) ?? { arrow: '↑', by, meter: new TransferMeter(file.name, now) }
    if (!this.#others.has(file.id)) transfer.meter.take({ type: 'begins', at: bytes, total: file.size }, now)
    transfer.meter.take({ type: 'moved', bytes }, now)
    this.#others.set(file.id, transfer)
    this.#running.add(transfer)
    this.#changed()
  }

  /** A file of somebody else's is whole, or gone. */
  settled(id: string): void {
    const transfer = this.#others.get(id)
    this.#others.delete(id)
    if (transfer !== undefined) this.#forget(transfer)
  }

  /** A line for each transfer; `othersIn` counts the possible receivers in the room. */
  lines(columns: number, words: Translator, othersIn: (audience: Audience | undefined) => number): string[] {
    const now = this.#clock.elapsed()
    return [...this.#running].flatMap((transfer) => {
      const { arrow, by, meter, file } = transfer
      if (by !== undefined && meter.at(now).stillMs > STILL_MS) {
        this.#running.delete(transfer)
        return []
      }
      const verified = file === undefined ? 0 : (this.#holders.get(file.id)?.size ?? 0)
      const others = othersIn(file && this.#audiences.get(file.id))
      if (file !== undefined && verified >= others) {
        this.#running.delete(transfer)
        return []
      }
      const present = Math.max(verified, others)
      const receipts = file === undefined ? {} : { receipts: { verified, present, inWords: true } }
      // A sent file does not move any more, and has no rate.
      const still = file === undefined ? {} : ({ phase: 'moving', rate: 0, stillMs: 0, retries: 0 } as const)
      const progress: Progress = { ...meter.at(now), ...still, ...receipts }
      const head = by === undefined ? `${arrow} ` : `${cut(forTerminal(by), MOST_BY_CELLS)} ${arrow} `
      return `${head}${progressLine(progress, columns - widthOf(head), words)}`
    })
  }

  get busy(): boolean {
    return this.#running.size > 0
  }

  #take(transfer: Transfer, news: Parameters<TransferMeter['take']>[0]): void {
    transfer.meter.take(news, this.#clock.elapsed())
  }

  async #run<T>(transfer: Transfer, work: () => Promise<T>): Promise<T> {
    this.#running.add(transfer)
    this.#changed()
    try {
      return await work()
    } finally {
      this.#forget(transfer)
    }
  }

  #forget(transfer: Transfer): void {
    this.#running.delete(transfer)
    this.#changed()
  }
}

/** A transfer on a line. `receipts`: once it is there, and only others are waited for. */
export interface Progress extends Moving {
  readonly receipts?: { readonly verified: number; readonly present: number; readonly inWords?: boolean }
}

const BAR_CELLS = 10
const MOST_NAME_CELLS = 40
const MOST_BY_CELLS = 16
const LEAST_NAME_CELLS = 8

/** `See-Saw.mp3  71% |███████   |  8.2/11.5 MB  3.1 MB/s  ETA 2s   →12/14`, in fewer parts where the terminal is narrow. */
export function progressLine(progress: Progress, columns: number, words: Translator): string {
  const { done, total, phase, receipts } = progress
  const share = total === undefined ? undefined : total === 0 ? 1 : Math.min(1, done / total)
  const filled = share === undefined ? undefined : '█'.repeat(Math.floor(share * BAR_CELLS)).padEnd(BAR_CELLS)
  const isThere = receipts !== undefined && done === total
  const parts = {
    phase: phase === 'reading' ? `  ${words.say('reading')}` : '',
    percent: share === undefined ? '' : `  ${String(Math.floor(share * 100)).padStart(2)}%`,
    bar: filled === undefined ? '' : ` |${filled}|`,
    sizes: `  ${amountText(done, total, words.language)}`,
    pace: isThere
      ? ''
      : rateTexts(progress, words)
          .map((word) => `  ${word}`)
          .join(''),
    receipts: receipts === undefined ? '' : `   ${receiptsText(receipts, words)}`,
  }
  const room = Math.max(20, columns) - 1
  const name = cut(forTerminal(progress.name), MOST_NAME_CELLS)
  const length = () => Object.values(parts).reduce((cells, part) => cells + widthOf(part), 0)
  // In the order in which one can do without them.
  for (const part of ['bar', 'sizes', 'receipts', 'pace'] as const)
    if (length() + Math.min(widthOf(name), LEAST_NAME_CELLS * 2) > room) parts[part] = ''
  const { phase: what, percent, bar, sizes, pace, receipts: arrow } = parts
  return `${cut(name, Math.max(LEAST_NAME_CELLS, room - length()))}${what}${percent}${bar}${sizes}${pace}${arrow}`
}

/** `→12/14`, or `→ 12 of 14 have it`. */
function receiptsText({ verified, present, inWords }: NonNullable<Progress['receipts']>, { say }: Translator): string {
  if (inWords !== true) return `→${verified}/${present}`
  return `→ ${verified === 0 ? say('nobodyHas') : say('haveIt', { count: verified, of: present })}`
}
