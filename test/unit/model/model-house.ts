import type { LineHouse } from '../../harness/line-house.ts'
import { turns } from '../../harness/turns.ts'
import type { Peer } from './views.ts'

/** Who is in the house of a model, and how well things flow there: what changes happens alone, what waits is let go on. */
export class ModelHouse {
  protected readonly house: LineHouse
  protected readonly peers: Peer[] = []
  protected round = 0
  #silenceMs = 0
  /** How many only listen and are never behind: in what order they heard it is the order. */
  static readonly walls = 2

  protected constructor(house: LineHouse) {
    this.house = house
  }

  /** The peers that are there, but for those who only listen. */
  protected get talkers(): Peer[] {
    return this.peers.slice(ModelHouse.walls).filter(({ here }) => here)
  }

  protected pick(at: number): Peer | undefined {
    const all = this.talkers
    return all[at % all.length]
  }

  /** Lets everything go on that waits, but for the readers that stall. */
  protected async settle(): Promise<void> {
    const { journal } = this.house
    for (let quiet = 0; quiet < 2; quiet++) {
      journal.release()
      journal.releaseReads()
      await this.house.calm()
      // A file that its reader took slowly has a long silence before its end mark.
      this.house.clock.advance(this.#silenceMs)
      this.#silenceMs = 0
    }
    await this.house.calm()
  }

  /** `change` happens alone, `peer` having read everything before; it is a round, and what is said afterwards is another. */
  protected async alone(peer: Peer | undefined, change: () => void | Promise<void>): Promise<void> {
    if (peer !== undefined) this.letRead(peer)
    await this.settle()
    this.#beginRound()
    await change()
    await this.settle()
    this.#beginRound()
  }

  #beginRound(): void {
    this.round++
    for (const each of this.peers) if (each.here) each.rounds[this.round] = { room: each.room, mode: each.mode }
  }

  protected letRead(peer: Peer): void {
    if (peer.stalled) this.#silenceMs = Math.max(this.#silenceMs, 2 * (this.house.clock.elapsed() - peer.stalledAtMs))
    peer.stalled = false
    peer.person.connection.unstall()
  }

  stall(at: number): void {
    const peer = this.pick(at)
    if (peer === undefined || peer.stalled || peer.spokeIn === this.round) return
    peer.stalled = true
    peer.stalledAtMs = this.house.clock.elapsed()
    peer.person.connection.stall()
  }

  unstall(at: number): void {
    const peer = this.pick(at)
    if (peer !== undefined) this.letRead(peer)
  }

  holdJournal(): void {
    this.house.journal.hold()
  }

  holdReads(): void {
    if (this.house.journal.waitingReads === 0) this.house.journal.holdReads()
  }

  release(): void {
    this.house.journal.release()
    this.house.journal.releaseReads()
  }

  async pass(count: number): Promise<void> {
    for (let at = 0; at < count; at++) {
      await turns(1)
      this.house.clock.advance(1)
    }
  }
}
