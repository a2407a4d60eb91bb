import { createHash } from 'node:crypto'
import type { Engine } from '../../../../domain/engine/engine.ts'
import type { LocalSession } from '../../../../domain/engine/local-session.ts'

/** Whoever speaks under a key. */
export interface Holder {
  readonly nick: string | undefined
  /** Its place, while it has one. */
  readonly session: LocalSession | undefined
  /** Somebody else has shown the key: says so, and resolves when this one has left its room. */
  replaced(): Promise<void>
}

/** Who is here under which key, on all doors of one host, and how many have not shown one yet. */
export class People {
  readonly #engine: Engine
  readonly #mostStrangers: number
  readonly #holders = new Map<string, Holder>()
  #strangers = 0

  constructor(engine: Engine, mostStrangers: number) {
    this.#engine = engine
    this.#mostStrangers = mostStrangers
  }

  /** Counts one more who has not said hello yet, or answers false where there are too many (C68). */
  enter(): boolean {
    if (this.#strangers >= this.#mostStrangers) return false
    this.#strangers++
    return true
  }

  /** It has said hello, or is gone. */
  known(): void {
    this.#strangers--
  }

  /** Makes `holder` the one under this name. Resolves when whoever was is out of its room, with the nick that is free for it now. */
  async take(id: string, holder: Holder): Promise<string | undefined> {
    const before = this.#holders.get(id)
    this.#holders.set(id, holder)
    const nick = before?.nick
    await before?.replaced()
    return nick
  }

  /** The place that a member has in a room, by the id that its key stands for; undefined where there is none just now. */
  placeOf(id: string, room: string): LocalSession | undefined {
    const session = this.#holders.get(id)?.session
    return session?.room === room ? session : undefined
  }

  /** Frees the nick of whoever is gone, unless somebody has taken its place. */
  release(id: string, holder: Holder): void {
    if (this.#holders.get(id) !== holder) return
    this.#holders.delete(id)
    this.#engine.forget(id)
  }
}

/** Whom a key stands for, as all may know it: nobody can tell the key from it. */
export const personOf = (key: string): string =>
  createHash('sha256').update(`tamtam ${key}`).digest().subarray(0, 16).toString('base64url')
