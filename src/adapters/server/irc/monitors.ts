import type { Engine } from '#domain/engine/engine.ts'
import { skeletonOf } from '#domain/room/moderation.ts'

/** The connection of a client that is told. */
interface Monitoring {
  /** The nicks of whose coming and going it is told, by skeleton. */
  readonly monitored: Map<string, string>
  numeric(code: string, params: readonly string[], text?: string): undefined
}

/** Tells clients when somebody of a nick comes and goes, whatever rooms they are in and whatever they speak (IRCv3, monitor). */
export class Monitors {
  readonly #engine: Engine
  /** By skeleton, with the nick as each client has written it. */
  readonly #watchers = new Map<string, Map<Monitoring, string>>()

  constructor(engine: Engine) {
    this.#engine = engine
    engine.nicks$.subscribe(({ skeleton, isTaken }) => {
      for (const [connection, nick] of this.#watchers.get(skeleton) ?? [])
        connection.numeric(isTaken ? '730' : '731', [], nick)
    })
  }

  isHere(nick: string): boolean {
    return this.#engine.isNickTaken(skeletonOf(nick))
  }

  watch(connection: Monitoring, nick: string): void {
    const skeleton = skeletonOf(nick)
    const watchers = this.#watchers.get(skeleton) ?? new Map<Monitoring, string>()
    this.#watchers.set(skeleton, watchers.set(connection, nick))
    connection.monitored.set(skeleton, nick)
  }

  unwatch(connection: Monitoring, skeleton: string): void {
    const watchers = this.#watchers.get(skeleton)
    watchers?.delete(connection)
    if (watchers?.size === 0) this.#watchers.delete(skeleton)
    connection.monitored.delete(skeleton)
  }

  forget(connection: Monitoring): void {
    for (const skeleton of connection.monitored.keys()) this.unwatch(connection, skeleton)
  }
}
