import type { LocalSession } from '#domain/engine/session.ts'
import type { Batch, Encoder } from '#domain/room/batch.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { visibilityOf } from '#domain/room/visibility.ts'
import { encodeMessage, hostMessageLimits } from '#protocol/messages.ts'
import type { Framing } from './transport.ts'

/** What of an event is not its text, at most nearly always; where it is more, the message is cut in two. */
const EVENT_BYTES = 200
/** No event has more values than this, a file's are the most. */
const EVENT_ITEMS = 24

/** An encoder of its own for each framing: encodings are kept with the batch, under the encoder. */
export const batchEncoder =
  (frame: Framing['frame']): Encoder<readonly Uint8Array[]> =>
  (batch) =>
    messagesOf(batch.encoded(visibilityOf).open).map(frame)

/** What one member gets of a batch. */
export function messagesFor(
  batch: Batch,
  session: Pick<LocalSession, 'ownSightOf'>,
  framing: Framing,
): readonly Uint8Array[] {
  const own = session.ownSightOf(batch)
  return own === undefined ? batch.encoded(framing.batches) : messagesOf(own).map(framing.frame)
}

/** These events as messages, none longer than a message may be. */
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

/** One message, or two halves where it came out longer than its characters let expect. */
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
