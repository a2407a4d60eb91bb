import { type Rejected, rejected } from '#domain/errors.ts'
import type { Cancel, Clock } from '#domain/ports/system.ts'

/** A frame that has begun has its time to end, whatever else of it trickles in (C34). While we do not read, nobody is late. */
export class FrameTime {
  readonly #clock: Clock
  readonly #ms: number
  readonly #late: (why: Rejected) => void
  #partial = false
  #status: 'read' | 'paused' | 'over' = 'read'
  #cancel: Cancel | undefined

  constructor(clock: Clock, ms: number, late: (why: Rejected) => void) {
    this.#clock = clock
    this.#ms = ms
    this.#late = late
  }

  /** Something came: whether a frame ended with it, and whether it leaves one that has only begun. */
  read(ended: boolean, partial: boolean): void {
    this.#partial = partial
    if (ended || !partial) this.#stop()
    this.#start()
  }

  pause(): void {
    if (this.#status === 'read') this.#status = 'paused'
    this.#stop()
  }

  resume(): void {
    if (this.#status === 'paused') this.#status = 'read'
    this.#start()
  }

  /** Nothing that comes counts any more. */
  end(): void {
    this.#status = 'over'
    this.#stop()
  }

  #start(): void {
    if (!this.#partial || this.#status !== 'read') return
    this.#cancel ??= this.#clock.after(this.#ms, () => this.#late(tooSlow))
  }

  #stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}

const tooSlow = rejected('BAD_MESSAGE', 'a frame did not end in time')
