import { type Entry, isRule, type TopicSet } from '../room/events.ts'
import { isMessage, type Message } from './carried-facts.ts'

/** A short digest of a text: whoever gives one answers for it that no two texts share it. */
export type Digest = (text: string) => string

/** What a room has, as far as somebody may bring it too. */
export interface Held {
  /** How often each message is there, by its identity. */
  readonly messages: Map<string, number>
  /** The digest of each whole file, by its id, its size, and the names of those who verified it. */
  readonly files: Map<string, { readonly sha256: string; readonly size: number; readonly received: Set<string> }>
  /** Ids of files that were withdrawn here, or are on their way: they are not brought back. */
  readonly closed: Set<string>
  topic: TopicSet | undefined
  /** When the oldest message was said, in milliseconds since 1970. */
  oldest: number
}

export const nothingHeld = (): Held => ({
  messages: new Map(),
  files: new Map(),
  closed: new Set(),
  topic: undefined,
  oldest: Number.POSITIVE_INFINITY,
})

/**
 * What makes a message the same on every host that has it: who said what to whom, and when, by the host where they said it. Not its
 * sequence: that is each host's own. Somebody who says the same twice within a millisecond has two messages of one identity.
 */
export const identityOf = (message: Message, digest: Digest): string =>
  digest(
    JSON.stringify([
      message.type,
      message.at,
      message.by.id,
      message.by.name,
      message.type === 'whispered' ? message.to.id : '',
      message.text,
    ]),
  )

/** Takes what the room has into `held`; in the room's order. */
export function hold(held: Held, entry: Entry, digest: Digest): void {
  if (isMessage(entry)) {
    const identity = identityOf(entry, digest)
    held.messages.set(identity, (held.messages.get(identity) ?? 0) + 1)
    held.oldest = Math.min(held.oldest, entry.at)
    return
  }
  // What was laid down is each host's own.
  if (isRule(entry)) return
  switch (entry.type) {
    case 'topicSet':
      held.topic = entry
      return
    case 'fileOffered':
      held.closed.add(entry.file.id)
      return
    case 'fileCompleted':
      held.files.set(entry.file.id, { sha256: entry.file.sha256, size: entry.file.size, received: new Set() })
      return
    case 'fileWithdrawn':
      held.files.delete(entry.file.id)
      held.closed.add(entry.file.id)
      return
    case 'fileReceived':
      held.files.get(entry.file.id)?.received.add(entry.by.name)
      return
    // So is what opens a room.
    case 'passwordSet':
    case 'passwordRemoved':
      return
    default:
      entry satisfies never
  }
}
