import type { Rejected } from '../errors.ts'
import type { Cancel } from '../ports/system.ts'
import { type RoomActor, tell } from '../room/actor.ts'
import type { Ack, RemoveOwnFile } from '../room/commands.ts'
import type { Member } from '../room/events.ts'
import { expiryOf } from '../room/expiry.ts'
import type { RoomRules } from '../room/rules.ts'
import type { RoomFile } from '../room/state.ts'
import type { FileLedger } from './file-ledger.ts'
import type { EngineLimits, Ports } from './limits.ts'
import { ClockJumpDetector, DAY_MS, expired, isTooManyAtOnce, type KeptFile, outOfDate } from './retention.ts'
import type { Rooms } from './rooms.ts'

const SWEEP_MS = 3_600_000
const SECONDS_IN_DAYS = 1 / 86_400
/** The author of events that no member causes. */
export const nobody: Member = { id: '', name: '' }

/** Removes complete files: for newer ones, after their time, or on request. The room is told first, then the bytes go. */
export class Evictions {
  readonly #ports: Ports
  readonly #limits: EngineLimits
  readonly #rooms: Rooms
  readonly #ledger: FileLedger
  readonly #failed: (error: unknown) => void
  /** Files whose room was told that they expire within a day. */
  readonly #warned = new Set<string>()
  #jumps: ClockJumpDetector | undefined
  #cancelSweep: Cancel | undefined
  /** Earliest expiry time of a file that has its own, in milliseconds since 1970. */
  #expiry = Number.POSITIVE_INFINITY
  /** The rules seen last for each room. */
  readonly #seen = new WeakMap<RoomActor, RoomRules>()
  #busy: Promise<unknown> = Promise.resolve()

  /** `failed` is called with every error. */
  constructor(ports: Ports, limits: EngineLimits, rooms: Rooms, ledger: FileLedger, failed: (error: unknown) => void) {
    this.#ports = ports
    this.#limits = limits
    this.#rooms = rooms
    this.#ledger = ledger
    this.#failed = failed
  }

  /**
   * Times in milliseconds since 1970. `newest`: the newest known file. `gone`: withdrawn files. `expiry`: the earliest expiry time of a
   * file.
   */
  start(newest: number | undefined, gone: readonly string[], expiry = Number.POSITIVE_INFINITY): void {
    const { clock } = this.#ports
    this.#expiry = expiry
    this.#jumps = new ClockJumpDetector(clock.now(), clock.elapsed(), newest, this.#limits)
    this.sweepLater()
    this.#meanwhile(this.#removeAll(gone))
  }

  /** Resolves when no removal is under way any more. */
  async stop(): Promise<void> {
    this.#cancelSweep?.()
    this.#jumps = undefined
    await this.#busy
  }

  /** Answers a refusal when the room could not be told, and the files therefore stay. */
  evict(room: RoomActor, files: readonly KeptFile[], reason: string): Promise<Rejected | undefined> {
    for (const { id } of files) this.#ledger.go(id, room.state.name)
    const gone = Promise.all(files.map(({ id }) => this.#withdraw(room, room.state.files.get(id), reason))).finally(
      () => {
        for (const { id } of files) this.#ledger.gone(id)
      },
    )
    this.#meanwhile(gone)
    return gone.then((told) => told.find((why) => why !== undefined))
  }

  /** Tracks work that the host's stop waits for. */
  #meanwhile(work: Promise<unknown>): void {
    this.#busy = Promise.all([this.#busy, work.catch((error: unknown) => this.#failed(error))])
  }

  /** Removes files that the host may have announced as gone right before it went down. */
  async #removeAll(ids: readonly string[]): Promise<void> {
    for (const id of ids) if (this.#jumps !== undefined) await this.#ports.fileStore.remove(id)
  }

  /** Removes a complete file on behalf of a member with the right to do so. */
  async remove(room: RoomActor, by: Member, command: RemoveOwnFile): Promise<Ack | Rejected> {
    const { file: id } = command
    this.#ledger.go(id, room.state.name)
    const removing = this.#remove(room, by, command).finally(() => this.#ledger.gone(id))
    this.#meanwhile(removing)
    return await removing
  }

  async #remove(room: RoomActor, by: Member, command: RemoveOwnFile): Promise<Ack | Rejected> {
    const answer = await tell(room, by, command)
    if (answer.type === 'ack') await this.#gone(command.file)
    return answer
  }

  /** Another host removed the file. */
  forget(id: string): void {
    this.#meanwhile(this.#gone(id))
  }

  async #gone(id: string): Promise<void> {
    this.#warned.delete(id)
    await this.#ports.fileStore.remove(id)
    this.#ledger.delete(id)
  }

  async #withdraw(room: RoomActor, known: RoomFile | undefined, reason: string): Promise<Rejected | undefined> {
    if (known === undefined) return undefined
    const { id } = known.file
    const told = await tell(room, known.by, { type: 'withdrawFile', file: id, reason })
    if (told.type === 'rejected') return told
    await this.#gone(id)
    this.#ports.metrics.count('files_evicted')
    return undefined
  }

  /** To be called after each commit of a room: a new rule may set how long its files stay. */
  look(room: RoomActor): void {
    const { rules, files } = room.state
    if (rules.expirySeconds === 0 || this.#seen.get(room) === rules) return
    this.#seen.set(room, rules)
    let first = Number.POSITIVE_INFINITY
    for (const { file, at } of files.values()) first = Math.min(first, expiryOf(rules, file, at))
    this.expire(first)
  }

  /** Notes that a file, complete or not, expires at this time, in milliseconds since 1970. */
  expire(at: number): void {
    if (at >= this.#expiry) return
    this.#expiry = at
    this.#cancelSweep?.()
    this.#cancelSweep = undefined
    this.sweepLater()
  }

  /** Schedules the next sweep while the host runs and some file can expire. */
  sweepLater(): void {
    if (this.#jumps === undefined || this.#ledger.size === 0) return
    if (this.#limits.fileDays === 0 && this.#expiry === Number.POSITIVE_INFINITY) return
    const soon = Math.max(0, this.#expiry - this.#ports.clock.now())
    this.#cancelSweep ??= this.#ports.clock.after(Math.min(SWEEP_MS, soon), () => {
      const sweep = this.#sweep().finally(() => {
        this.#cancelSweep = undefined
        this.sweepLater()
      })
      this.#meanwhile(sweep)
    })
  }

  async #sweep(): Promise<void> {
    const { clock } = this.#ports
    const now = clock.now()
    const wary = this.#jumps?.isWary(now, clock.elapsed()) === true
    this.#expiry = Number.POSITIVE_INFINITY
    for (const name of this.#ledger.rooms()) {
      const room = await this.#rooms.use(name)
      try {
        if (this.#jumps !== undefined) await this.#sweepRoom(room, now, wary)
      } finally {
        this.#rooms.release(name)
      }
    }
  }

  /**
   * Tells the room once about each file that its rule or the host's limit removes within a day. Files that were meant to stay less than
   * a day are left out.
   */
  async #warn(room: RoomActor, whole: readonly KeptFile[], now: number): Promise<void> {
    const { expirySeconds } = room.state.rules
    const days = Math.min(
      this.#limits.fileDays || Number.POSITIVE_INFINITY,
      expirySeconds * SECONDS_IN_DAYS || Number.POSITIVE_INFINITY,
    )
    const soon = whole.filter(({ id, at }) => {
      const goesAt = at + days * DAY_MS
      return days > 1 && goesAt > now && goesAt <= now + DAY_MS && !this.#warned.has(id)
    })
    if (soon.length === 0) return
    for (const { id } of soon) this.#warned.add(id)
    await tell(room, nobody, { type: 'tellExpiring', files: soon.length })
  }

  async #sweepRoom(room: RoomActor, now: number, wary: boolean): Promise<void> {
    const whole = [...this.#ledger.whole(room.state)]
    const due = expired(whole, now)
    const old = outOfDate(whole, now, this.#limits).filter((file) => !due.includes(file))
    const going = due.length + old.length
    const isKept = going > 0 && wary && isTooManyAtOnce(going, whole.length)
    // Files that cannot go now are checked again with the next sweep.
    for (const { expiresAt } of whole)
      this.#expiry = Math.min(this.#expiry, expiresAt > now ? expiresAt : now + SWEEP_MS)
    if (isKept) {
      const fields = { files: going, of: whole.length }
      this.#ports.log.error('the clock has jumped: files that seem out of date are kept for a day', fields)
      return
    }
    await this.#warn(room, whole, now)
    await this.evict(room, due, 'its time is over')
    await this.evict(room, old, `files stay for ${this.#limits.fileDays} days`)
  }
}
