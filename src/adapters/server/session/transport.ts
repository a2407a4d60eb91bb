import type { Duplex } from 'node:stream'
import type { LocalSession } from '#domain/engine/session.ts'
import { type Code, type Rejected, rejected } from '#domain/errors.ts'
import type { Cancel, Clock } from '#domain/ports/system.ts'
import type { Batch, Encoder } from '#domain/room/batch.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { visibilityOf } from '#domain/room/visibility.ts'
import { encodeMessage, hostMessageLimits } from '#protocol/messages.ts'

/** Bytes of an event besides its text, nearly always an upper bound; if there are more, the message is split. */
const EVENT_BYTES = 200
/** The largest number of values in an event; a file's has most. */
const EVENT_ITEMS = 24

/** The form of messages on the wire; one for each kind of transport, so that all its readers share encoded batches. */
export interface Framing {
  frame(message: Uint8Array): Uint8Array
  /** The public form of a batch: encoded once, and shared by all readers for whom nothing in it is personal. */
  readonly batches: Encoder<readonly Uint8Array[]>
}

/** The destination of a transport's input. */
export interface Receiver {
  message(bytes: Uint8Array): void
  /** The input is not a valid message; called after the messages before it. */
  refuse(why: Rejected): void
  /** The peer sends no more, but may still listen. */
  ended(): void
}

/** A connection that carries whole messages in both directions. */
export interface MessageTransport {
  readonly connection: Duplex
  readonly framing: Framing
  /** Messages may be written. */
  readonly open: boolean
  start(receiver: Receiver): void
  /** Stops reading, and continues; bytes read before may still arrive. */
  pause(): void
  resume(): void
  /** Closes the connection after the bytes already written, with the reason in the transport's own form if it has one. */
  end(code: Code | undefined): void
}

/** A separate encoder for each framing: a batch keeps its encodings by encoder. */
export const batchEncoder =
  (frame: Framing['frame']): Encoder<readonly Uint8Array[]> =>
  (batch) =>
    messagesOf(batch.encoded(visibilityOf).open).map(frame)

/** One member's form of a batch. */
export function messagesFor(
  batch: Batch,
  session: Pick<LocalSession, 'visibleIn'>,
  framing: Framing,
): readonly Uint8Array[] {
  const own = session.visibleIn(batch)
  return own === undefined ? batch.encoded(framing.batches) : messagesOf(own).map(framing.frame)
}

/** These events as messages within the size limit. */
function messagesOf(events: readonly RoomEvent[]): readonly Uint8Array[] {
  const messages: Uint8Array[] = []
  const most = Math.floor(hostMessageLimits.items / EVENT_ITEMS)
  let from = 0
  let bytes = 0
  for (const [index, event] of events.entries()) {
    const size = EVENT_BYTES + textOf(event).length
    if (index > from && (bytes + size > hostMessageLimits.bytes || index - from === most)) {
      add(events.slice(from, index), messages)
      from = index
      bytes = 0
    }
    bytes += size
  }
  if (from < events.length) add(from === 0 ? events : events.slice(from), messages)
  return messages
}

/** Adds one message, or two halves if it came out longer than its characters suggested. */
function add(events: readonly RoomEvent[], to: Uint8Array[]): void {
  const message = encodeMessage({ type: 'batch', events })
  if (message.length <= hostMessageLimits.bytes || events.length === 1) {
    to.push(message)
    return
  }
  const half = Math.ceil(events.length / 2)
  add(events.slice(0, half), to)
  add(events.slice(half), to)
}

function textOf(event: RoomEvent): string {
  if ('text' in event) return event.text
  return 'topic' in event ? event.topic : ''
}

/** A started frame must end in time, however slowly the rest trickles in (C34). While we do not read, nobody is late. */
export class FrameTimeout {
  readonly #clock: Clock
  readonly #ms: number
  readonly #late: (why: Rejected) => void
  #partial = false
  #status: 'read' | 'paused' | 'over' = 'read'
  #cancel: Cancel | undefined

  constructor(clock: Clock, ms: number, late: (why: Rejected) => void) {
    this.#clock = clock
    this.#ms = ms
    this.#late = late
  }

  /** Input arrived: whether a frame ended with it, and whether it leaves an unfinished one. */
  read(ended: boolean, partial: boolean): void {
    this.#partial = partial
    if (ended || !partial) this.#stop()
    this.#start()
  }

  pause(): void {
    if (this.#status === 'read') this.#status = 'paused'
    this.#stop()
  }

  resume(): void {
    if (this.#status === 'paused') this.#status = 'read'
    this.#start()
  }

  /** Further input does not count. */
  end(): void {
    this.#status = 'over'
    this.#stop()
  }

  #start(): void {
    if (!this.#partial || this.#status !== 'read') return
    this.#cancel ??= this.#clock.after(this.#ms, () => this.#late(tooSlow))
  }

  #stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}

const tooSlow = rejected('BAD_MESSAGE', 'a frame did not end in time')
