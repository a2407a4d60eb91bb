import { type Limit, type Rejected, rejected } from '../errors.ts'
import { fileTooLarge, noSpace } from '../file-limits.ts'
import { type BoundedFileStore, hasBound } from '../ports/file-store.ts'
import type { Journal } from '../ports/journal.ts'
import type { Cancel } from '../ports/system.ts'
import { type RoomActor, tell } from '../room/actor.ts'
import type { Ack, RemoveOwnFile } from '../room/commands.ts'
import type { Member, MentionedFile } from '../room/events.ts'
import type { RoomRules } from '../room/rules.ts'
import type { RoomFile } from '../room/state.ts'
import type { EngineLimits, Ports, RetentionLimits } from './limits.ts'
import type { Rooms } from './rooms.ts'

/** A whole file, as far as it matters for how long it stays. */
export interface KeptFile {
  readonly id: string
  readonly bytes: number
  /** When it was whole, in milliseconds since 1970. */
  readonly at: number
  /** When its sender or its room wants it to go, in milliseconds since 1970; infinite where neither does. */
  readonly expiresAt: number
}

/** A file that is to have room. */
export interface EvictionPlan {
  /** As many of its bytes as have come, or are about to. */
  readonly bytes: number
  /** Those that the file store does not hold yet. */
  readonly newBytes: number
  readonly newFiles: 0 | 1
}

/** The files that are there already. */
export interface FileUsage {
  /** The room's whole files, oldest first. */
  readonly whole: readonly KeptFile[]
  /** Bytes that have come of other files on their way into the room. */
  readonly arrivingBytes: number
  /** Files of all rooms. */
  readonly hostFiles: number
  /** Bytes that the file store may still take, and by which limit. */
  readonly storeBytesLeft: number
  readonly storeBound: Limit
  /** Bytes of the largest file that the file store takes. */
  readonly storeFileBytes: number
}

const DAY_MS = 86_400_000
const SECONDS_IN_DAYS = 1 / 86_400

/**
 * Which of the room's files have to go for a new one, the oldest first; never more than needed, and none where it could not
 * have room after all (C114). Other rooms' files are never touched.
 */
export function makeRoom(
  wanted: EvictionPlan,
  usage: FileUsage,
  limits: RetentionLimits,
): readonly KeptFile[] | Rejected {
  const { whole, arrivingBytes, hostFiles, storeBytesLeft, storeBound } = usage
  const quota = limits.roomQuotaBytes || Number.POSITIVE_INFINITY
  const exceeded = tightest(
    { of: 'file', bytes: Math.min(limits.maxFileBytes || Number.POSITIVE_INFINITY, usage.storeFileBytes) },
    { of: 'room', bytes: quota },
    // A disk's free space says nothing of its capacity.
    ...(storeBound.of === 'disk' ? [] : [storeBound]),
  )
  if (wanted.bytes > exceeded.bytes) return fileTooLarge(exceeded)
  if (arrivingBytes + wanted.bytes > quota) return noSpace({ of: 'room', bytes: quota })
  let over = arrivingBytes + wanted.bytes - quota
  for (const { bytes } of whole) over += bytes
  let missing = wanted.newBytes - storeBytesLeft
  let tooMany = hostFiles + wanted.newFiles - (limits.filesPerHost || Number.POSITIVE_INFINITY)
  const going: KeptFile[] = []
  for (const file of whole) {
    if (over <= 0 && missing <= 0 && tooMany <= 0) break
    going.push(file)
    over -= file.bytes
    missing -= file.bytes
    tooMany--
  }
  if (missing > 0) return noSpace(storeBound)
  if (tooMany > 0)
    return rejected(
      'TOO_MANY_FILES',
      `the host keeps ${limits.filesPerHost} files, as many as it may; try again once some are removed`,
    )
  return going
}

const tightest = (first: Limit, ...more: readonly Limit[]): Limit =>
  more.reduce((least, limit) => (limit.bytes < least.bytes ? limit : least), first)

/** Which of the files have been kept long enough at the time `now`, by the host's limit. */
export const outOfDate = (
  whole: readonly KeptFile[],
  now: number,
  { fileDays }: RetentionLimits,
): readonly KeptFile[] => (fileDays === 0 ? [] : whole.filter(({ at }) => at + fileDays * DAY_MS < now))

/** Those whose own time has come. */
export const expired = (whole: readonly KeptFile[], now: number): readonly KeptFile[] =>
  whole.filter(({ expiresAt }) => expiresAt <= now)

/** When a file goes that became one at `at`: its sender's wish, or its room's rule, whichever is first. */
export function expiryOf(
  { expirySeconds }: RoomRules,
  { expiresAt = Number.POSITIVE_INFINITY }: MentionedFile,
  at: number,
): number {
  return Math.min(expiresAt, expirySeconds === 0 ? Number.POSITIVE_INFINITY : at + expirySeconds * 1000)
}

/** A clock that has jumped must not empty a room: after a jump only a few of its files go in one sweep (C83). */
export const isTooManyAtOnce = (going: number, whole: number): boolean => going * 10 > whole

/** Notices that the time of day has moved apart from the time that passes. */
export class ClockJumpDetector {
  readonly #fileDays: number
  #apart: number
  #until = Number.NEGATIVE_INFINITY

  /** `newest` is when the host last heard of a file: a start long after it may be one with a wrong clock. */
  constructor(now: number, elapsed: number, newest: number | undefined, { fileDays }: RetentionLimits) {
    this.#fileDays = fileDays
    this.#apart = now - elapsed
    if (newest !== undefined && now - newest > this.#fileDays * DAY_MS) this.#until = elapsed + DAY_MS
  }

  /** Whether the time of day is not to be trusted yet: a day is left for somebody to set it right. */
  isWary(now: number, elapsed: number): boolean {
    const apart = now - elapsed
    // A difference under a day ages few files, and also arises when a machine sleeps.
    if (Math.abs(apart - this.#apart) > DAY_MS) this.#until = elapsed + DAY_MS
    this.#apart = apart
    return elapsed < this.#until
  }
}

const SWEEP_MS = 3_600_000
/** A file that comes may have so much more than it has, while that is free, so that not each piece is counted. */
const AHEAD_BYTES = 1024 * 1024

/** With so much of its quota a room is warned. */
const LOW_SHARE = 0.8
/** Says what no member says. */
const nobody: Member = { id: '', name: '' }

/** A file store that does not know how much it takes. */
const unbounded: Pick<BoundedFileStore, 'bytesLeft' | 'bound' | 'maxFileBytes'> = {
  bytesLeft: Number.POSITIVE_INFINITY,
  bound: { of: 'host', bytes: Number.POSITIVE_INFINITY },
  maxFileBytes: Number.POSITIVE_INFINITY,
}

interface Arriving {
  readonly room: string
  /** Bytes that have arrived, or are about to. */
  bytes: number
  /** So far it need not ask again: nothing of this is set aside for it. */
  ahead: number
}

/** Lets the oldest files of a room go, for newer ones or after their time: the room is told first, then the bytes go. */
export class Evictions {
  readonly #ports: Ports
  readonly #limits: EngineLimits
  readonly #rooms: Rooms
  readonly #roomOf: Map<string, string>
  readonly #failed: (error: unknown) => void
  /** Unfinished files with bytes, by id. Bytes that are only promised do not count (C114). */
  readonly #arriving = new Map<string, Arriving>()
  /** Ids of those of which nothing has. */
  readonly #awaited = new Set<string>()
  readonly #going = new Set<string>()
  /** Rooms that have been told that the oldest of their files will go soon. */
  readonly #toldLow = new Set<string>()
  /** Files of which the room was told that they go within a day. */
  readonly #warned = new Set<string>()
  #jumps: ClockJumpDetector | undefined
  #cancelSweep: Cancel | undefined
  /** When the next file expires that has a time of its own, in milliseconds since 1970. */
  #expiry = Number.POSITIVE_INFINITY
  /** The rules of a room that were looked at last. */
  readonly #seen = new WeakMap<RoomActor, RoomRules>()
  #busy: Promise<unknown> = Promise.resolve()

  /** `roomOf` gives the room of each file of the host; evicted files are taken out of it. `failed` is called with every error. */
  constructor(
    ports: Ports,
    limits: EngineLimits,
    rooms: Rooms,
    roomOf: Map<string, string>,
    failed: (error: unknown) => void,
  ) {
    this.#ports = ports
    this.#limits = limits
    this.#rooms = rooms
    this.#roomOf = roomOf
    this.#failed = failed
  }

  /** Times in milliseconds since 1970. `newest`: when the host last heard of a file. `gone`: files that were withdrawn. `expiry`: when the first one expires. */
  start(newest: number | undefined, gone: readonly string[], expiry = Number.POSITIVE_INFINITY): void {
    const { clock } = this.#ports
    this.#expiry = expiry
    this.#jumps = new ClockJumpDetector(clock.now(), clock.elapsed(), newest, this.#limits)
    this.#sweepLater()
    this.#meanwhile(this.#removeAll(gone))
  }

  /** Resolves when nothing is on its way out any more. */
  async stop(): Promise<void> {
    this.#cancelSweep?.()
    this.#jumps = undefined
    await this.#busy
  }

  /** A file is on its way, of which `bytes` are there already. */
  await(room: RoomActor, id: string, bytes: number): void {
    const { name } = room.state
    const { used, quota } = this.#spaceOf(room)
    if (used < quota * LOW_SHARE) this.#toldLow.delete(name)
    if (bytes === 0) this.#awaited.add(id)
    else this.#arriving.set(id, { room: name, bytes, ahead: bytes })
  }

  release(id: string): void {
    this.#awaited.delete(id)
    this.#arriving.delete(id)
    this.#sweepLater()
  }

  /** The refusal for a file of `bytes`, even if unfinished uploads gave way; evicts nothing by itself. */
  refusalOf(room: RoomActor, id: string, bytes: number): Rejected | undefined {
    const going = this.#plan(room, id, bytes, 'alone')
    return 'type' in going ? going : undefined
  }

  /** `bytes` in all of a file have come, or are about to: whether they have room without anything going for them. */
  take(room: RoomActor, id: string, bytes: number): boolean {
    const known = this.#arriving.get(id)
    if (known !== undefined && bytes <= known.ahead) {
      known.bytes = Math.max(known.bytes, bytes)
      return true
    }
    if (this.#isFree(room, id, bytes + AHEAD_BYTES)) {
      this.#taken(room, id, bytes, bytes + AHEAD_BYTES)
      return true
    }
    // Short: nobody takes anything from now on without asking.
    for (const each of this.#arriving.values()) each.ahead = each.bytes
    if (!this.#isFree(room, id, bytes)) return false
    this.#taken(room, id, bytes)
    return true
  }

  /** The same, and older files of its room go for them where they must. */
  async reserve(room: RoomActor, id: string, bytes: number): Promise<Rejected | undefined> {
    const going = this.#plan(room, id, bytes)
    if ('type' in going) return going
    const before = this.#arriving.get(id)
    // At once: concurrent requests count these bytes, and no longer count on the files to evict.
    this.#taken(room, id, bytes)
    if (going.length === 0) return undefined
    const why = await this.#evict(room, going, 'newer files need its place')
    if (why === undefined) return undefined
    this.#arriving.delete(id)
    this.await(room, id, before?.bytes ?? 0)
    return why
  }

  /** The bytes that uploads into a room share while it is short: its quota, or the file store's space, whichever is less. */
  shared(room: RoomActor): Limit {
    const quota: Limit = { of: 'room', bytes: this.#limits.roomQuotaBytes || Number.POSITIVE_INFINITY }
    const { bytesLeft, bound } = this.#store
    let bytes = Math.max(0, bytesLeft)
    for (const arriving of this.#arriving.values()) bytes += arriving.bytes
    for (const whole of this.#wholeOf(room)) bytes += whole.bytes
    return tightest(quota, { of: bound.of, bytes })
  }

  get #store(): typeof unbounded {
    const { fileStore } = this.#ports
    return hasBound(fileStore) ? fileStore : unbounded
  }

  /** Bytes of a room's files, with those that have come of others, and as many as it may have before its oldest go; `ahead` are not in the file store yet. */
  #spaceOf(room: RoomActor, ahead = 0): { readonly used: number; readonly quota: number } {
    const { name, files } = room.state
    let used = 0
    for (const { bytes } of this.#wholeOf(room)) used += bytes
    for (const [id, arriving] of this.#arriving)
      if (arriving.room === name && files.get(id)?.status !== 'whole') used += arriving.bytes
    const most = used + Math.max(0, this.#store.bytesLeft - ahead)
    return { used, quota: Math.min(this.#limits.roomQuotaBytes || Number.POSITIVE_INFINITY, most) }
  }

  /** Once for each crossing: a room that stays full is not told again with each file. */
  #tellIfLow(room: RoomActor, ahead: number): void {
    const { name } = room.state
    if (this.#toldLow.has(name)) return
    const { used, quota } = this.#spaceOf(room, ahead)
    if (used < quota * LOW_SHARE || quota === 0) return
    this.#toldLow.add(name)
    void tell(room, nobody, { type: 'tellFileSpace', used: Math.min(used, quota), quota })
  }

  #isFree(room: RoomActor, id: string, bytes: number): boolean {
    const going = this.#plan(room, id, bytes)
    return !('type' in going) && going.length === 0
  }

  #taken(room: RoomActor, id: string, bytes: number, ahead = bytes): void {
    const before = this.#arriving.get(id)?.bytes ?? 0
    this.#awaited.delete(id)
    this.#arriving.set(id, { room: room.state.name, bytes, ahead })
    this.#tellIfLow(room, bytes - before)
  }

  #plan(room: RoomActor, id: string, bytes: number, among?: 'alone'): readonly KeptFile[] | Rejected {
    const { name, files } = room.state
    const before = this.#arriving.get(id)
    let arrivingBytes = 0
    let givenBytes = 0
    let hostFiles = this.#roomOf.size - this.#going.size
    for (const awaited of this.#awaited) if (this.#roomOf.has(awaited)) hostFiles--
    for (const [other, arriving] of this.#arriving) {
      if (other === id) continue
      if (among === 'alone') givenBytes += arriving.bytes
      else if (arriving.room === name && files.get(other)?.status !== 'whole') arrivingBytes += arriving.bytes
      if (!this.#roomOf.has(other)) hostFiles++
    }
    const { bytesLeft, bound, maxFileBytes } = this.#store
    const isCounted = before !== undefined || (this.#roomOf.has(id) && !this.#awaited.has(id))
    return makeRoom(
      { bytes, newBytes: bytes - (before?.bytes ?? 0), newFiles: isCounted ? 0 : 1 },
      {
        whole: this.#wholeOf(room),
        arrivingBytes,
        hostFiles,
        storeBytesLeft: bytesLeft + givenBytes,
        storeBound: bound,
        storeFileBytes: maxFileBytes,
      },
      this.#limits,
    )
  }

  /** In the order in which they were offered. */
  #wholeOf({ state }: RoomActor): KeptFile[] {
    const whole: KeptFile[] = []
    for (const { status, file, at } of state.files.values())
      if (status === 'whole' && !this.#going.has(file.id))
        whole.push({
          ...{ id: file.id, bytes: file.size, at },
          expiresAt: expiryOf(state.rules, file, at),
        })
    return whole
  }

  /** Answers why not all of them went, where the room could not be told. */
  #evict(room: RoomActor, files: readonly KeptFile[], reason: string): Promise<Rejected | undefined> {
    for (const { id } of files) this.#going.add(id)
    const gone = Promise.all(files.map(({ id }) => this.#withdraw(room, room.state.files.get(id), reason))).finally(
      () => {
        for (const { id } of files) this.#going.delete(id)
      },
    )
    this.#meanwhile(gone)
    return gone.then((told) => told.find((why) => why !== undefined))
  }

  /** Work that the host's stop waits for. */
  #meanwhile(work: Promise<unknown>): void {
    this.#busy = Promise.all([this.#busy, work.catch((error: unknown) => this.#failed(error))])
  }

  /** The host may have gone down between telling and removing. */
  async #removeAll(ids: readonly string[]): Promise<void> {
    for (const id of ids) if (this.#jumps !== undefined) await this.#ports.fileStore.remove(id)
  }

  /** Takes a whole file away for somebody who may remove it. */
  async remove(room: RoomActor, by: Member, command: RemoveOwnFile): Promise<Ack | Rejected> {
    const { file: id } = command
    this.#going.add(id)
    const removing = this.#remove(room, by, command).finally(() => this.#going.delete(id))
    this.#meanwhile(removing)
    return await removing
  }

  async #remove(room: RoomActor, by: Member, command: RemoveOwnFile): Promise<Ack | Rejected> {
    const answer = await tell(room, by, command)
    if (answer.type === 'ack') await this.#gone(command.file)
    return answer
  }

  async #gone(id: string): Promise<void> {
    this.#warned.delete(id)
    await this.#ports.fileStore.remove(id)
    this.#roomOf.delete(id)
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

  /** To be called after each commit of a room: a rule may say how long its files stay. */
  look(room: RoomActor): void {
    const { rules, files } = room.state
    if (rules.expirySeconds === 0 || this.#seen.get(room) === rules) return
    this.#seen.set(room, rules)
    let first = Number.POSITIVE_INFINITY
    for (const { file, at } of files.values()) first = Math.min(first, expiryOf(rules, file, at))
    this.expire(first)
  }

  /** A file that is whole, or on its way, goes at this time, in milliseconds since 1970. */
  expire(at: number): void {
    if (at >= this.#expiry) return
    this.#expiry = at
    this.#cancelSweep?.()
    this.#cancelSweep = undefined
    this.#sweepLater()
  }

  /** While the host runs and files have a time to go. */
  #sweepLater(): void {
    if (this.#jumps === undefined || this.#roomOf.size === 0) return
    if (this.#limits.fileDays === 0 && this.#expiry === Number.POSITIVE_INFINITY) return
    const soon = Math.max(0, this.#expiry - this.#ports.clock.now())
    this.#cancelSweep ??= this.#ports.clock.after(Math.min(SWEEP_MS, soon), () => {
      const sweep = this.#sweep().finally(() => {
        this.#cancelSweep = undefined
        this.#sweepLater()
      })
      this.#meanwhile(sweep)
    })
  }

  async #sweep(): Promise<void> {
    const { clock } = this.#ports
    const now = clock.now()
    const wary = this.#jumps?.isWary(now, clock.elapsed()) === true
    this.#expiry = Number.POSITIVE_INFINITY
    for (const name of new Set(this.#roomOf.values())) {
      const room = await this.#rooms.use(name)
      try {
        if (this.#jumps !== undefined) await this.#sweepRoom(room, now, wary)
      } finally {
        this.#rooms.release(name)
      }
    }
  }

  /** Tells the room once of each file that its rule or the host's limit lets go within a day; not of one that was to stay no longer. */
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
    const whole = this.#wholeOf(room)
    const due = expired(whole, now)
    const old = outOfDate(whole, now, this.#limits).filter((file) => !due.includes(file))
    const going = due.length + old.length
    const isKept = going > 0 && wary && isTooManyAtOnce(going, whole.length)
    // Files that can't go just now are checked again with the next sweep.
    for (const { expiresAt } of whole)
      this.#expiry = Math.min(this.#expiry, expiresAt > now ? expiresAt : now + SWEEP_MS)
    if (isKept) {
      const fields = { files: going, of: whole.length }
      this.#ports.log.error('the clock has jumped: files that seem out of date are kept for a day', fields)
      return
    }
    await this.#warn(room, whole, now)
    await this.#evict(room, due, 'its time is over')
    await this.#evict(room, old, `files stay for ${this.#limits.fileDays} days`)
  }
}

/** Forgets the oldest entries of rooms whose history is full, once in a while rather than one by one. */
export class Trimming {
  readonly #journal: Journal
  readonly #limits: EngineLimits
  readonly #broken: (error: unknown) => void
  readonly #under = new Set<string>()

  constructor(journal: Journal, limits: EngineLimits, broken: (error: unknown) => void) {
    this.#journal = journal
    this.#limits = limits
    this.#broken = broken
  }

  /** To be called after each commit of a room. `slowest` answers the place of its reader that is furthest behind. */
  look(room: RoomActor, slowest: () => number): void {
    const { historyEntries, readerEntries } = this.#limits
    const { name, last } = room.state
    if (last - room.first < historyEntries * 1.1 || this.#under.has(name)) return
    const upTo = Math.min(last - historyEntries, Math.max(slowest(), last - historyEntries - readerEntries))
    if (upTo - room.first < historyEntries / 10) return
    this.#under.add(name)
    this.#journal.trim(name, upTo).then(
      () => {
        room.first = upTo + 1
        this.#under.delete(name)
      },
      (error: unknown) => this.#broken(error),
    )
  }
}
