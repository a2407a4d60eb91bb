import { forTerminal } from '#domain/names/terminal-text.ts'
import type { Clock } from '#domain/ports/clock.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { Refused } from '#domain/session.ts'
import type { Outbox } from '../connection/outbox.ts'
import { SENTINEL } from './codec/sentinel.ts'

// What the kernels on both sides may hold of a file that we see as sent, and how slow a reader of it we wait for.
const KERNEL_BYTES = 10_000_000
const SLOW_READER_BYTES_PER_MS = 10_000
// A reader that stalled in between says nothing about its pace.
const LONGEST_UNREAD_MS = 60_000

export interface InlineFile {
  readonly outbox: Outbox
  readonly clock: Clock
  readonly apartMs: number
}

/**
 * A whole file as the seed's client reads it: header, bytes and end mark, each apart on the wire, because its reader drops
 * what arrives together with the header or the mark. Nothing tells us what it has read, so: flush, and give it time.
 * Throws what the source throws, before the header where it has nothing to give (P1: no empty file in its place). A file that is
 * gone once the header is out is ended by the mark, or the reader would take all chat for it, and the reader is to be told (C30);
 * where it is us who fail it is not, for the connection ends, and what came must not pass for the file.
 */
export async function sendInlineFile(
  file: WholeFile,
  source: AsyncIterable<Uint8Array>,
  to: InlineFile,
): Promise<void> {
  const { outbox } = to
  const pieces = source[Symbol.asyncIterator]()
  let piece = await pieces.next()
  await apart(to, 0)
  // The seed's client takes the name up to the first space; netcat shows it (C59).
  outbox.write(Buffer.from(`SEND ${forTerminal(file.name).replaceAll(' ', '_')}\n`))
  await apart(to, 0)
  const started = to.clock.elapsed()
  let gone: Refused | undefined
  try {
    for (; piece.done !== true; piece = await pieces.next()) {
      outbox.write(piece.value)
      // It is only lent: the next piece may lie in the same buffer.
      await outbox.flushed()
      if (!outbox.open) return
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    gone = error
  } finally {
    await pieces.return?.()
  }
  await apart(to, unreadMs(file.size, to.clock.elapsed() - started))
  outbox.write(SENTINEL)
  await apart(to, 0)
  if (gone !== undefined) throw gone
}

/** How long the reader may still need for what the kernels hold of the file. */
function unreadMs(size: number, sentInMs: number): number {
  const unread = Math.min(size, KERNEL_BYTES)
  const atItsPace = size === 0 ? 0 : 1.5 * sentInMs * (unread / size)
  return Math.max(Math.min(atItsPace, LONGEST_UNREAD_MS), unread / SLOW_READER_BYTES_PER_MS)
}

async function apart({ outbox, clock, apartMs }: InlineFile, extraMs: number): Promise<void> {
  await outbox.flushed()
  await new Promise<void>((resolve) => clock.after(apartMs + extraMs, resolve))
}
