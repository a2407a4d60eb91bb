import type { Rejected } from '../errors.ts'
import type { Mail, RoomCommand } from './commands.ts'
import { type Entry, type FileReceived, type FileServed, isEntry, isRule, type RoomEvent } from './events.ts'
import { isFact, publicFacts } from './facts.ts'

/** Turns a batch into its form for one kind of receiver. Encoders are compared by identity, so create each one once. */
export type Encoder<T> = (batch: Batch) => T

/** The id that a client gave a command, so that a repeated command is no second message. */
export interface CommandId {
  readonly id: string
  readonly seq: number
}

/** A command id that the journal already has, and its sequence. */
export interface KnownId {
  readonly room: string
  readonly id: string
  readonly seq: number
}

/**
 * Everything that one commit adds to one room, in order. It is encoded at most once for each kind of receiver, and all receivers share
 * the result, so that no work is done for each message and receiver.
 */
export class Batch {
  readonly room: string
  /** For readers: without the fields reserved for the host. */
  readonly events: readonly RoomEvent[]
  /** For the journal: the events with a sequence number, in all their fields. */
  readonly entries: readonly Entry[]
  /** Ids given by clients, by which the journal recognises repeated commands. */
  readonly ids: readonly CommandId[]
  /** Sequences of the first and the last entry; undefined in a batch of presence only. Every reader asks for them. */
  readonly first: number | undefined
  readonly last: number | undefined
  #encodings: Map<Encoder<unknown>, unknown> | undefined

  constructor(room: string, events: readonly RoomEvent[], ids: readonly CommandId[] = []) {
    this.room = room
    this.events = publicFacts(events)
    this.entries = events.every(isEntry) ? events : events.filter(isEntry)
    this.ids = ids
    this.first = this.entries[0]?.seq
    this.last = this.entries.at(-1)?.seq
  }

  encoded<T>(encoder: Encoder<T>): T {
    const known = this.#encodings?.get(encoder)
    if (known !== undefined) return known as T
    const encoding = encoder(this)
    this.#encodings ??= new Map()
    this.#encodings.set(encoder, encoding)
    return encoding
  }
}

/** One event of a pending batch. */
interface Pending {
  readonly event: RoomEvent
  readonly mail: Mail
  /** It may have to be decided again; left out for what follows from another command. */
  readonly command: RoomCommand | undefined
}

interface Repeat {
  readonly mail: Mail
  readonly seq: number
  readonly command?: RoomCommand
}

/** The events that a room has decided since the last commit. They are neither published nor acknowledged until the journal has them. */
export class PendingBatch {
  readonly #room: string
  /** Sequence of the newest entry before this batch. */
  readonly #last: number
  readonly #events: Pending[] = []
  /** The sequence of each entry whose command has an id. */
  #ids: Map<string, number> | undefined
  /** Commands repeated with the same id: answered like the first, without an event of their own. */
  readonly #repeats: Repeat[] = []
  /** Receipts that the room's state does not contain yet. */
  #receipts: Map<string, number> | undefined
  #batch: Batch | undefined
  #next: number
  #chars = 0
  #evicts = false
  #holdsRule = false
  #holdsFact = false
  #erases = false

  /** Another batch of the room is in progress: this one holds only messages, and may have to be decided again. */
  readonly isBehind: boolean

  constructor(room: string, last: number, isBehind = false) {
    this.#room = room
    this.#last = last
    this.#next = last + 1
    this.isBehind = isBehind
  }

  /** The sequence of the next entry. */
  get next(): number {
    return this.#next
  }

  /** It contains a rule, and nothing behind it. */
  get holdsRule(): boolean {
    return this.#holdsRule
  }

  /** It contains a fact, which influences later commands. */
  get holdsFact(): boolean {
    return this.#holdsFact
  }

  get size(): number {
    return this.#events.length
  }

  /** Characters of its messages. */
  get chars(): number {
    return this.#chars
  }

  /** It contains an entry, which is valid once committed. */
  get holdsEntry(): boolean {
    return this.#next > this.#last + 1
  }

  /** It ends somebody's membership. */
  get evicts(): boolean {
    return this.#evicts
  }

  /** It removes messages. */
  get erases(): boolean {
    return this.#erases
  }

  get batch(): Batch {
    this.#batch ??= new Batch(
      this.#room,
      this.#events.map(({ event }) => event),
      this.#ids && Array.from(this.#ids, ([id, seq]) => ({ id, seq })),
    )
    return this.#batch
  }

  add(event: RoomEvent, mail: Mail, id: string | undefined, command?: RoomCommand): void {
    this.#events.push({ event, mail, command })
    if (isEntry(event)) {
      this.#next = event.seq + 1
      if ('text' in event) this.#chars += event.text.length
      if (id !== undefined) {
        this.#ids ??= new Map()
        this.#ids.set(id, event.seq)
      }
      if (isRule(event)) this.#holdsRule = true
      if (isFact(event)) this.#holdsFact = true
    }
    if (event.type === 'fileReceived' || event.type === 'fileServed') {
      this.#receipts ??= new Map()
      for (const key of receiptKeys(event)) this.#receipts.set(key, event.seq)
    }
    if (event.type === 'messageRemoved' || event.type === 'cleared') this.#erases = true
    if (event.type === 'banned' || (event.type === 'left' && event.kickedBy !== undefined)) this.#evicts = true
  }

  /** Answers a command without news, with the sequence of the entry that already says it. */
  repeat(mail: Mail, seq: number, command?: RoomCommand): void {
    this.#repeats.push({ mail, seq, ...(command === undefined ? {} : { command }) })
  }

  /** Whether the id is already in this batch. If so, the command is answered with the first one's sequence. */
  repeats(id: string, mail: Mail, command?: RoomCommand): boolean {
    const seq = this.#ids?.get(id)
    if (seq === undefined) return false
    this.repeat(mail, seq, command)
    return true
  }

  /** Whether this batch already contains the same receipt. If so, it is answered with the first one's sequence. */
  repeatsReceipt(receipt: FileReceived | FileServed, mail: Mail): boolean {
    const [byName, byId] = receiptKeys(receipt)
    const seq = this.#receipts?.get(byName) ?? this.#receipts?.get(byId)
    if (seq === undefined) return false
    this.repeat(mail, seq)
    return true
  }

  /** The same batch without the entries whose ids the journal has. The rest moves up, so that sequences stay dense. */
  without(known: readonly KnownId[]): PendingBatch {
    const seqOf = new Map(known.filter((each) => each.room === this.#room).map((each) => [each.id, each.seq]))
    if (seqOf.size === 0) return this
    const idAt = new Map(Array.from(this.#ids ?? [], ([id, seq]) => [seq, id]))
    const kept = new PendingBatch(this.#room, this.#last, this.isBehind)
    const moved = new Map<number, number>()
    for (const { event, mail, command } of this.#events) {
      if (!isEntry(event)) {
        kept.add(event, mail, undefined, command)
        continue
      }
      const id = idAt.get(event.seq)
      const before = id === undefined ? undefined : seqOf.get(id)
      moved.set(event.seq, before ?? kept.next)
      if (before !== undefined) kept.repeat(mail, before, command)
      else kept.add({ ...event, seq: kept.next }, mail, id, command)
    }
    for (const { mail, seq, command } of this.#repeats) kept.repeat(mail, moved.get(seq) ?? seq, command)
    return kept
  }

  /** The commands of its entries, to be decided again. */
  get commands(): readonly Mail[] {
    const taken: Mail[] = []
    const take = (mail: Mail, command: RoomCommand | undefined) => {
      if (command !== undefined) taken.push({ ...mail, commands: [command] })
    }
    for (const { event, mail, command } of this.#events) if (isEntry(event)) take(mail, command)
    for (const { mail, command } of this.#repeats) take(mail, command)
    return taken
  }

  acknowledge(): void {
    let seq = this.#last
    for (let index = 0; index < this.#events.length; index++) {
      const { event, mail } = this.#events[index] as Pending
      if (isEntry(event)) seq = event.seq
      mail.committed?.({ type: 'ack', seq, duplicate: false })
    }
    for (const { mail, seq } of this.#repeats) mail.committed?.({ type: 'ack', seq, duplicate: true })
  }

  /** The same batch without its entries: each author is told once why they were not kept. Presence stays. */
  refuseEntries(why: Rejected): PendingBatch {
    const told = new Set<Mail>(this.#repeats.map(({ mail }) => mail))
    for (const { event, mail } of this.#events) if (isEntry(event)) told.add(mail)
    for (const mail of told) mail.refused(why)
    return this.presence
  }

  /** Its presence only, which is valid already. */
  get presence(): PendingBatch {
    const presence = new PendingBatch(this.#room, this.#last)
    for (const { event, mail } of this.#events) if (!isEntry(event)) presence.add(event, mail, undefined)
    return presence
  }
}

/** Receipts are unique for each name and each person, receipts of serving for each person. A name contains no line feed. */
const receiptKeys = ({ type, file, by }: FileReceived | FileServed) => {
  const byId = `${file.id}\n\n${by.id}`
  return type === 'fileServed' ? ([`\n${byId}`, `\n${byId}`] as const) : ([`${file.id}\n${by.name}`, byId] as const)
}
