import { type Entry, isEntry, publicFacts, type RoomEvent } from './events.ts'

/** Turns a batch into what one kind of receiver gets. Encoders are compared by identity: make one, keep it. */
export type Encoder<T> = (batch: Batch) => T

/** The id that a client gave a command, so that sending it again is not a second message. */
export interface CommandId {
  readonly id: string
  readonly seq: number
}

/**
 * What one commit adds to one room, in order. It is encoded at most once for each kind of receiver, whoever asks first,
 * and all receivers share the result: nothing on the way to a receiver is done for each message.
 */
export class Batch {
  readonly room: string
  /** As readers are told of it: all but what is in the host's own hands. */
  readonly events: readonly RoomEvent[]
  /** As it is kept: what has a sequence number, with all that it says. */
  readonly entries: readonly Entry[]
  /** Ids that clients gave, for the journal to know them again. */
  readonly ids: readonly CommandId[]
  readonly #encodings = new Map<Encoder<unknown>, unknown>()

  constructor(room: string, events: readonly RoomEvent[], ids: readonly CommandId[] = []) {
    this.room = room
    this.events = publicFacts(events)
    this.entries = events.every(isEntry) ? events : events.filter(isEntry)
    this.ids = ids
  }

  /** Sequence of the first entry; undefined when the batch holds presence only. */
  get first(): number | undefined {
    return this.entries[0]?.seq
  }

  get last(): number | undefined {
    return this.entries.at(-1)?.seq
  }

  encoded<T>(encoder: Encoder<T>): T {
    const known = this.#encodings.get(encoder)
    if (known !== undefined) return known as T
    const encoding = encoder(this)
    this.#encodings.set(encoder, encoding)
    return encoding
  }
}
