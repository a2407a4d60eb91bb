import { createHash } from 'node:crypto'
import type { Engine } from '#domain/engine/engine.ts'
import type { LocalSession } from '#domain/engine/session.ts'

/** Whoever speaks under a key. */
export interface Holder {
  readonly nick: string | undefined
  /** Its place, while it has one. */
  readonly session: LocalSession | undefined
  /** Somebody else has shown the key: says so, and resolves when this one has left its room. */
  replaced(): Promise<void>
}

/** Who is here under which key, on all doors of one host. */
export class KeyRegistry {
  readonly #engine: Engine
  readonly #holders = new Map<string, Holder>()

  constructor(engine: Engine) {
    this.#engine = engine
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

  /** Whether a member is in a room just now, or in this one. */
  isHere(id: string, room?: string): boolean {
    const session = this.#holders.get(id)?.session
    return session !== undefined && (room === undefined || session.room === room)
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
