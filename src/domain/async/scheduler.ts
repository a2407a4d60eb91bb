import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs'
import type { Cancel, Clock } from '../ports/system.ts'

/** For RxJS operators that wait (`throttleTime`, `timer`): they use the clock's time. */
export class ClockScheduler implements SchedulerLike {
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.elapsed()
  }

  schedule<State>(
    work: (this: SchedulerAction<State>, state?: State) => void,
    delayMs = 0,
    state?: State,
  ): Subscription {
    return new ClockAction(this.#clock, work).schedule(state, delayMs)
  }
}

class ClockAction<State> extends Subscription implements SchedulerAction<State> {
  readonly #clock: Clock
  readonly #work: (this: SchedulerAction<State>, state?: State) => void
  #cancel: Cancel = () => {}

  constructor(clock: Clock, work: (this: SchedulerAction<State>, state?: State) => void) {
    super(() => this.#cancel())
    this.#clock = clock
    this.#work = work
  }

  schedule(state?: State, delayMs = 0): Subscription {
    if (this.closed) return this
    this.#cancel()
    this.#cancel = this.#clock.after(delayMs, () => this.#work.call(this, state))
    return this
  }
}
