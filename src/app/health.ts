import { type Observable, Subject } from 'rxjs'
import { type Appended, isShared, type Journal, type SharedJournal, type Trimmed } from '#domain/ports/journal.ts'
import type { Batch } from '#domain/room/batch.ts'
import type { HealthReport } from '#server/http/settings.ts'

/** The health of the stores according to their last answers; nothing is asked of them. */
export class Health {
  #status: 'ok' | 'readOnly' | 'broken' = 'ok'
  #message = ''
  #setAside = false
  #damagedPlaces = 0
  #isReached = true
  #singleFiles = 0
  #isDraining = false
  readonly #reach = new Subject<boolean>()
  /** Milliseconds that this host is behind what others have appended to the log. */
  lagMs: () => number = () => 0

  /** The current failure; undefined without one. */
  get failure(): HealthReport | undefined {
    if (this.#status !== 'ok') return { refuses: true, message: this.#message }
    if (!this.#isReached) return { refuses: true, message: UNREACHED }
    const message = [
      ...(this.#damagedPlaces > 0 ? [this.#metDamage] : []),
      ...(this.#setAside ? [SET_ASIDE] : []),
      ...(this.#singleFiles > 0 ? [this.#alone] : []),
    ]
    return message.length === 0 ? undefined : { refuses: false, message: message.join('; ') }
  }

  /** `quarantines` stay until somebody has looked at them and removed them. */
  opened(quarantines: readonly string[]): void {
    this.#setAside = quarantines.length > 0
  }

  /** A record of the journal failed verification, and readers miss it. */
  metDamage(): void {
    this.#damagedPlaces++
  }

  get #metDamage(): string {
    const places = this.#damagedPlaces === 1 ? 'a place' : `${this.#damagedPlaces} places`
    return `the journal is damaged in ${places}: its unreadable entries are left out, and a restart saves the rest`
  }

  /** Number of files that only this node of a cluster has. */
  hasSingleFiles(files: number): void {
    this.#singleFiles = files
  }

  get #alone(): string {
    const files = this.#singleFiles === 1 ? 'a file is' : `${this.#singleFiles} files are`
    return `${files} on this node alone, until another one takes a copy`
  }

  /** Notes whether the log shared with other hosts can be reached. */
  reachesCluster(isReached: boolean): void {
    this.#isReached = isReached
    this.#reach.next(isReached)
  }

  /** Emits each time the log becomes unreachable or reachable. */
  get reach$(): Observable<boolean> {
    return this.#reach.asObservable()
  }

  /** The reason why clients should go to another host. */
  get unready(): string | undefined {
    if (this.#isDraining) return DRAINING
    const { refuses = false, message } = this.failure ?? {}
    if (refuses) return message
    return this.lagMs() > MOST_LAG_MS ? BEHIND : undefined
  }

  /** This host is about to stop, and still serves its present clients. */
  drains(): void {
    this.#isDraining = true
  }

  failed(): void {
    this.#status = 'broken'
    this.#message = 'the data can not be kept any more; the host stops'
  }

  appended(appended: Appended): void {
    if (this.#status === 'broken') return
    this.#status = appended.status === 'readOnly' ? 'readOnly' : 'ok'
    if (appended.status === 'readOnly') this.#message = appended.message
  }
}

// Readers of this report need no paths: the log and `tamtam doctor` name the directory.
const SET_ASIDE =
  'the journal was damaged, and its unreadable part is set aside in the data directory until you remove it'

const MOST_LAG_MS = 1000
const DRAINING = 'this node is about to stop'
const BEHIND = 'this node has not got yet what was said at others'

const UNREACHED =
  'the log of the cluster cannot be reached: what is said waits, and history is served from the copy of this node'

/** A journal that reports the outcome of its appends to `health`. */
export const watched = (journal: Journal, health: Health, quarantines: () => readonly string[]): Journal =>
  isShared(journal)
    ? new WatchedSharedJournal(journal, health, quarantines)
    : new WatchedJournal(journal, health, quarantines)

class WatchedJournal implements Journal {
  readonly #journal: Journal
  readonly #health: Health
  readonly #quarantines: () => readonly string[]

  constructor(journal: Journal, health: Health, quarantines: () => readonly string[]) {
    this.#journal = journal
    this.#health = health
    this.#quarantines = quarantines
  }

  async append(batches: readonly Batch[]): Promise<Appended> {
    const appended = await this.#journal.append(batches)
    this.#health.appended(appended)
    return appended
  }

  async open(): Promise<void> {
    await this.#journal.open()
    this.#health.opened(this.#quarantines())
  }

  close(): Promise<void> {
    return this.#journal.close()
  }

  span(room: string): ReturnType<Journal['span']> {
    return this.#journal.span(room)
  }

  rooms(): ReturnType<Journal['rooms']> {
    return this.#journal.rooms()
  }

  read(room: string, after: number, limit: number): ReturnType<Journal['read']> {
    return this.#journal.read(room, after, limit)
  }

  facts(room: string): ReturnType<Journal['facts']> {
    return this.#journal.facts(room)
  }

  search(...asked: Parameters<Journal['search']>): ReturnType<Journal['search']> {
    return this.#journal.search(...asked)
  }

  trim(room: string, upTo: number): Promise<void> {
    return this.#journal.trim(room, upTo)
  }

  erase(...asked: Parameters<Journal['erase']>): ReturnType<Journal['erase']> {
    return this.#journal.erase(...asked)
  }
}

class WatchedSharedJournal extends WatchedJournal implements SharedJournal {
  readonly #shared: SharedJournal

  constructor(journal: SharedJournal, health: Health, quarantines: () => readonly string[]) {
    super(journal, health, quarantines)
    this.#shared = journal
  }

  get foreign$(): Observable<Batch> {
    return this.#shared.foreign$
  }

  get trimmed$(): Observable<Trimmed> {
    return this.#shared.trimmed$
  }

  caughtUp(room: string): Promise<boolean> {
    return this.#shared.caughtUp(room)
  }

  turn(room: string): Promise<void> | undefined {
    return this.#shared.turn(room)
  }

  giveUp(): void {
    this.#shared.giveUp()
  }
}
