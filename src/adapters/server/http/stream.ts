import type { ServerResponse } from 'node:http'
import type { LocalSession } from '#domain/engine/session.ts'
import type { Cancel } from '#domain/ports/system.ts'
import type { Batch } from '#domain/room/batch.ts'
import { Outbox } from '../connection/outbox.ts'
import type { StreamFormat } from './formats.ts'
import type { HttpParts } from './parts.ts'

/**
 * Sends a room's events after the sequence `after` for as long as the peer listens: history, then what happens. A reader that is
 * slow is held, and reads on from the journal when it has taken what waits. Resolves when it is over.
 */
export function streamEvents(
  { clock, closing, metrics, settings }: HttpParts,
  response: ServerResponse,
  session: LocalSession,
  after: number,
  format: StreamFormat,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { socket } = response.req
  let peerEnded = socket.readableEnded
  let cancelPulse: Cancel = () => {}

  const resume = () => {
    if (!outbox.full) follower.resume()
  }
  const take = (batch: Batch) => {
    const own = session.ownSightOf(batch)
    const bytes = own === undefined ? batch.encoded(format.encode) : format.write(own)
    if (bytes.length > 0) outbox.write(bytes)
    if (outbox.full) {
      metrics.count('catch_ups')
      follower.pause(batch.last ?? follower.cursor)
    }
    finishWithPeer()
  }
  // Who has ended its own side gets what is there; nobody can tell whether it still listens.
  const finishWithPeer = () => {
    if (peerEnded && follower.cursor >= session.last) finish()
  }
  const peerEnds = () => {
    peerEnded = true
    finishWithPeer()
  }
  const pulse = (bytes: Uint8Array) => {
    cancelPulse = clock.after(settings.heartbeatMs, () => {
      if (outbox.waiting === 0) outbox.write(bytes)
      pulse(bytes)
    })
  }
  const finish = () => {
    follower.close()
    cancelPulse()
    socket.off('end', peerEnds)
    closing.removeEventListener('abort', finish)
    response.end()
    resolve()
  }

  const outbox = new Outbox(response, settings.outboxMarkBytes, resume)
  // A place that the room has not reached is of another time, before its history was lost: there is only what comes.
  const follower = session.follow(Math.min(after, session.last), take, finish)
  response.once('close', finish)
  // The connection's own error is reported by the door.
  response.on('error', finish)
  socket.on('end', peerEnds)
  closing.addEventListener('abort', finish)
  response.flushHeaders()
  if (format.pulse !== undefined) pulse(format.pulse)
  resume()
  if (closing.aborted) finish()
  else finishWithPeer()
  return promise
}
