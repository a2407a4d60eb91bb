import { type ReadonlySignal, signal } from '@preact/signals'
import type { Rejected } from '#domain/errors.ts'
import type { Ack, Act, Say, Whisper } from '#domain/room/commands.ts'
import type { RoomEvent } from '#domain/room/events.ts'

export type Talk = (Say | Act | Whisper) & { readonly id: string }

/** Something said here that the room has not shown yet. */
export type PendingMessage =
  | { readonly status: 'waiting'; readonly talk: Talk }
  /** The room has it, as this entry, which is about to come. */
  | { readonly status: 'kept'; readonly talk: Talk; readonly seq: number }
  | { readonly status: 'failed'; readonly talk: Talk; readonly why: Rejected }

export interface OutboxParts {
  readonly send: (talk: Talk) => Promise<Ack | Rejected>
  readonly newId: () => string
  /** Messages kept when the page was left: under its id a message can be sent again without becoming two. */
  readonly kept: readonly Talk[]
  readonly keep: (talks: readonly Talk[]) => void
}

/** Messages of this page, until they stand in the room. */
export class Outbox {
  readonly #parts: OutboxParts
  readonly #pending = signal<readonly PendingMessage[]>([])
  #newest = 0

  constructor(parts: OutboxParts) {
    this.#parts = parts
  }

  get pending(): ReadonlySignal<readonly PendingMessage[]> {
    return this.#pending
  }

  /** Sends the messages that the page was left with. `start` is the room's newest entry now. */
  resume(start: number): void {
    this.#newest = start
    for (const talk of this.#parts.kept) void this.#send(talk)
  }

  say(talk: Say | Act | Whisper): void {
    void this.#send({ ...talk, id: this.#parts.newId() })
  }

  retry(id: string): void {
    const found = this.#find(id)
    if (found?.status === 'failed') void this.#send(found.talk)
  }

  discard(id: string): void {
    this.#set(this.#pending.peek().filter(({ talk }) => talk.id !== id))
  }

  /** A message that stands in the room needs no place here. `me` is the sender. */
  heard(event: RoomEvent, me: string): void {
    if (!('seq' in event)) return
    this.#newest = event.seq
    const all = this.#pending.peek()
    const acked = all.find((each) => each.status === 'kept' && each.seq === event.seq)
    // The entry may come before the answer to its command.
    const shown =
      acked ??
      (event.by.id === me ? all.find(({ talk, status }) => status !== 'kept' && isSame(talk, event)) : undefined)
    if (shown !== undefined) this.discard(shown.talk.id)
  }

  async #send(talk: Talk): Promise<void> {
    const waiting = { status: 'waiting', talk } as const
    if (this.#find(talk.id) === undefined) this.#set([...this.#pending.peek(), waiting])
    else this.#replace(talk.id, waiting)
    const answer = await this.#parts.send(talk)
    if (this.#find(talk.id) === undefined) return
    if (answer.type === 'rejected') this.#replace(talk.id, { status: 'failed', talk, why: answer })
    else if (answer.seq <= this.#newest) this.discard(talk.id)
    else this.#replace(talk.id, { status: 'kept', talk, seq: answer.seq })
  }

  #find(id: string): PendingMessage | undefined {
    return this.#pending.peek().find(({ talk }) => talk.id === id)
  }

  #replace(id: string, by: PendingMessage): void {
    this.#set(this.#pending.peek().map((each) => (each.talk.id === id ? by : each)))
  }

  #set(pending: readonly PendingMessage[]): void {
    this.#pending.value = pending
    const open = pending.filter((each) => each.status !== 'failed' || each.why.code === 'CLOSED')
    this.#parts.keep(open.map(({ talk }) => talk))
  }
}

function isSame(talk: Talk, event: RoomEvent): boolean {
  switch (event.type) {
    case 'said':
      return talk.type === 'say' && talk.text === event.text
    case 'acted':
      return talk.type === 'act' && talk.text === event.text
    case 'whispered':
      return talk.type === 'whisper' && talk.text === event.text && talk.to === event.to.name
    default:
      return false
  }
}
