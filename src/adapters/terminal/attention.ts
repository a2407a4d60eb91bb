import { isNamedIn } from '#domain/names/text.ts'
import type { Clock } from '#domain/ports/system.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import type { BellRule } from '#protocol/commands.ts'
import { clockText } from './rows.ts'

/** After so long without a key the person is taken to look elsewhere. */
const LOOKS_AWAY_MS = 60_000
const BELL_APART_MS = 5000

/** When somebody at this terminal is to be called, and from where on they have not read. */
export class Attention {
  readonly #clock: Clock
  readonly #ring: () => void
  rule: BellRule = 'mention'
  #touchedAt: number
  #touchedTime: number
  #divided = false
  #rangAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
    this.#touchedAt = clock.elapsed()
    this.#touchedTime = clock.now()
  }

  /** A key was pressed: somebody is here, and has read. */
  touch(): void {
    this.#touchedAt = this.#clock.elapsed()
    this.#touchedTime = this.#clock.now()
    this.#divided = false
  }

  /** The time since when there is news, once for each time that somebody looked away. */
  dividerDue(): string | undefined {
    if (this.#divided || this.#clock.elapsed() - this.#touchedAt < LOOKS_AWAY_MS) return undefined
    this.#divided = true
    return clockText(this.#touchedTime)
  }

  heard(event: RoomEvent, me: string): void {
    const speaks = event.type === 'said' || event.type === 'acted' || event.type === 'whispered'
    if (!speaks || this.rule === 'off') return
    if (this.rule === 'all' || event.type === 'whispered' || isNamedIn(event.text, me)) this.ring()
  }

  ring(): void {
    if (this.rule === 'off' || this.#clock.elapsed() - this.#rangAt < BELL_APART_MS) return
    this.#rangAt = this.#clock.elapsed()
    this.#ring()
  }
}
