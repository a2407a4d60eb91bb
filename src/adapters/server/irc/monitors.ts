import type { Engine } from '#domain/engine/engine.ts'
import { skeletonOf } from '#domain/room/moderation.ts'

/** Bytes of nicks in one line. */
const LIST_BYTES = 400

/** The connection of a client that is told. */
interface Monitoring {
  /** The nicks of whose coming and going it is told, by skeleton. */
  readonly monitored: Map<string, string>
  /** Pending where it has not taken what it was told; undefined where it has. */
  readonly taken: Promise<void> | undefined
  numeric(code: string, params: readonly string[], text?: string): undefined
}

/** Tells clients when somebody of a nick comes and goes, whatever rooms they are in and whatever they speak (IRCv3, monitor). */
export class Monitors {
  readonly #engine: Pick<Engine, 'isNickTaken' | 'nicks$'>
  /** Clients that do not read just now: they are told how things stand once they do, however often that changes. */
  readonly #late = new Set<Monitoring>()
  /** By skeleton, with the nick as each client has written it. */
  readonly #watchers = new Map<string, Map<Monitoring, string>>()

  constructor(engine: Pick<Engine, 'isNickTaken' | 'nicks$'>) {
    this.#engine = engine
    engine.nicks$.subscribe(({ skeleton, isTaken }) => {
      for (const [connection, nick] of this.#watchers.get(skeleton) ?? [])
        if (!this.#isLate(connection)) connection.numeric(isTaken ? '730' : '731', [], nick)
    })
  }

  #isLate(connection: Monitoring): boolean {
    const { taken } = connection
    if (taken === undefined || this.#late.has(connection)) return taken !== undefined
    this.#late.add(connection)
    void taken.then(() => {
      if (this.#late.delete(connection)) this.tell(connection, [...connection.monitored.values()])
    })
    return true
  }

  /** Tells which of these are here, and which are not. */
  tell(connection: Monitoring, nicks: readonly string[]): undefined {
    const isHere = (nick: string) => this.isHere(nick)
    const isAway = (nick: string) => !isHere(nick)
    tellList(connection, '730', nicks.filter(isHere))
    tellList(connection, '731', nicks.filter(isAway))
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
    this.#late.delete(connection)
    for (const skeleton of connection.monitored.keys()) this.unwatch(connection, skeleton)
  }
}

/** In as many lines as it takes. */
export function tellList(connection: Pick<Monitoring, 'numeric'>, numeric: string, nicks: readonly string[]): void {
  let list = ''
  for (const nick of nicks) {
    if (list !== '' && Buffer.byteLength(`${list},${nick}`) > LIST_BYTES) {
      connection.numeric(numeric, [], list)
      list = ''
    }
    list = list === '' ? nick : `${list},${nick}`
  }
  if (list !== '') connection.numeric(numeric, [], list)
}
