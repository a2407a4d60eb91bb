import type { Cancel, Clock, Log, Metrics } from '#domain/ports/system.ts'
import { hangUp } from '../connection/idle.ts'
import type { IncomingConnection } from '../connection/incoming-connection.ts'
import { Outbox } from '../connection/outbox.ts'
import { LineDecoder } from './decoder.ts'
import { LineDelivery } from './delivery.ts'
import { LinePeer, type PeerParts } from './peer.ts'
import type { LineRenderer } from './render.ts'
import type { SentinelChecks } from './sentinel.ts'
import type { LineSettings } from './settings.ts'
import type { Item } from './syntax.ts'

export interface ConnectionParts extends Pick<PeerParts, 'accessControl' | 'engine' | 'id'> {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly settings: LineSettings
  readonly checks: SentinelChecks
  readonly renderer: LineRenderer
}

/** One line connection: reads no faster than its peer's items are dealt with, and ends by itself when one of them fails (C90). */
export class LineConnection {
  readonly #incoming: IncomingConnection
  readonly #parts: ConnectionParts
  readonly #decoder: LineDecoder
  readonly #outbox: Outbox
  readonly #delivery: LineDelivery
  readonly #peer: LinePeer
  #linesSeen = 0
  /** `ended`: takes in nothing more, but says what it took in. `hung up`: says nothing more either. */
  #status: 'reading' | 'ended' | 'hung up' | 'gone' = 'reading'
  /** An item is being dealt with, and what came behind it waits. */
  #busy = false
  #inputOver = false
  #taken = 0
  #takenAt: number
  #reason = 'left'
  #cancelWait: Cancel = () => {}

  constructor(incoming: IncomingConnection, parts: ConnectionParts, gone: (connection: LineConnection) => void) {
    const { connection, address, loopback, base } = incoming
    const { clock, metrics, settings, checks, renderer } = parts
    this.#incoming = incoming
    this.#parts = parts
    this.#decoder = new LineDecoder({ maxLineBytes: settings.maxLineBytes })
    this.#outbox = new Outbox(connection, settings.outboxMarkBytes, () => this.#delivery.resume())
    const lost = (why?: string) => {
      if (why === undefined) this.hangUp()
      else this.#expelled(why)
    }
    this.#delivery = new LineDelivery({ outbox: this.#outbox, clock, metrics, settings, checks, renderer, base, lost })
    this.#peer = new LinePeer({
      ...parts,
      words: renderer.words,
      address,
      base,
      outbox: this.#outbox,
      delivery: this.#delivery,
      limited: !loopback || settings.rateOnLoopback,
      hangUp: () => this.hangUp(),
      expelled: (why) => this.#expelled(why),
      admitted: () => {
        this.#cancelWait()
        incoming.known?.()
      },
      abandon: (begin) => this.#decoder.abandonBody(begin),
    })
    this.#takenAt = clock.elapsed()
    connection.once('close', () => {
      this.#status = 'gone'
      this.#cancelWait()
      gone(this)
      this.#peer.gone(this.#reason).catch(this.#failed)
    })
    connection.on('error', (error) => {
      this.#reason = 'connection lost'
      parts.log.info('a connection broke', { error: 'code' in error ? String(error.code) : error.message })
    })
    this.#enter().catch(this.#failed)
  }

  /** Ends the connection after what was written. */
  hangUp(): void {
    if (this.#status !== 'gone') this.#status = 'hung up'
    hangUp(this.#incoming.connection, this.#parts.clock)
  }

  stopReading(): void {
    this.#incoming.connection.pause()
    if (this.#status === 'reading') this.#status = 'ended'
  }

  async farewell(why: string): Promise<void> {
    this.#reason = why
    this.#delivery.say(`* ${why}\n`)
    await this.#outbox.flushed()
    this.hangUp()
  }

  destroy(): void {
    this.#incoming.connection.destroy()
  }

  /** Closes a peer that has taken nothing for `ms` with data waiting: half open, or hostile. */
  sweep(now: number, ms: number): void {
    const { taken } = this.#outbox
    if (taken !== this.#taken || this.#outbox.waiting === 0) {
      this.#taken = taken
      this.#takenAt = now
    } else if (now - this.#takenAt > ms) {
      this.#reason = 'took nothing for too long'
      this.destroy()
    }
  }

  /** Nothing that still comes in is for the room, and the nick is free, however long the peer takes to go. */
  #expelled(why: string): void {
    this.stopReading()
    this.#peer.gone(why).catch(this.#failed)
    this.farewell(why).catch(this.#failed)
  }

  async #enter(): Promise<void> {
    const { connection, head } = this.#incoming
    const { clock, settings } = this.#parts
    this.#cancelWait = clock.after(settings.strangerMs, () => this.#expelled('nothing was shown in time'))
    if (!(await this.#peer.arrive(this.#incoming.hidden))) return this.hangUp()
    // It may have gone while it joined; then `gone` found no session to leave.
    if (this.#status === 'gone') return this.#peer.gone(this.#reason)
    connection.on('data', this.#read)
    connection.once('end', this.#end)
    if (head.length > 0) this.#read(head)
    // The listener paused it, and its end may have come meanwhile.
    if (connection.readableEnded) this.#end()
    else if (!this.#busy) connection.resume()
  }

  readonly #read = (chunk: Buffer): void => {
    if (this.#status !== 'reading') return
    try {
      const items = this.#decoder.push(chunk)
      const lines = this.#decoder.linesSeen - this.#linesSeen
      this.#linesSeen += lines
      this.#handle(items, lines)
    } catch (error) {
      this.#failed(error)
    }
  }

  readonly #end = (): void => {
    this.#inputOver = true
    // Behind what still waits: the end of the input says the last line, or cuts the file that it is in.
    if (this.#status !== 'reading' || this.#busy) return
    this.#status = 'ended'
    try {
      this.#handle(this.#decoder.end(), 0)
    } catch (error) {
      this.#failed(error)
      return
    }
    const { clock, settings } = this.#parts
    // Whoever pipes a file in waits for its answer, which it has by now, and for the end of the connection.
    const ms = this.#peer.sentFileLast ? settings.fileHalfCloseMs : settings.halfCloseMs
    const cancel = clock.after(ms, () => this.hangUp())
    this.#incoming.connection.once('close', cancel)
  }

  /** Hot path: a chunk of text lines goes through here without a promise. */
  #handle(items: readonly Item[], lines: number): void {
    let others = lines
    for (let index = 0; index < items.length; index++) {
      const item = items[index] as Item
      if (item.type === 'text') others -= item.lines.length
      const wait = this.#peer.handle(item) ?? this.#delivery.unread
      if (wait === undefined) continue
      this.#waitFor(wait, () => this.#handle(items.slice(index + 1), others))
      return
    }
    const wait = this.#peer.charge(others)
    if (wait !== undefined) this.#waitFor(wait, () => {})
  }

  #waitFor(wait: Promise<void>, next: () => void): void {
    const { connection } = this.#incoming
    connection.pause()
    this.#busy = true
    wait
      .then(() => {
        if (this.#status === 'gone' || this.#status === 'hung up') return
        if (this.#delivery.unread !== undefined) return this.#waitFor(this.#delivery.unread, next)
        this.#busy = false
        next()
        if (this.#busy) return
        if (this.#inputOver) this.#end()
        else if (this.#status === 'reading') connection.resume()
      })
      .catch(this.#failed)
  }

  readonly #failed = (error: unknown): void => {
    this.#parts.log.error('a connection was closed because of an error of ours', {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
    this.destroy()
  }
}
