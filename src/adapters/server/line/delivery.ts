import { Waiters } from '#domain/async/waiters.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import type { RoomSubscription } from '#domain/engine/subscription.ts'
import type { Clock, Metrics } from '#domain/ports/system.ts'
import type { Batch } from '#domain/room/batch.ts'
import type { FileCompleted, WholeFile } from '#domain/room/events.ts'
import { Refused } from '#domain/session.ts'
import { fileLine, type LinkOf } from '#i18n/render-event.ts'
import type { Outbox } from '../connection/outbox.ts'
import type { SignedLinkHolder } from '../security/signed-links.ts'
import { sendInlineFile } from './file-io.ts'
import { guardSend, type LineRenderer, type Lines, type Links, portion, type Reading } from './render.ts'
import type { SentinelChecks } from './sentinel.ts'
import type { FileMode, LineSettings } from './settings.ts'

/** Notices that may wait for a file to be through before their reader is read more slowly: so many, and no longer than this. */
const HELD_NOTICES = 64
const HELD_BYTES = 64 * 1024

export interface DeliveryParts {
  readonly outbox: Outbox
  readonly clock: Clock
  readonly metrics: Metrics
  readonly settings: LineSettings
  readonly checks: SentinelChecks
  readonly renderer: LineRenderer
  /** Where links begin. */
  readonly base: string | undefined
  /** Hears when there is nothing more to deliver: the room has ended the session, and says why, or can't be read any more. */
  lost(why?: string): void
}

/**
 * The writing side of one line connection. It follows the room while the peer keeps up; when the peer is behind, or while a file
 * is on the wire, it holds a cursor and goes on from the journal: chat that waits for a file waits there, not here.
 */
export class LineDelivery {
  readonly #parts: DeliveryParts
  readonly #outbox: Outbox
  #links: Links
  #mode: FileMode
  #follower: RoomSubscription | undefined
  #session: LocalSession | undefined
  #sending = false
  #notices: Buffer[] = []
  #noticeBytes = 0
  readonly #waiters = new Waiters()
  #unread: PromiseWithResolvers<void> | undefined

  constructor(parts: DeliveryParts) {
    this.#parts = parts
    this.#outbox = parts.outbox
    this.#links = parts.renderer.links(parts.base, undefined)
    this.#mode = parts.settings.files
  }

  get mode(): FileMode {
    return this.#mode
  }

  set mode(mode: FileMode) {
    this.#mode = mode
  }

  /** Where a file is, for this reader. */
  get linkOf(): LinkOf | undefined {
    return this.#session && this.#links.linkOf(this.#session.room)
  }

  /** What its links stand for, where nothing is let in without. */
  showing(holder: SignedLinkHolder | undefined): void {
    this.#links = this.#parts.renderer.links(this.#parts.base, holder)
  }

  /** Delivers what happens in the session's room from its cursor on. */
  follow(session: LocalSession): void {
    this.#follower?.close()
    this.#session = session
    this.#follower = session.follow(session.after, this.#take, () => this.#parts.lost(session.expelled))
    this.resume()
  }

  unfollow(): void {
    this.#follower?.close()
    this.#follower = undefined
    this.#session = undefined
  }

  /** Goes on where it held, when nothing is in the way. */
  resume(): void {
    if (this.#outbox.full) return
    this.#unread?.resolve()
    this.#unread = undefined
    if (!this.#sending) this.#follower?.resume()
  }

  /** Whoever does not take our answers is asked for no more (C61): resolves when they have been taken. */
  get unread(): Promise<void> | undefined {
    return this.#unread?.promise
  }

  /** Writes lines of ours, behind the file that may be on the wire. Answers a promise when too many wait there already, or here. */
  say(lines: string | Buffer): Promise<void> | undefined {
    const bytes = typeof lines === 'string' ? this.#encoded(lines) : lines
    if (!this.#sending) {
      this.#outbox.write(bytes)
      if (this.#outbox.full) this.#unread ??= Promise.withResolvers()
      return this.unread
    }
    this.#notices.push(bytes)
    this.#noticeBytes += bytes.length
    if (this.#notices.length < HELD_NOTICES && this.#noticeBytes < HELD_BYTES) return undefined
    return this.#waiters.wait()
  }

  #encoded(lines: string): Buffer {
    return Buffer.from(this.#mode === 'inline' ? guardSend(lines) : lines)
  }

  /** Sends a file in band, or its line where the end mark can't carry it; chat goes on behind it. */
  async send(by: string, file: WholeFile, session: LocalSession): Promise<void> {
    while (this.#sending) await this.#waiters.wait()
    const follower = this.#follower
    follower?.pause(follower.cursor)
    await this.#send(by, file, session, Number.POSITIVE_INFINITY)
  }

  readonly #take = (batch: Batch): void => {
    const session = this.#session
    const follower = this.#follower
    if (session === undefined || follower === undefined) return
    const lines = batch.encoded(this.#mode === 'inline' ? this.#parts.renderer.inline : this.#links.encoder)
    const whole = this.#mode === 'inline' ? nextFile(lines, session) : undefined
    if (whole !== undefined) {
      this.#outbox.writeAll(portion(lines, session, 0, whole.index))
      follower.pause(whole.event.seq)
      const most = this.#parts.settings.inlineMaxBytes || Number.POSITIVE_INFINITY
      this.#send(whole.event.by.name, whole.event.file, session, most).catch(() => this.#parts.lost())
      return
    }
    const pieces = portion(lines, session)
    if (pieces.length > 0) this.#outbox.writeAll(pieces)
    if (!this.#outbox.full) return
    this.#parts.metrics.count('catch_ups')
    follower.pause(batch.last ?? follower.cursor)
  }

  async #send(by: string, file: WholeFile, session: LocalSession, mostBytes: number): Promise<void> {
    const { checks, clock, outbox, renderer, settings } = this.#parts
    const { words } = renderer
    this.#sending = true
    try {
      if (file.size <= mostBytes && (await checks.carries(file.id, () => session.inspect(file.id)))) {
        const to = { outbox, clock, apartMs: settings.apartMs }
        await sendInlineFile(file, session.download(file.id, 0, 'lent'), to)
      } else this.#notices.unshift(this.#encoded(`${fileLine(by, file, words, this.linkOf)}\n`))
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      // Who has left the room meanwhile does not wait for its file.
      if (session === this.#session)
        this.#notices.unshift(this.#encoded(`! ${error.rejected.code} ${words.say('notKept', { file: file.name })}\n`))
    } finally {
      this.#sending = false
      this.#noticeBytes = 0
      for (const notice of this.#notices.splice(0)) this.#outbox.write(notice)
      this.#waiters.release()
      this.resume()
    }
  }
}

/** The first file in these lines that this member gets in band: not its own, and none for others. */
function nextFile(lines: Lines, session: Reading): { index: number; event: FileCompleted } | undefined {
  for (const index of lines.files) {
    const event = lines.events[index] as FileCompleted
    if (event.by.id !== session.id && session.sees(event)) return { index, event }
  }
  return undefined
}
