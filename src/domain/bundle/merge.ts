import { type Digest, originOf, traceOf } from '../room/erasure.ts'
import {
  type Entry,
  type FileCompleted,
  type FileReceived,
  isMessage,
  isRule,
  type Message,
  type TopicSet,
} from '../room/events.ts'

/**
 * The part of a room that travels to another host: its messages, its topic, its complete files and the names that verified them.
 * Permissions (ops, bans, mutes, locks, passwords, hand-ins) stay: each host sets its own, and a stranger's bundle must not change them.
 */
export type Carried = Message | TopicSet | FileCompleted | FileReceived

/** The facts of a room that travel, in their order: the present topic, and the present files except those in `without`. */
export function carriedFacts(facts: readonly Entry[], without: ReadonlySet<string>): readonly Carried[] {
  let topic: TopicSet | undefined
  const files = new Map<string, { readonly completed: FileCompleted; readonly received: Map<string, FileReceived> }>()
  for (const fact of facts) {
    if (fact.type === 'topicSet') topic = fact
    else if (fact.type === 'fileWithdrawn') files.delete(fact.file.id)
    else if (fact.type === 'fileCompleted' && !without.has(fact.file.id))
      files.set(fact.file.id, { completed: fact, received: new Map() })
    else if (fact.type === 'fileReceived') {
      const received = files.get(fact.file.id)?.received
      if (received?.has(fact.by.name) === false) received.set(fact.by.name, fact)
    }
  }
  const kept = [...files.values()].flatMap(({ completed, received }) => [completed, ...received.values()])
  return [...(topic === undefined ? [] : [topic]), ...kept].toSorted((one, other) => one.seq - other.seq)
}

/** The part of a room's content that a bundle may contain as well. */
export interface Held {
  /** Number of occurrences of each message, by its identity. */
  readonly messages: Map<string, number>
  /** Number of removed messages, by their traces: they are not brought back. */
  readonly removed: Map<string, number>
  /** The digest and size of each complete file, by its id, and the names that verified it. */
  readonly files: Map<string, { readonly sha256: string; readonly size: number; readonly received: Set<string> }>
  /** Ids of files that were withdrawn here, or are unfinished: they are not brought back. */
  readonly closed: Set<string>
  topic: TopicSet | undefined
  /** Time of the oldest message, in milliseconds since 1970. */
  oldest: number
}

export const nothingHeld = (): Held => ({
  messages: new Map(),
  removed: new Map(),
  files: new Map(),
  closed: new Set(),
  topic: undefined,
  oldest: Number.POSITIVE_INFINITY,
})

/**
 * The identity of a message, the same on every host: author, addressee, text, and the time as the first host noted it. Not its sequence,
 * which each host assigns itself. The same text twice within a millisecond makes two messages of one identity.
 */
const identityOf = (message: Message, digest: Digest): string =>
  digest(JSON.stringify([...originOf(message), message.text]))

/** Adds an entry of the room to `held`; call it in the room's order. */
export function hold(held: Held, entry: Entry, digest: Digest): void {
  if (isMessage(entry)) {
    const identity = identityOf(entry, digest)
    held.messages.set(identity, (held.messages.get(identity) ?? 0) + 1)
    held.oldest = Math.min(held.oldest, entry.at)
    return
  }
  // Each host has its own rules.
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
    case 'erased':
      if (entry.trace !== undefined) held.removed.set(entry.trace, (held.removed.get(entry.trace) ?? 0) + 1)
      held.oldest = Math.min(held.oldest, entry.at)
      return
    // Each host has its own removals, too.
    case 'messageRemoved':
    case 'cleared':
    // So with the password, and the served files.
    case 'fileServed':
    case 'passwordSet':
    case 'passwordRemoved':
      return
    default:
      entry satisfies never
  }
}

/**
 * The additions of a bundle to a room: everything the room lacks, in the bundle's order, with sequences of its own. The result is the
 * union of both, so it does not matter which host imports first, nor how often: a message that the bundle has n times is there at least
 * n times afterwards, except those removed here; of two topics the later one wins, by the clocks of their authors; a file is there by
 * its id, unless it was withdrawn here, with each name that verified it. A room that has trimmed its oldest messages takes none older
 * than those it still has.
 */
export class Merge {
  readonly #held: Held
  readonly #forgets: boolean
  readonly #digest: Digest
  readonly #brought = new Map<string, number>()
  readonly #entries: Carried[] = []
  readonly #files = new Map<string, FileCompleted>()
  /** Ids of files that are the same here and in the bundle. */
  readonly #alike = new Set<string>()
  readonly #received = new Set<string>()
  #topic: TopicSet | undefined
  #last: number

  /** `span` is the room's; undefined if the room does not exist yet. */
  constructor(held: Held, span: { readonly first: number; readonly last: number } | undefined, digest: Digest) {
    this.#held = held
    this.#forgets = span !== undefined && span.first > 1
    this.#topic = held.topic
    this.#last = span?.last ?? 0
    this.#digest = digest
  }

  take(entry: Carried): void {
    if (isMessage(entry)) this.#takeMessage(entry)
    else if (entry.type === 'topicSet') this.#takeTopic(entry)
    else if (entry.type === 'fileCompleted') this.#takeFile(entry)
    else this.#takeReceipt(entry)
  }

  /** The entries to append, in order, dense from the room's last sequence on. */
  get entries(): readonly Carried[] {
    return this.#entries
  }

  /** Files that the room gains. */
  get files(): readonly FileCompleted[] {
    return [...this.#files.values()]
  }

  #takeMessage(message: Message): void {
    const identity = identityOf(message, this.#digest)
    const times = (this.#brought.get(identity) ?? 0) + 1
    this.#brought.set(identity, times)
    if (times <= (this.#held.messages.get(identity) ?? 0)) return
    if (this.#forgets && message.at < this.#held.oldest) return
    const trace = traceOf(message, this.#digest)
    const removed = this.#held.removed.get(trace) ?? 0
    if (removed > 0) {
      this.#held.removed.set(trace, removed - 1)
      return
    }
    this.#add(message)
  }

  #takeTopic(topic: TopicSet): void {
    if (this.#topic !== undefined && !isLater(topic, this.#topic)) return
    this.#topic = topic
    this.#add(topic)
  }

  #takeFile(completed: FileCompleted): void {
    const { id, sha256 } = completed.file
    if (this.#held.files.get(id)?.sha256 === sha256) this.#alike.add(id)
    if (this.#held.files.has(id) || this.#held.closed.has(id) || this.#files.has(id)) return
    this.#files.set(id, completed)
    this.#add(completed)
  }

  #takeReceipt(receipt: Extract<Carried, { type: 'fileReceived' }>): void {
    const { id } = receipt.file
    const key = `${id} ${receipt.by.name}`
    const isNew =
      this.#files.has(id) || (this.#alike.has(id) && !this.#held.files.get(id)?.received.has(receipt.by.name))
    if (!isNew || this.#received.has(key)) return
    this.#received.add(key)
    this.#add(receipt)
  }

  #add(entry: Carried): void {
    this.#last++
    this.#entries.push({ ...entry, seq: this.#last })
  }
}

/** Every host must decide alike, even about two topics within a millisecond. */
function isLater(topic: TopicSet, other: TopicSet): boolean {
  if (topic.at !== other.at) return topic.at > other.at
  const [one, two] = [topic, other].map(({ by, topic: text }) => JSON.stringify([text, by.id, by.name]))
  return (one as string) > (two as string)
}
