import { createHash } from 'node:crypto'
import type { Engine } from '#domain/engine/engine.ts'
import type { LocalSession } from '#domain/engine/session.ts'

/** The connection that speaks under a key. */
export interface KeyHolder {
  readonly nick: string | undefined
  /** Its session, while it is in a room. */
  readonly session: LocalSession | undefined
  /** Another connection has shown the key: says so, ends, and resolves when this one has left its room. */
  replaced(): Promise<void>
}

/** Which connection speaks under which key, over all servers of one host: one for each key. */
export class KeyRegistry {
  readonly #engine: Engine
  readonly #holders = new Map<string, KeyHolder>()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** Makes `holder` the one under this id. Resolves when the one before has left its room, with the nick that it had. */
  async take(id: string, holder: KeyHolder): Promise<string | undefined> {
    const before = this.#holders.get(id)
    this.#holders.set(id, holder)
    const nick = before?.nick
    await before?.replaced()
    return nick
  }

  /** The session of a member in a room, by the id that its key stands for; undefined where it is not there just now. */
  sessionOf(id: string, room: string): LocalSession | undefined {
    const session = this.#holders.get(id)?.session
    return session?.room === room ? session : undefined
  }

  /** Whether a member is in a room just now, or in this one. */
  isHere(id: string, room?: string): boolean {
    const session = this.#holders.get(id)?.session
    return session !== undefined && (room === undefined || session.room === room)
  }

  /** Frees the nick of a connection that is over, unless another has taken its key. */
  release(id: string, holder: KeyHolder): void {
    if (this.#holders.get(id) !== holder) return
    this.#holders.delete(id)
    this.#engine.forget(id)
  }
}

/** The public id that a key stands for: the key can't be told from it. */
export const personOf = (key: string): string =>
  createHash('sha256').update(`tamtam ${key}`).digest().subarray(0, 16).toString('base64url')
