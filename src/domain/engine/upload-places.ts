import { type Rejected, rejected } from '../errors.ts'
import { subnetOf } from '../names/subnet.ts'
import type { RoomActor } from '../room/actor.ts'
import { IN_BAND } from '../room/commands.ts'
import type { Member } from '../room/events.ts'
import type { TransferActor } from '../transfer/actor.ts'
import type { UploadRun } from '../transfer/upload.ts'
import type { EngineLimits } from './limits.ts'

/** Transfers may keep their file open without a writer: when just created, or just paused. */
const OPEN_PER_WRITING = 2
/** A writer without progress for this long gives way to another. */
const SLOW_MS = 5000
/** Another upload may take the freed place first: then it is tried again, this many times. */
const MOST_TRIES = 8

/** The shared places of unfinished uploads: who may write now, who waits, and who gives way. */
export class UploadPlaces {
  readonly #limits: Pick<EngineLimits, 'uploadsPerHost' | 'unfinishedPerHost'>
  readonly #open = new Map<string, { readonly transfer: TransferActor; readonly holder: UploadHolder }>()
  #isClosed = false
  /** Uploads in a single request that are in progress. */
  readonly runs = new Set<UploadRun>()

  constructor(limits: Pick<EngineLimits, 'uploadsPerHost' | 'unfinishedPerHost'>) {
    this.#limits = limits
  }

  /** Refuses every new writer. */
  close(): void {
    this.#isClosed = true
  }

  add(transfer: TransferActor, holder: UploadHolder): void {
    this.#open.set(transfer.id, { transfer, holder })
  }

  delete(id: string): void {
    this.#open.delete(id)
  }

  find(id: string): TransferActor | undefined {
    return this.#open.get(id)?.transfer
  }

  get open(): readonly TransferActor[] {
    return Array.from(this.#open.values(), ({ transfer }) => transfer)
  }

  /** Transfers with a writer. */
  get arriving(): readonly TransferActor[] {
    return this.open.filter(({ status, durable, file }) => status === 'arriving' && durable !== file.size)
  }

  /** All unfinished uploads, as the sharing of places and bytes sees them. */
  views(mayYield: (transfer: TransferActor, isSlow: boolean) => boolean): readonly UnfinishedUpload[] {
    return Array.from(this.#open.values(), ({ transfer, holder }) =>
      unfinishedOf(transfer, holder, mayYield(transfer, transfer.isSlow(SLOW_MS))),
    )
  }

  /** The refusal for an upload in a single request; undefined when it may begin. */
  refusalOfRun(holder: UploadHolder): Rejected | undefined {
    const isFull = this.runs.size >= this.#limits.uploadsPerHost
    return isFull && this.#givingWay(holder) === undefined ? tooMany : undefined
  }

  /** Makes a place for one more writer. If none is free, a stalled writer stops, or one of a holder with more writers than this one. */
  async mayWrite(holder: UploadHolder): Promise<Rejected | undefined> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      if (this.#isClosed) return notRunning
      if (this.arriving.length < this.#limits.uploadsPerHost) return undefined
      const gives = this.#givingWay(holder)
      if (gives === undefined) return tooMany
      if (gives.owner === IN_BAND) await this.end(gives, madeToWait.message)
      else await gives.interrupt(madeToWait)
    }
    return tooMany
  }

  /** Makes a place for one more unfinished upload, at the cost of one without a sender if need be. */
  async makePlace(holder: UploadHolder): Promise<Rejected | undefined> {
    const { unfinishedPerHost } = this.#limits
    for (;;) {
      const all = this.views(({ status }) => status === 'paused')
      const over = overShare(all, holder, places, 1, unfinishedPerHost)
      if (over === undefined && all.length < unfinishedPerHost) return undefined
      const gives =
        over?.by === 'address' ? neighbours(over.uploads, holder) : yielding(over?.uploads ?? all, holder, places)
      if (gives === undefined) return over === undefined ? tooMany : tooManyOf(over.by, over.uploads.length)
      await this.find(gives.id)?.withdraw(needed)
    }
  }

  /** Closes the files of paused uploads, the longest paused first, before too many are open. */
  async restOthers(): Promise<void> {
    const open = this.open.filter(({ isOpenInFileStore }) => isOpenInFileStore)
    if (open.length < OPEN_PER_WRITING * this.#limits.uploadsPerHost) return
    const resting = open.filter(({ status }) => status === 'paused')
    await resting.sort((one, other) => one.touched - other.touched)[0]?.rest()
  }

  #givingWay(holder: UploadHolder): TransferActor | undefined {
    const { arriving } = this
    const [slow] = arriving
      .filter((transfer) => transfer.isSlow(SLOW_MS))
      .sort((one, other) => one.touched - other.touched)
    if (slow !== undefined) return slow
    const ids = new Set(arriving.map(({ id }) => id))
    const among = (mayYield: (transfer: TransferActor) => boolean) =>
      this.views(mayYield).filter(({ id }) => ids.has(id))
    // An upload in a single request would have to start again: it is ended only when its address has more than its share.
    const most = Math.max(2, Math.ceil(this.#limits.uploadsPerHost * SHARE))
    const gives =
      yielding(
        among(({ owner }) => owner !== IN_BAND),
        holder,
        places,
        2,
      ) ??
      yielding(
        among(() => true),
        holder,
        places,
        most,
      )
    return gives && this.find(gives.id)
  }

  /** Withdraws an upload. One in a single request ends too, and cannot be resumed. */
  async end(transfer: TransferActor, why: string): Promise<void> {
    for (const run of this.runs) {
      if (run.id !== transfer.id) continue
      this.runs.delete(run)
      run.cancel(why)
    }
    await transfer.withdraw(why)
  }
}

export function holderOf({ state }: RoomActor, by: Member, owner = by.id): UploadHolder {
  const person = owner === IN_BAND ? by.id : owner
  const address = state.origins.get(by.id)?.address
  return { person, address: address === undefined ? person : subnetOf(address) }
}

/** The holder of an upload, as far as the sharing of places goes. */
export interface UploadHolder {
  /** The subnet of the sender's address. */
  readonly address: string
  /** The identifier of the person. */
  readonly person: string
}

/** An upload that is not complete. */
export interface UnfinishedUpload extends UploadHolder {
  readonly id: string
  /** Bytes received. */
  readonly bytes: number
  /** Time of its last progress, by the clock's `elapsed`. */
  readonly at: number
  /** Whether it may be ended or interrupted for another. */
  readonly mayYield: boolean
}

/** What is shared: places, or bytes. */
type Measure = (upload: UnfinishedUpload) => number
export const places: Measure = () => 1
export const arrived: Measure = ({ bytes }) => bytes

/** The most that one person or one address may have while others go short. */
const SHARE = 0.5

const unfinishedOf = (
  { id, durable, touched }: TransferActor,
  holder: UploadHolder,
  mayYield: boolean,
): UnfinishedUpload => ({ ...holder, id, bytes: durable, at: touched, mayYield })

/** An honest client needs no more uploads at once than this. */
const FEW = 8

/**
 * The uploads of the person, or else of the address, if these would have more than their share of `all` with `more` added. A holder of
 * nothing else may always have one.
 */
export function overShare(
  uploads: readonly UnfinishedUpload[],
  requester: UploadHolder,
  measure: Measure,
  more: number,
  all: number,
): { readonly by: keyof UploadHolder; readonly uploads: readonly UnfinishedUpload[] } | undefined {
  for (const by of ['person', 'address'] as const) {
    const theirs = uploads.filter((upload) => upload[by] === requester[by])
    const held = sum(theirs, measure)
    if (held > 0 && held + more > all * SHARE) return { by, uploads: theirs }
  }
  return undefined
}

/**
 * The upload that gives way to one of the requester: from the address with the most, and there from the person with the most, the one
 * without progress for the longest time. A holder gives way only to a requester with less, by at least `more`.
 */
export function yielding(
  uploads: readonly UnfinishedUpload[],
  requester: UploadHolder,
  measure: Measure,
  more = 0,
): UnfinishedUpload | undefined {
  for (const address of mostFirst(uploads, 'address', requester.address, measure, more)) {
    const theirs = uploads.filter((upload) => upload.address === address)
    const isOwn = address === requester.address
    for (const person of mostFirst(theirs, 'person', isOwn ? requester.person : undefined, measure, more)) {
      if (isOwn && person === requester.person && more > 0) continue
      const able = theirs.filter((upload) => upload.person === person && upload.mayYield && measure(upload) > 0)
      const [oldest] = able.sort((one, other) => one.at - other.at)
      if (oldest !== undefined) return oldest
    }
  }
  return undefined
}

/**
 * The upload that gives its place to one of the requester, at an address that has used up its share. Names are free, so the number of
 * people there means nothing: a person with few uploads takes the place of the upload with the fewest bytes. So nobody loses much to one
 * person with many names.
 */
function neighbours(uploads: readonly UnfinishedUpload[], requester: UploadHolder): UnfinishedUpload | undefined {
  const own = uploads.filter(({ person }) => person === requester.person).length
  const [least] = uploads
    .filter(({ mayYield, person }) => mayYield && person !== requester.person)
    .sort((one, other) => one.bytes - other.bytes || one.at - other.at)
  return (
    yielding(uploads, requester, places, FEW) ?? (own < FEW ? least : undefined) ?? yielding(uploads, requester, places)
  )
}

/** The holders with at least `more` than `least`, and `least` itself, the largest first; all holders if `least` is undefined. */
function mostFirst(
  uploads: readonly UnfinishedUpload[],
  by: keyof UploadHolder,
  least: string | undefined,
  measure: Measure,
  more: number,
): readonly string[] {
  const who = [...new Set(uploads.map((upload) => upload[by]))].map((name) => ({
    name,
    held: sum(
      uploads.filter((upload) => upload[by] === name),
      measure,
    ),
  }))
  const own = who.find(({ name }) => name === least)?.held ?? 0
  const able = who.filter(({ name, held }) => least === undefined || name === least || held >= own + more)
  return able.sort((one, other) => other.held - one.held).map(({ name }) => name)
}

export const heldBytes = (uploads: readonly UnfinishedUpload[]): number => sum(uploads, arrived)

const sum = (uploads: readonly UnfinishedUpload[], measure: Measure): number =>
  uploads.reduce((held, upload) => held + measure(upload), 0)

const OF = { person: 'of yours', address: 'from your address' } as const
const tooManyOf = (by: keyof UploadHolder, count: number): Rejected =>
  rejected('TOO_MANY_FILES', `${count} uploads ${OF[by]} are under way, as many as may be; let some of them end first`)
/** The reason given when an upload is withdrawn for another. */
export const needed = 'a newer upload needed its place'
const madeToWait = rejected('TRANSFER_STALLED', 'others wait for its place; try again in a moment')
const notRunning = rejected('CLOSED', 'the host is not running; start it first')
const tooMany = rejected(
  'TOO_MANY_FILES',
  'as many files are arriving as this host takes at once; try again in a moment',
)
