import type { FileCompleted, TopicSet } from '../room/events.ts'
import { type Carried, isMessage, type Message } from './carried-facts.ts'
import { type Digest, type Held, identityOf } from './known-facts.ts'

/**
 * What a room gets of what a bundle brings: what it has not, in the bundle's order, with sequences of its own. The union of both, so
 * that it does not matter which host imports first, nor how often:
 * - a message that the bundle has n times is there at least n times then;
 * - of two topics the one that was set later holds, by the clocks of those who set them;
 * - a file is there by its id, unless it was withdrawn here, and so is each name that verified it.
 * A room that has forgotten its oldest messages takes none that are older than those it still has.
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

  /** `span` is the room's; undefined where it is not there yet. */
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

  /** What is to be appended, in order, dense from the room's last sequence on. */
  get entries(): readonly Carried[] {
    return this.#entries
  }

  /** Files that the room gets. */
  get files(): readonly FileCompleted[] {
    return [...this.#files.values()]
  }

  #takeMessage(message: Message): void {
    const identity = identityOf(message, this.#digest)
    const times = (this.#brought.get(identity) ?? 0) + 1
    this.#brought.set(identity, times)
    if (times <= (this.#held.messages.get(identity) ?? 0)) return
    if (this.#forgets && message.at < this.#held.oldest) return
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

/** Every host must see it alike, also where two were set within a millisecond. */
function isLater(topic: TopicSet, other: TopicSet): boolean {
  if (topic.at !== other.at) return topic.at > other.at
  const [one, two] = [topic, other].map(({ by, topic: text }) => JSON.stringify([text, by.id, by.name]))
  return (one as string) > (two as string)
}
