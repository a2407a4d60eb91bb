import type { Duplex } from 'node:stream'
import { pause } from '#domain/async/backoff.ts'
import type { Clock } from '#domain/ports/system.ts'
import type { ConnectionServer } from './incoming-connection.ts'

/** A connection, as its server looks after it. */
export interface ServedConnection {
  /** Takes in nothing more; input so far is still handled. */
  stopReading(): void
  /** Tells the peer why the host stops, and ends. Resolves when the peer has taken it, or is gone. */
  farewell(why: string): Promise<void>
  /**
   * The host cannot reach the log that it shares with others, or reaches it again: the peer is told, or sent away at once, though what it has said
   * is not answered, where it goes on at another host by itself.
   */
  reaches?(isReached: boolean): void
  /** Ends a peer that has taken nothing for `ms` although something waits for it. `now`: the clock's `elapsed`. */
  sweep(now: number, ms: number): void
}

/** All connections of one server. */
export class Connections implements Omit<ConnectionServer, 'accept'> {
  readonly #clock: Clock
  readonly #all = new Set<ServedConnection>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  protected add(connection: Duplex, served: ServedConnection): void {
    this.#all.add(served)
    connection.on('close', () => this.#all.delete(served))
  }

  stopReading(): void {
    for (const each of this.#all) each.stopReading()
  }

  async close(why: string, ms: number): Promise<void> {
    await Promise.race([pause(this.#clock, ms), Promise.all([...this.#all].map((each) => each.farewell(why)))])
  }

  get all(): readonly ServedConnection[] {
    return [...this.#all]
  }

  reaches(isReached: boolean): void {
    for (const each of this.all) each.reaches?.(isReached)
  }

  sweep(ms: number): void {
    const now = this.#clock.elapsed()
    for (const each of this.#all) each.sweep(now, ms)
  }
}
