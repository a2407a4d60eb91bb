import assert from 'node:assert/strict'
import type { Ack } from '#domain/room/commands.ts'
import { isEntry, type RoomEvent } from '#domain/room/events.ts'
import type { RoomSession } from '#domain/session.ts'

/** A new room, in which nothing was said yet, and the ways into it. */
export interface RoomUnderTest {
  /**
   * `after`: where the session's events begin; without it, now. `key`, 32 hexadecimal digits: the same key is the same member; without it, another
   * one each time. Rejects with `Refused`.
   */
  enter(who: { readonly name: string; readonly after?: number; readonly key?: string }): Promise<RoomSession>
  /** Breaks every connection that there is. Left out where there are none. */
  readonly cut?: () => void
  dispose(): Promise<void>
}

/** One thing that holds in a room. */
export type InRoom = (room: RoomUnderTest) => Promise<void>

/** Everything that a session shows from now on. */
export function watch(session: RoomSession) {
  const events: RoomEvent[] = []
  const seen = {
    events,
    over: false,
    /** What was said, as `name: text`, or the type of what is no text. */
    get said(): readonly string[] {
      return events.filter(isEntry).map((entry) => ('text' in entry ? `${entry.by.name}: ${entry.text}` : entry.type))
    },
    get seqs(): readonly number[] {
      return events.filter(isEntry).map(({ seq }) => seq)
    },
  }
  session.events$.subscribe({
    next: (event) => events.push(event),
    complete: () => {
      seen.over = true
    },
  })
  return seen
}

export const say = (text: string, id?: string) => ({ type: 'say', text, ...(id === undefined ? {} : { id }) }) as const

export async function kept(session: RoomSession, command: Parameters<RoomSession['send']>[0]): Promise<Ack> {
  const answer = await session.send(command)
  if (answer.type === 'rejected') assert.fail(`${answer.code}: ${answer.message}`)
  return answer
}

export async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export async function collected(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of source) pieces.push(Uint8Array.from(piece))
  return Buffer.concat(pieces)
}

export const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1)
