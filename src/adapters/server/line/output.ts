import { Waiters } from '#domain/async/waiters.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import type { Clock } from '#domain/ports/system.ts'
import type { Batch, Encoder } from '#domain/room/batch.ts'
import type { FileCompleted, WholeFile } from '#domain/room/events.ts'
import { Refused } from '#domain/session.ts'
import { fileLine, type LinkOf } from '#i18n/render-event.ts'
import { type Lines, portion, type Reading } from '../connection/batch-lines.ts'
import type { Delivery } from '../connection/delivery.ts'
import type { SignedLinkHolder } from '../security/signed-links.ts'
import { sendInlineFile } from './file-io.ts'
import { guardSend, type LineRenderer, type Links } from './render.ts'
import type { SentinelChecks } from './sentinel.ts'
import type { FileMode, LineSettings } from './settings.ts'

/** Notices that may wait behind an inline file before their reader is read more slowly: so many, and so many bytes. */
const WAITING_NOTICES = 64
const WAITING_BYTES = 64 * 1024

export interface OutputParts {
  readonly delivery: Delivery
  readonly clock: Clock
  readonly settings: LineSettings
  readonly checks: SentinelChecks
  readonly renderer: LineRenderer
  /** The beginning of links. */
  readonly base: string | undefined
  /** A file could not be sent because of an error of ours. */
  failed(): void
}

/**
 * All that one line connection is sent: chat, answers, and files in band. While a file is on the wire, delivery is held: chat that waits
 * for the file waits in the journal, not here.
 */
export class LineOutput {
  /**
   * How files reach this reader. `person`: as links, because a person types there. As it might be the seed's client after all, the word SEND
   * stays broken for it.
   */
  #mode: FileMode | 'person'
  #renderer: LineRenderer
  readonly #parts: OutputParts
  readonly #delivery: Delivery
  #links: Links
  #holder: SignedLinkHolder | undefined
  #sending = false
  #notices: Buffer[] = []
  #noticeBytes = 0
  readonly #waiters = new Waiters()

  constructor(parts: OutputParts) {
    this.#parts = parts
    this.#delivery = parts.delivery
    this.#renderer = parts.renderer
    this.#links = parts.renderer.links(parts.base, undefined)
    this.#mode = parts.settings.files
  }

  set mode(mode: FileMode) {
    this.#mode = mode
  }

  /** Nothing has shown yet what reads there. */
  get isUndecided(): boolean {
    return this.#mode === 'auto'
  }

  /** It did what only people do (`person`), or what only programs do (`inline`). What somebody has asked for stays. */
  decide(mode: 'person' | 'inline'): void {
    if (this.#mode === 'auto') this.#mode = mode
  }

  get #isInline(): boolean {
    return this.#mode === 'auto' || this.#mode === 'inline'
  }

  /** Its lines are in another language from now on. */
  speak(renderer: LineRenderer): void {
    this.#renderer = renderer
    this.linksFor(this.#holder)
  }

  /** The address of a file in this room, for this reader; undefined where it came without an address. */
  linkOf(room: string): LinkOf | undefined {
    return this.#links.linkOf(room)
  }

  /** Sets the credentials that its links carry. */
  linksFor(holder: SignedLinkHolder | undefined): void {
    this.#holder = holder
    this.#links = this.#renderer.links(this.#parts.base, holder)
  }

  /** Writes lines of ours, behind the file that may be on the wire. Returns a promise when too many wait there already, or here. */
  say(lines: string | Buffer): Promise<void> | undefined {
    const bytes = typeof lines === 'string' ? this.#encoded(lines) : lines
    if (!this.#sending) return this.#delivery.answer(bytes)
    this.#notices.push(bytes)
    this.#noticeBytes += bytes.length
    if (this.#notices.length < WAITING_NOTICES && this.#noticeBytes < WAITING_BYTES) return undefined
    return this.#waiters.wait()
  }

  #encoded(lines: string): Buffer {
    return Buffer.from(this.#mode === 'links' ? lines : guardSend(lines))
  }

  /** Writes the reader's part of a batch, up to a file that is to come in band: that is sent first. */
  deliver(batch: Batch, session: LocalSession): void {
    const { outbox } = this.#delivery
    const lines = batch.encoded(this.#encoder)
    const file = this.#isInline ? nextFile(lines, session) : undefined
    const pieces = portion(lines, session, 0, file?.index)
    if (pieces.length > 0) outbox.writeAll(pieces)
    if (file === undefined) return
    const { seq, by, file: whole } = file.event
    this.#delivery.hold(seq)
    const mostBytes = this.#parts.settings.inlineMaxBytes || Number.POSITIVE_INFINITY
    this.#send(by.name, whole, session, mostBytes).catch(this.#parts.failed)
  }

  get #encoder(): Encoder<Lines> {
    if (this.#isInline) return this.#renderer.inline
    return this.#mode === 'person' ? this.#links.guarded : this.#links.encoder
  }

  /**
   * Sends a file in band, or its line where the sentinel can't carry it; chat goes on behind it. Of a folder always its line: programs that take
   * files in band know no folders.
   */
  async send(by: string, file: WholeFile, session: LocalSession): Promise<void> {
    if (file.folder !== undefined) {
      await this.say(`${this.#folderLine(by, file, session)}\n`)
      return
    }
    while (this.#sending) await this.#waiters.wait()
    this.#delivery.hold()
    await this.#send(by, file, session, Number.POSITIVE_INFINITY)
  }

  /** With the link that fetches it, also where it is not for everybody: this member has asked for it. */
  #folderLine(by: string, file: WholeFile, session: LocalSession): string {
    const { base } = this.#parts
    const line = fileLine(by, file, this.#renderer.words, this.linkOf(session.room))
    if (file.audience === undefined || base === undefined) return line
    return `${line} ${this.#renderer.ownLink(base, this.#holder, session, file)}`
  }

  async #send(by: string, file: WholeFile, session: LocalSession, mostBytes: number): Promise<void> {
    const { checks, clock, settings } = this.#parts
    const { words } = this.#renderer
    const { outbox } = this.#delivery
    this.#sending = true
    try {
      const isShort = file.folder === undefined && file.size <= mostBytes
      if (isShort && (await checks.carries(file.id, () => session.inspect(file.id)))) {
        const to = { outbox, clock, apartMs: settings.apartMs }
        await sendInlineFile(file, session.download(file.id, 0, 'lent'), to)
      } else this.#notices.unshift(this.#encoded(`${fileLine(by, file, words, this.linkOf(session.room))}\n`))
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      // A reader that has left the room meanwhile does not wait for its file.
      if (session === this.#delivery.session)
        this.#notices.unshift(this.#encoded(`! ${error.rejected.code} ${words.say('notKept', { file: file.name })}\n`))
    } finally {
      this.#sending = false
      this.#noticeBytes = 0
      for (const notice of this.#notices.splice(0)) outbox.write(notice)
      this.#waiters.release()
      this.#delivery.release()
    }
  }
}

/** The first file in these lines that this reader gets in band: none of its own, none for others. */
function nextFile(lines: Lines, session: Reading): { index: number; event: FileCompleted } | undefined {
  for (const index of lines.files) {
    const event = lines.events[index] as FileCompleted
    if (event.by.id !== session.id && session.sees(event)) return { index, event }
  }
  return undefined
}
