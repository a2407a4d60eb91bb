import { type Observable, Subscription } from 'rxjs'
import { TypingMembers } from '#client/session/typing-members.ts'
import { failureText, forTerminal, jsonForTerminal } from '#domain/names/text.ts'
import type { Clock } from '#domain/ports/system.ts'
import type { Say } from '#domain/room/commands.ts'
import { type FileCompleted, isEntry, lastSeqOf, type MentionedFile, type RoomEvent } from '#domain/room/events.ts'
import type { Invitation } from '#domain/room/room-access.ts'
import type { ConnectionState, RoomSession } from '#domain/session.ts'
import { shortId, sizeText } from '#i18n/format.ts'
import { translatorFor } from '#i18n/i18n.ts'
import { ruleTexts } from '#i18n/render-answer.ts'
import { endedText } from '#i18n/render-event.ts'
import type { Filling, Key, Language, Translator } from '#i18n/translator.ts'
import { Attention } from './attention.ts'
import type { TerminalOptions } from './options.ts'
import type { Ending, FileTransfers, HostControls, Output } from './ports.ts'
import { isPresence, Presence, type PresenceEvent, type Told } from './presence.ts'
import { type Paint, receiptRow, rowOf, savedRow, unpainted, type View } from './rows.ts'
import { Transfers } from './transfers.ts'

/** In larger rooms joins and leaves are told together. */
const LARGE_ROOM = 20
const MOST_NAMES = 12
/** So long somebody's word to leave holds, where it has to be said twice. */
const LEAVING_MS = 10_000

export interface ClientParts {
  readonly session: RoomSession
  /** The session's events in another way, such as no faster than somebody reads them. The rows of one emission are printed in one piece. */
  readonly batches$?: Observable<readonly RoomEvent[]>
  readonly files: FileTransfers
  /** Its arguments have to pass the escaper for terminals. */
  readonly words: Translator
  readonly clock: Clock
  readonly output: Output
  readonly options: TerminalOptions
  readonly host: HostControls
}

/** A room as a person sees it: events become lines, files come by themselves, and how things stand is told. */
export class RoomClient {
  readonly session: RoomSession
  words: Translator
  readonly transfers: Transfers
  readonly attention: Attention
  readonly writers: TypingMembers
  readonly host: HostControls
  readonly clock: Clock
  readonly ended: Promise<Ending>
  readonly ignored = new Set<string>()
  /** Said, and not taken by the room yet. */
  #unposted: Say[] = []
  #posting: Promise<void> | undefined
  readonly #unanswered = new Set<{ readonly text: string; readonly since: number }>()
  /** Whether escape sequences may be written. */
  readonly colours: boolean
  paint: Paint
  time: boolean
  state: ConnectionState = { status: 'connected' }
  readonly #parts: ClientParts
  readonly #output: Output
  readonly #presence: Presence
  readonly #end: (ending: Ending) => void
  readonly #watching = new Subscription()
  #isLeaving = false
  readonly #jsonHead: string
  /** Rows of the batch that is arriving. */
  #rows: string[] | undefined
  /** Events from before history was shown. */
  #early: RoomEvent[] | undefined = []
  #last = 0
  /** Files of which it was decided already whether they come by themselves. */
  readonly #asked = new Set<string>()
  /** Files that this terminal has sent, though the room may know them under another member. */
  readonly #sent = new Set<string>()
  /** Files that the room has whole. */
  readonly #whole = new Set<string>()
  /** Files that come by themselves: one row tells that they are in the room, and where here. */
  readonly #coming = new Map<string, { event?: FileCompleted; path?: string }>()

  constructor(parts: ClientParts) {
    const { session, files, words, clock, output, options, host } = parts
    this.session = session
    this.#jsonHead = `${jsonForTerminal({ v: 1, room: session.room }).slice(0, -1)},`
    this.words = words
    this.host = host
    this.clock = clock
    this.colours = options.paint !== undefined
    this.paint = options.paint ?? unpainted
    this.time = options.time
    this.#parts = parts
    this.#output = output
    this.transfers = new Transfers(files, clock, () => output.changed())
    this.writers = new TypingMembers(clock)
    this.attention = new Attention(clock, () => output.bell())
    this.#presence = new Presence(clock, (type, people) => this.#tellPresence(type, people))
    const { promise, resolve } = Promise.withResolvers<Ending>()
    this.ended = promise
    this.#end = resolve
  }

  /** Shows history, then `greeting`, then live events. */
  async start(greeting: readonly string[] = []): Promise<void> {
    const { session, options } = this.#parts
    const { batches$ } = this.#parts
    this.#watching.add(
      batches$ === undefined
        ? session.events$.subscribe((event) => this.#arrived(event))
        : batches$.subscribe((events) => this.#arrivedTogether(events)),
    )
    this.#watching.add(session.refusals$.subscribe((why) => this.refused(why)))
    this.#watching.add(session.state$.subscribe((state) => this.#stands(state)))
    for (const text of ruleTexts(session.rules, this.words)) this.noticeRow(`* ${this.paint.notice(text)}`)
    const before = options.history === 0 ? [] : await session.history(options.history)
    for (const entry of before) {
      this.#last = Math.max(this.#last, lastSeqOf(entry))
      if (entry.type !== 'fileReceived' && entry.type !== 'fileServed') this.#printEvent(entry)
    }
    for (const line of greeting) this.print(line)
    const early = this.#early ?? []
    this.#early = undefined
    for (const event of early) this.#arrived(event)
    for (const found of await session.listFiles())
      if (found.status === 'whole') this.#whole.add(found.file.id)
      else if (found.status === 'offered' && found.by.id !== session.member.id) this.#offered(found.file, false)
  }

  end(ending: Ending): undefined {
    this.#presence.flush()
    this.#watching.unsubscribe()
    this.#end(ending)
  }

  /** Ends at the word of a person, said twice where others would lose something by it: their room, or a file that is on its way to them. */
  leave(ending: Ending & { readonly type: 'quit' }): undefined {
    const count = this.at === 'host' ? this.session.members.length - 1 : 0
    if (this.#isLeaving || !this.live || (count === 0 && !this.transfers.isUploading)) return this.end(ending)
    if (count > 0) this.notice('stopsFor', { count })
    else this.notice('stillSending')
    this.#isLeaving = true
    this.clock.after(LEAVING_MS, () => {
      this.#isLeaving = false
    })
  }

  /** From now on in this language. */
  speak(language: Language): void {
    this.words = translatorFor(language, forTerminal)
    this.host.speak(language)
  }

  /** Which rows of the command table hold here. */
  get at(): 'terminal' | 'host' {
    return this.host.bandwidth === undefined ? 'terminal' : 'host'
  }

  get view(): View {
    const { words, session, time, paint } = this
    const { tall, live } = this.#parts.options
    return { words, paint, me: session.member, time, tall, live }
  }

  /** Tells something of the catalogue, in a line of its own. */
  notice<Each extends Key>(key: Each, ...gaps: Filling<Each>): undefined {
    this.#output.notice(`* ${this.paint.notice(this.words.say(key, ...gaps))}`)
  }

  /** Answers the code. */
  refused(why: { readonly code: string; readonly message: string }): string {
    return this.#wrong(why.code, this.words.refusal(why))
  }

  /** A failure of a command, in a line of its own. Answers the code. */
  failed<Each extends Key>(code: string, key: Each, ...gaps: Filling<Each>): string {
    return this.#wrong(code, this.words.say(key, ...gaps))
  }

  /** Programs read the code, people the sentence. */
  #wrong(code: string, text: string): string {
    const shown = this.#parts.options.live ? text : `${forTerminal(code)} ${text}`
    this.#output.notice(`! ${this.paint.wrong(shown)}`)
    return code
  }

  /** The ids of the files that the room has now. */
  wholeFiles(): ReadonlySet<string> {
    return new Set(this.#whole)
  }

  /** Whether a frame below the rows shows what changes. */
  get live(): boolean {
    return this.#parts.options.live
  }

  /** Whether own doings are shown as those of others are. */
  get echoes(): boolean {
    return this.#parts.options.echo
  }

  /** Whether lines that are said wait for the room's answer. */
  get waits(): boolean {
    return this.#parts.options.waits
  }

  /** Posts a line in the order of typing; resolves once the room has taken it. While the room is full, further lines wait behind it. */
  async post(text: string): Promise<undefined> {
    this.#unposted.push({ type: 'say', text })
    this.#posting ??= this.#post().finally(() => {
      this.#posting = undefined
    })
    await this.#posting
  }

  async #post(): Promise<void> {
    while (this.#unposted.length > 0)
      if (this.session.post(this.#unposted) === 'accepted') this.#unposted = []
      else await this.session.ready()
  }

  /** An invitation is data: it goes where the room's events go, never to the log beside the talk (C121). */
  invited(invitation: Invitation, texts: readonly string[]): void {
    if (this.#parts.options.events === 'json') this.print(jsonForTerminal({ v: 1, type: 'invitation', ...invitation }))
    else for (const text of texts) this.print(`* ${text}`)
  }

  /** A line about the room, escaped already. */
  print(row: string): void {
    if (this.#rows === undefined) this.#output.print(row)
    else this.#rows.push(row)
  }

  /** A line about the input, escaped already. */
  noticeRow(row: string): void {
    this.#output.notice(row)
  }

  /** Messages without an answer for `ms` or longer, oldest first. */
  unanswered(ms: number): readonly string[] {
    const before = this.clock.elapsed() - ms
    return [...this.#unanswered].filter(({ since }) => since <= before).map(({ text }) => text)
  }

  /** Whether something changes by itself as time goes by. */
  get busy(): boolean {
    return this.transfers.busy || this.#unanswered.size > 0 || this.writers.busy
  }

  /** A message was sent; call the returned function when the room has answered. */
  waiting(text: string): () => void {
    const said = { text, since: this.clock.elapsed() }
    this.#unanswered.add(said)
    this.#output.changed()
    return () => {
      this.#unanswered.delete(said)
      this.#output.changed()
    }
  }

  /** Brings a file here and says how that went; answers the code where it did not. */
  async receive(file: MentionedFile): Promise<string | undefined> {
    try {
      const saved = await this.transfers.receive(file)
      if ('type' in saved) {
        this.#comesNot(file)
        return this.failed(saved.code, 'notSaved', { file: file.name, why: this.words.refusal(saved) })
      }
      const coming = this.#coming.get(file.id)
      if (coming === undefined) this.notice('saved', { path: saved.path })
      else {
        coming.path = saved.path
        this.#told(file.id)
      }
      for (const path of saved.changed ?? []) this.notice('changedMeanwhile', { path })
      return undefined
    } catch (error) {
      this.#comesNot(file)
      return this.failed('NOT_SAVED', 'notSaved', { file: file.name, why: failureText(error) })
    }
  }

  /** The row of a file that has come by itself, once both are known. */
  #told(id: string): void {
    const { event, path } = this.#coming.get(id) ?? {}
    if (event === undefined || path === undefined) return
    this.#coming.delete(id)
    this.#printRow(savedRow(event, path, this.view), true)
  }

  #comesNot({ id }: MentionedFile): void {
    const { event } = this.#coming.get(id) ?? {}
    this.#coming.delete(id)
    if (event !== undefined) this.#printEvent(event, true)
  }

  /** Their rows are one piece of output: a busy room costs a write for each batch, not for each line. */
  #arrivedTogether(events: readonly RoomEvent[]): void {
    const rows: string[] = []
    this.#rows = rows
    try {
      for (const event of events) this.#arrived(event)
    } finally {
      this.#rows = undefined
      if (rows.length > 0) this.#output.print(rows.join('\n'))
    }
  }

  #arrived(event: RoomEvent): void {
    if (this.#early !== undefined) {
      this.#early.push(event)
      return
    }
    if (isEntry(event)) {
      // History has shown it.
      if (event.seq <= this.#last) return
      this.#last = event.seq
    }
    const own = 'by' in event && event.by.id === this.session.member.id
    const { events, echo, live } = this.#parts.options
    // The beginning is the same for all: an object of both costs as much as the event.
    if (events === 'json') this.print(`${this.#jsonHead}${jsonForTerminal(event).slice(1)}`)
    if (this.ignored.size > 0 && 'by' in event && this.ignored.has(event.by.name.toLowerCase())) return
    // Of a file that comes by itself, and of one on its way, the frame tells first.
    const filesFirst = live && event.type === 'fileCompleted'
    if (filesFirst) this.#files(event, own)
    if (events === 'rows') {
      if (isPresence(event) && this.session.members.length > LARGE_ROOM) {
        if (!own) this.#presence.note(event)
        return
      }
      if ((!own || echo) && !this.#isInFrame(event)) this.#printEvent(event, !own)
      if (!own) this.attention.heard(event, this.session.member.name)
    }
    if (!own) this.writers.heard(event)
    if (!filesFirst) this.#files(event, own)
  }

  /** Whether the frame has it, or a later row. */
  #isInFrame(event: RoomEvent): boolean {
    if (!this.#parts.options.live) return false
    if (event.type === 'fileOffered') return true
    const coming = event.type === 'fileCompleted' ? this.#coming.get(event.file.id) : undefined
    if (coming === undefined) return false
    coming.event = event as FileCompleted
    this.#told(coming.event.file.id)
    return true
  }

  #tellPresence(type: PresenceEvent['type'], people: readonly Told[]): void {
    const count = people.length
    if (type === 'renamed') {
      if (count > MOST_NAMES) this.notice('peopleRenamed', { count })
      else for (const { from, name } of people) this.notice('renamed', { from, name })
      return
    }
    const some = people.slice(0, MOST_NAMES).map(({ name }) => name)
    const names = some.join(', ') + (count > MOST_NAMES ? ', …' : '')
    this.notice(type === 'joined' ? 'joinedMany' : 'leftMany', { count, names })
  }

  #printEvent(event: RoomEvent, news = false): void {
    const row = rowOf(event, this.view)
    if (row !== undefined) this.#printRow(row, news)
  }

  #printRow(row: string, news: boolean): void {
    const since = news && this.#parts.options.divider ? this.attention.dividerDue() : undefined
    if (since !== undefined) this.print(this.paint.faint(`──── ${this.words.say('newSince', { time: since })} ────`))
    this.print(row)
  }

  #files(event: RoomEvent, own: boolean): void {
    const { early } = this.#parts.files
    if ('file' in event) this.transfers.heardOf(event.file)
    if (event.type === 'fileReceived' || event.type === 'fileServed') this.transfers.has(event.file.id, event.by.name)
    if (event.type === 'fileReceived') {
      const { id, audience } = event.file
      const isOurs = audience === undefined ? this.#sent.has(id) : audience.from.id === this.session.member.id
      // For an audience of few every receipt is shown, also after a while.
      if (
        this.#parts.options.events === 'rows' &&
        (audience !== undefined || !this.#parts.options.live) &&
        !own &&
        isOurs
      )
        this.print(receiptRow(event.file, event.by, this.view))
    }
    if (event.type === 'fileCompleted' || event.type === 'fileWithdrawn') this.transfers.settled(event.file.id)
    if (event.type === 'fileCompleted') this.#whole.add(event.file.id)
    if (event.type === 'fileWithdrawn') this.#whole.delete(event.file.id)
    if (event.type === 'fileWithdrawn') void this.#withdrawn(event.file)
    if (own || this.#sent.has('file' in event ? event.file.id : '')) return
    if ((event.type === 'fileOffered' || event.type === 'fileProgressed') && !this.transfers.isSending(event.file))
      this.transfers.progressed(event.file, 'bytes' in event ? event.bytes : 0, event.by.name)
    if (event.type === 'fileOffered' && early && event.file.size !== undefined) this.#offered(event.file, true)
    if (event.type === 'fileCompleted' && !this.transfers.isReceiving(event.file.id)) this.#offered(event.file, true)
  }

  async #withdrawn({ id, name }: MentionedFile): Promise<void> {
    try {
      await this.#parts.files.withdrawn?.(id)
    } catch (error) {
      this.failed('NOT_REMOVED', 'copyStays', { file: name, why: failureText(error) })
    }
  }

  #offered(file: MentionedFile, told: boolean): void {
    const { autoBytes, early } = this.#parts.files
    const { live } = this.#parts.options
    const size = file.size
    if (
      autoBytes === undefined ||
      size === undefined ||
      this.transfers.isReceiving(file.id) ||
      this.#asked.has(file.id)
    )
      return
    if (this.transfers.isSending(file)) return
    if (size <= autoBytes) {
      if (early || told) {
        this.#asked.add(file.id)
        if (live) this.#coming.set(file.id, {})
        void this.receive(file)
      }
      return
    }
    this.#asked.add(file.id)
    // Its row says how it is had.
    if (live) return
    const gaps = { file: file.name, size: sizeText(size, this.words.language), id: shortId(file.id) }
    this.notice('waitsForYou', gaps)
  }

  /** This terminal has sent that file. */
  sent(id: string): void {
    this.#sent.add(id)
  }

  #stands(state: ConnectionState): void {
    const before = this.state
    this.state = state
    if (state.status === 'retrying' && before.status === 'connected') this.notice('retrying', { why: state.why })
    if (state.status === 'connected' && before.status === 'retrying') this.notice('connectedAgain')
    if (state.status === 'closed')
      this.end({ type: 'closed', why: endedText(this.session.member.name, state, this.words) })
    this.#output.changed()
  }
}
