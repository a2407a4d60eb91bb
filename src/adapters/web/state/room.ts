import { batch, type ReadonlySignal, type Signal, signal } from '@preact/signals'
import { TypingMembers } from '#client/session/typing-members.ts'
import type { Cancel } from '#domain/ports/system.ts'
import type { Removal } from '#domain/room/commands.ts'
import { isEntry, isMessage, type Member, type RoomEvent, type Said } from '#domain/room/events.ts'
import type { Credentials } from '../browser/http.ts'
import { BrowserClock, BrowserIds, type KeyValueStorage } from '../browser/platform.ts'
import { pageDefaults } from '../defaults.ts'
import { RoomFiles } from '../files/room-files.ts'
import { Outbox, type Talk } from '../timeline/outbox.ts'
import { HostHistory, type Item, Timeline } from '../timeline/timeline.ts'
import * as unread from '../timeline/unread.ts'
import { Batcher } from './announcer.ts'
import { RoomStore, type RoomTarget } from './room-store.ts'

/** A dialog in front of the room. */
export type Dialog =
  | { readonly type: 'settings' | 'manage' | 'share' | 'help' | 'expiry' | 'rooms' }
  | { readonly type: 'search'; readonly query: string }
  /** Asks whether that is meant. `name`: of the file, or of the room. */
  | { readonly type: 'remove'; readonly command: Removal; readonly name: string }
  /** Its receivers, and whether one's own copy is the same. */
  | { readonly type: 'receivers'; readonly file: string }
  | { readonly type: 'fileLink'; readonly file: string }

/** The part of the room that a narrow screen shows. */
export type Tab = 'talk' | 'files' | 'people'

export interface RoomParts {
  readonly wanted: RoomTarget
  readonly credentials: Credentials
  /** How far it was read before, if ever. */
  readonly read: number | undefined
  readonly kept: KeyValueStorage
  readonly session: KeyValueStorage
}

/** A room that is open in the page: the membership, and the view of it. */
export class Room {
  readonly store: RoomStore
  readonly history: HostHistory
  readonly timeline: Timeline
  readonly outbox: Outbox
  readonly files: RoomFiles
  readonly writing: Writing
  readonly notices = new Notices()
  readonly tab = signal<Tab>('talk')
  /** Whether somebody asked for what was handed in. */
  readonly showsHandIns = signal(false)
  /** Whether the topic is being written. */
  readonly editsTopic = signal(false)
  readonly #mutedNames = signal<ReadonlySet<string>>(new Set())
  readonly #kept: KeyValueStorage
  readonly #read: number | undefined
  readonly #unread = signal(unread.opened(undefined, 0))
  readonly #dialog = signal<Dialog | undefined>(undefined)
  readonly #writers: TypingMembers
  readonly #typing = signal<readonly string[]>([])
  readonly #clock = new BrowserClock()
  #remembering: Cancel | undefined

  constructor({ wanted, credentials, read, kept, session }: RoomParts) {
    const { room } = wanted
    const ids = new BrowserIds()
    this.#kept = kept
    this.#read = read
    this.#writers = new TypingMembers(this.#clock)
    this.store = new RoomStore(wanted, credentials)
    this.history = new HostHistory(this.store.api, room)
    this.files = new RoomFiles(this.store.api, room)
    this.timeline = new Timeline(this.history, Date.now)
    this.writing = new Writing(session, room)
    this.outbox = new Outbox({
      send: (talk) => this.store.send(talk),
      newId: () => ids.next(),
      kept: listIn<Talk>(session.get(`unsent.${room}`)),
      keep: (talks) => session.set(`unsent.${room}`, talks.length === 0 ? undefined : JSON.stringify(talks)),
    })
  }

  get name(): string {
    return this.store.room
  }

  get unread(): ReadonlySignal<unread.Unread> {
    return this.#unread
  }

  get dialog(): ReadonlySignal<Dialog | undefined> {
    return this.#dialog
  }

  /** The names of those who may only read, as far as the page has heard. */
  get mutedNames(): ReadonlySignal<ReadonlySet<string>> {
    return this.#mutedNames
  }

  /** The names of the members who are typing. */
  get typing(): ReadonlySignal<readonly string[]> {
    return this.#typing
  }

  /** Rejects with `Refused`, or with `Unreachable`. */
  async enter(): Promise<void> {
    await this.store.enter()
    const { start } = this.store
    this.#unread.value = unread.opened(this.#read, start)
    const batcher = new Batcher<RoomEvent>(this.#clock, pageDefaults.drawEveryMs, (burst) =>
      batch(() => {
        this.timeline.heard(burst)
        for (const event of burst) this.#heard(event)
      }),
    )
    this.store.events$.subscribe((event) => batcher.add(event))
    this.outbox.resume(start)
    const { divider } = this.#unread.peek()
    await Promise.all([
      divider === undefined ? this.timeline.toLatest() : this.timeline.around(divider, { type: 'divider' }),
      this.files.load(),
    ])
    for (const item of this.timeline.span.peek().items) this.#learned(item)
  }

  /** Somebody looks at the end of the room, or does something there. */
  markSeen(): void {
    const { newest } = this.timeline.span.peek()
    this.#unread.value = unread.looked(this.#unread.peek(), newest)
    this.#remember()
  }

  /** Marks all as read. */
  clear(): void {
    this.#unread.value = unread.cleared(this.#unread.peek())
  }

  show(dialog: Dialog | undefined): void {
    this.#dialog.value = dialog
  }

  /** What is said from now on is for one person. */
  writeTo(name: string): void {
    this.tab.value = 'talk'
    this.writing.address(name)
  }

  /** Everybody who reaches the host comes in: an address without a secret will do. */
  get isOpen(): boolean {
    return this.store.token === undefined && !this.store.facts.peek().hasPassword
  }

  /** The room decides; these are offered it. */
  mayRemove(by: Member): boolean {
    const me = this.store.member.value
    return by.id === me.id || me.role !== undefined
  }

  leave(farewell?: string): void {
    void this.store.leave(farewell)
  }

  get #isSeen(): boolean {
    return document.visibilityState === 'visible' && this.timeline.reading.peek() === 'end'
  }

  #heard(event: RoomEvent): void {
    const me = this.store.member.peek().id
    this.files.heard(event)
    this.outbox.heard(event, me)
    this.#writes(event, me)
    this.#learned(event)
    if (!isEntry(event)) return
    const own = event.by.id === me
    if (event.type === 'messageRemoved') this.writing.forget((seq) => seq === event.target)
    if (event.type === 'cleared') {
      this.writing.forget((seq) => seq <= event.upTo)
      this.#unread.value = unread.looked(unread.cleared(this.#unread.peek()), event.seq)
    }
    if (isMessage(event)) {
      this.#unread.value = unread.said(this.#unread.peek(), event.seq, this.#isSeen, own)
    } else if (this.#isSeen) this.#unread.value = unread.looked(this.#unread.peek(), event.seq)
    this.#remember()
  }

  #learned({ type, ...event }: RoomEvent | Item): void {
    if ((type === 'muted' || type === 'unmuted') && 'name' in event) this.#restrained(event.name, type === 'muted')
  }

  #restrained(name: string, isMuted: boolean): void {
    const names = new Set(this.#mutedNames.peek())
    if (isMuted) names.add(name)
    else names.delete(name)
    this.#mutedNames.value = names
  }

  #writes(event: RoomEvent, me: string): void {
    if (!('by' in event) || event.by.id === me) return
    this.#writers.heard(event)
    const names = this.#writers.names()
    if (names.join('\n') !== this.#typing.peek().join('\n')) this.#typing.value = names
    if (event.type === 'typing') this.#clock.after(event.forMs + 50, () => (this.#typing.value = this.#writers.names()))
  }

  /** Not at each message of a flood. */
  #remember(): void {
    this.#remembering ??= this.#clock.after(pageDefaults.rememberMs, () => {
      this.#remembering = undefined
      this.#kept.set(`read.${this.name}`, String(this.#unread.peek().read))
    })
  }
}

/** A list that the page itself has stored; anything else is ignored. */
function listIn<T>(json: string | undefined): readonly T[] {
  if (json === undefined) return []
  try {
    return JSON.parse(json) as readonly T[]
  } catch {
    return []
  }
}

interface Quote {
  readonly seq: number
  /** With its end. */
  readonly line: string
}

const MOST_RECALLED = 50
/** How much of a message is quoted in an answer to it. */
const QUOTED_CHARS = 200

/** The unsent message, and its addressee. It outlives a reload. */
export class Writing {
  readonly #keep: (draft: string) => void
  readonly #draft: Signal<string>
  /** Lines of the draft that quote an entry, with its sequence. */
  #quotes: readonly Quote[]
  readonly #keepQuotes: (quotes: readonly Quote[]) => void
  /** The name of the one it is whispered to; undefined: to everybody. */
  readonly #to = signal<string | undefined>(undefined)
  /** What was sent from here, oldest first. */
  #sent: readonly string[] = []
  #recalled = 0
  /** Rises when the message field is to have the focus. */
  readonly #focusRequests = signal(0)

  constructor(session: KeyValueStorage, room: string) {
    const key = `draft.${room}`
    this.#draft = signal(session.get(key) ?? '')
    this.#keep = (draft) => session.set(key, draft === '' ? undefined : draft)
    this.#quotes = listIn(session.get(`quotes.${room}`))
    this.#keepQuotes = (quotes) =>
      session.set(`quotes.${room}`, quotes.length === 0 ? undefined : JSON.stringify(quotes))
  }

  get draft(): ReadonlySignal<string> {
    return this.#draft
  }

  get to(): ReadonlySignal<string | undefined> {
    return this.#to
  }

  get focusRequests(): ReadonlySignal<number> {
    return this.#focusRequests
  }

  write(draft: string): void {
    this.#draft.value = draft
    this.#keep(draft)
    if (draft === '') this.#quote([])
  }

  /** The field is sent, and empty again. */
  sent(line: string): void {
    this.#sent = [...this.#sent.filter((each) => each !== line), line].slice(-MOST_RECALLED)
    this.#recalled = 0
    this.write('')
  }

  /** An earlier line, or a later one again; false where there is none. The draft must be empty, or be such a line itself. */
  recall(step: 1 | -1): boolean {
    const shown = this.#recalled === 0 ? '' : this.#sent.at(-this.#recalled)
    if (this.#draft.peek() !== shown) return false
    const next = this.#recalled + step
    if (next < 0 || next > this.#sent.length) return false
    this.#recalled = next
    this.write(next === 0 ? '' : (this.#sent.at(-next) ?? ''))
    return true
  }

  focus(): void {
    this.#focusRequests.value++
  }

  address(to: string | undefined): void {
    this.#to.value = to
    this.focus()
  }

  /** An answer: the quoted text stands above it, also for text-only clients. */
  quote({ by, text, seq }: Pick<Said, 'by' | 'text' | 'seq'>): void {
    const said = text.split('\n').filter((line) => !line.startsWith('> '))
    const short = said.join(' ').trim()
    const quoted = short.length > QUOTED_CHARS ? `${[...short].slice(0, QUOTED_CHARS).join('')}…` : short
    const line = `> ${by.name}: ${quoted}\n`
    this.#quote([...this.#quotes, { seq, line }])
    this.write(line + this.#draft.peek())
    this.focus()
  }

  /** Takes what removed entries say out of the draft. */
  forget(isRemoved: (seq: number) => boolean): void {
    const removed = this.#quotes.filter(({ seq }) => isRemoved(seq))
    if (removed.length === 0) return
    this.#quote(this.#quotes.filter(({ seq }) => !isRemoved(seq)))
    this.write(removed.reduce((draft, { line }) => draft.replace(line, ''), this.#draft.peek()))
  }

  #quote(quotes: readonly Quote[]): void {
    this.#quotes = quotes
    this.#keepQuotes(quotes)
  }
}

export interface Notice {
  readonly id: number
  /** What is told goes by itself. */
  readonly kind: 'told' | 'kept' | 'wrong'
  /** Escaped already. */
  readonly text: string
}

const MOST_NOTICES = 3
const NOTICE_MS = 5000

/** Messages to this page's person alone: answers, which go by themselves, and refusals. */
class Notices {
  readonly #all = signal<readonly Notice[]>([])
  #ids = 0

  get all(): ReadonlySignal<readonly Notice[]> {
    return this.#all
  }

  add(text: string, kind: Notice['kind'] = 'told'): void {
    const id = ++this.#ids
    this.#all.value = [...this.#all.peek(), { id, kind, text }].slice(-MOST_NOTICES)
    if (kind === 'told') setTimeout(() => this.drop(id), NOTICE_MS)
  }

  drop(id: number): void {
    this.#all.value = this.#all.peek().filter((notice) => notice.id !== id)
  }

  /** Whether there was anything. */
  clear(): boolean {
    const were = this.#all.peek().length > 0
    this.#all.value = []
    return were
  }
}
