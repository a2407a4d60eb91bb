import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals'
import type { ApiClient } from '#client/api-client.ts'
import { isRefusal, Unreachable } from '#client/errors.ts'
import { listRooms } from '#client/queries.ts'
import { Backoff, pause } from '#domain/async/backoff.ts'
import { spelledNick } from '#domain/names/nick.ts'
import { checkRoomName } from '#domain/names/room-name.ts'
import { forTerminal } from '#domain/names/text.ts'
import { isMessage, type RoomEvent } from '#domain/room/events.ts'
import { Refused } from '#domain/session.ts'
import { commonText } from '#i18n/render-event.ts'
import type { FullPageTranslator, Language, PageTranslator } from '#i18n/translator.ts'
import type { RoomRow } from '#protocol/schema.ts'
import { PageApi } from '../browser/http.ts'
import { BrowserClock, BrowserIds, type KeyValueStorage, readFragment, roomFragment } from '../browser/platform.ts'
import { pageDefaults, sessionDefaults } from '../defaults.ts'
import { FileTransfers } from '../files/uploads.ts'
import { hueIn, huesOf } from '../text/hues.ts'
import { fullPageTranslator, pageTranslator } from '../text/translator.ts'
import { Announcer } from './announcer.ts'
import { Notifications } from './notifications.ts'
import { Room } from './room.ts'
import { Secrets } from './secrets.ts'

/** Why one is not in the room. */
export interface Why {
  readonly code: string
  readonly message: string
  /** Of a room that is not told of: what would open it, as far as that can be known. */
  readonly needs?: 'link' | 'newLink' | 'password' | 'otherPassword' | undefined
}

/** A name as it can be had: blanks and apostrophes are no part of one. */
export const asNick = (typed: string): string => typed.trim().replace(/[\s'’]+/g, '-')

export type Stage =
  | { readonly status: 'asking'; readonly why: Why | undefined }
  | { readonly status: 'entering'; readonly why: Why | undefined }
  | { readonly status: 'inside'; readonly room: Room }

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

const LOBBY = 'lobby'

/** The page as a whole: its person, the open room, and the settings. */
export class Page {
  /** Kept in this browser, over tabs and days; and only for this tab. */
  readonly kept: KeyValueStorage
  readonly session: KeyValueStorage
  readonly #stage = signal<Stage>({ status: 'asking', why: undefined })
  readonly #roomName = signal(LOBBY)
  readonly language: ReadonlySignal<Language>
  readonly words: Signal<PageTranslator>
  readonly theme: Signal<Theme>
  /** Whether messages are shown with their times. */
  readonly showsTimes: Signal<boolean>
  readonly key: string
  /** The files that leave from here. */
  readonly transfers: FileTransfers
  readonly rooms = new Rooms()
  /** Speaks to screen readers. */
  readonly announcer = new Announcer(new BrowserClock(), pageDefaults.announceEveryMs, (count) =>
    this.words.peek().say('newMessages', { count }),
  )
  readonly notifications: Notifications
  /** Whether the files stand beside the talk, where there is room for both. */
  readonly showsFiles = signal(matchMedia('(min-width: 68.75rem)').matches)
  readonly #hues = computed(() => {
    const stage = this.#stage.value
    return huesOf(stage.status === 'inside' ? stage.room.store.members.value.map(({ name }) => name) : [])
  })
  readonly #fullWords = signal<FullPageTranslator | undefined>(undefined)
  readonly #ignored: Signal<ReadonlySet<string>>
  readonly #secrets: Secrets
  #entry = 0

  constructor(kept: KeyValueStorage, session: KeyValueStorage, words: PageTranslator) {
    this.kept = kept
    this.session = session
    this.transfers = new FileTransfers(session)
    this.words = signal(words)
    this.language = computed(() => this.words.value.language)
    this.theme = signal<Theme>(themes.find((each) => each === kept.get('theme')) ?? 'system')
    this.showsTimes = signal(kept.get('times') !== 'no')
    this.key = kept.get('key') ?? new BrowserIds().next()
    kept.set('key', this.key)
    this.#ignored = signal<ReadonlySet<string>>(new Set(kept.get('ignored')?.split('\n')))
    this.#secrets = new Secrets(kept)
    this.notifications = new Notifications(kept)
  }

  get stage(): ReadonlySignal<Stage> {
    return this.#stage
  }

  get roomName(): ReadonlySignal<string> {
    return this.#roomName
  }

  get name(): string {
    return this.kept.get('name') ?? ''
  }

  /** The number of a person's colour. */
  hueOf(name: string): number {
    return hueIn(this.#hues.value, name)
  }

  /** Those of whom nothing is shown, by their names in lower case. */
  get ignored(): ReadonlySignal<ReadonlySet<string>> {
    return this.#ignored
  }

  /** Whether nothing of them is shown from now on; it was so before where it answers false. */
  ignore(name: string): boolean {
    const now = new Set(this.ignored.peek())
    const isNew = !now.delete(name.toLowerCase())
    if (isNew) now.add(name.toLowerCase())
    this.#ignored.value = now
    this.kept.set('ignored', now.size === 0 ? undefined : [...now].join('\n'))
    return isNew
  }

  /** The messages of `views/more.tsx` as well; undefined until they are loaded. */
  get fullWords(): ReadonlySignal<FullPageTranslator | undefined> {
    return this.#fullWords
  }

  /** Rejects where the host does not give the script. */
  async loadFullWords(): Promise<void> {
    while (this.#fullWords.peek()?.language !== this.language.peek())
      this.#fullWords.value = await fullPageTranslator(this.language.peek())
  }

  /** Rejects where the host does not give the language's script: the page stays as it is. */
  async speak(language: Language): Promise<void> {
    const isFull = this.#fullWords.peek() !== undefined
    const [words, full] = await Promise.all([
      pageTranslator(language),
      isFull ? fullPageTranslator(language) : undefined,
    ])
    batch(() => {
      this.words.value = words
      if (full !== undefined) this.#fullWords.value = full
    })
    this.kept.set('language', language)
  }

  /** Tells the person in the room why something did not work. */
  tell(why: 'notReached'): void {
    const stage = this.#stage.peek()
    if (stage.status === 'inside') stage.room.notices.add(this.words.peek().say(why), 'wrong')
  }

  dress(theme: Theme): void {
    this.theme.value = theme
    this.kept.set('theme', theme === 'system' ? undefined : theme)
  }

  showTimes(shown: boolean): void {
    this.showsTimes.value = shown
    this.kept.set('times', shown ? undefined : 'no')
  }

  /** The person's nick from now on. */
  rename(name: string): void {
    this.kept.set('name', name)
  }

  /** How far somebody has read in a room, where they ever were there. */
  readIn(room: string): number | undefined {
    const read = Number(this.kept.get(`read.${room}`) ?? Number.NaN)
    return Number.isSafeInteger(read) ? read : undefined
  }

  /** Begins with the parameters of the address, and follows its changes. */
  start(): void {
    addEventListener('hashchange', () => this.#follow())
    this.#follow()
  }

  /** Joins the room under a name; the host checks both as well, and also the name's skeleton. */
  async join(name: string, room: string, secret?: string): Promise<void> {
    const nick = spelledNick(asNick(name))
    const named = checkRoomName(room.trim() === '' ? LOBBY : room.trim())
    if (typeof nick !== 'string') return this.ask(nick)
    if (typeof named !== 'string') return this.ask(named)
    this.kept.set('name', nick)
    this.#roomName.value = named
    if (readFragment(location.hash).room !== named) history.pushState(null, '', roomFragment(named))
    await this.#enter(nick, named, secret === '' ? undefined : secret)
  }

  /** Goes to another room under the same name. */
  go(room: string, password?: string): void {
    if (this.name === '') this.#roomName.value = room
    else void this.join(this.name, room, password)
  }

  /** Back to the form. */
  ask(why?: Why, farewell?: string): void {
    this.#entry++
    this.#left(farewell)
    this.#stage.value = { status: 'asking', why }
  }

  #follow(): void {
    const { room, token } = readFragment(location.hash)
    const named = checkRoomName(room ?? LOBBY)
    const wanted = typeof named === 'string' ? named : LOBBY
    if (token !== undefined) {
      this.#secrets.given(token)
      history.replaceState(null, '', roomFragment(wanted))
    }
    const stage = this.#stage.peek()
    if (stage.status === 'inside' && stage.room.name === wanted && token === undefined) return
    this.#roomName.value = wanted
    if (this.name !== '') void this.join(this.name, wanted)
  }

  async #enter(name: string, room: string, secret: string | undefined): Promise<void> {
    const entry = ++this.#entry
    this.#left()
    this.#stage.value = { status: 'entering', why: undefined }
    const backoff = new Backoff(sessionDefaults, Math.random)
    while (entry === this.#entry) {
      const entered = await this.#tryCredentials(name, room, secret)
      if (entry !== this.#entry) {
        if (entered instanceof Room) entered.leave()
      } else if (entered instanceof Room) {
        entered.store.events$.subscribe((event) => this.#heard(event, entered))
        this.#stage.value = { status: 'inside', room: entered }
        return
      } else if (entered.code === 'UNREACHABLE') {
        this.#stage.value = { status: 'entering', why: entered }
        await pause(new BrowserClock(), backoff.next())
      } else {
        this.#stage.value = { status: 'asking', why: entered }
        return
      }
    }
  }

  /** Tries the credentials one after the other, until one opens the room. */
  async #tryCredentials(name: string, roomName: string, secret: string | undefined): Promise<Room | Why> {
    let why: Why | undefined
    for (const shown of this.#secrets.for(roomName, secret)) {
      const { token, password } = shown
      const room = new Room({
        wanted: { room: roomName, name, ...(password === undefined ? {} : { password }) },
        credentials: { key: this.key, token },
        read: this.readIn(roomName),
        kept: this.kept,
        session: this.session,
      })
      why = await room.enter().then(() => undefined, whyNot)
      if (why === undefined) {
        this.#secrets.opened(roomName, shown)
        return room
      }
      if (why.code !== 'NOT_FOUND') break
    }
    if (why !== undefined && why.code !== 'NOT_FOUND') return why
    return { code: 'NOT_FOUND', message: '', needs: secret === undefined ? await this.#needed() : 'otherPassword' }
  }

  /** The rooms of the host before one is in, as far as they are open to what this browser has. */
  async around(): Promise<readonly RoomRow[]> {
    const rooms = await listRooms(this.#api)
    return isRefusal(rooms) ? [] : rooms
  }

  /** A host says no more than that there is no such room: what it shows besides tells whether the link or the password is missing. */
  async #needed(): Promise<Why['needs']> {
    if ((await this.around()).length > 0) return 'password'
    if (this.#secrets.token === undefined) return 'link'
    return isRefusal(await this.#api.ask('/metrics')) ? 'newLink' : 'password'
  }

  get #api(): PageApi {
    return new PageApi({ key: this.key, token: this.#secrets.token })
  }

  #heard(event: RoomEvent, room: Room): void {
    if (event.type === 'messageRemoved') this.announcer.forget((seq) => seq === event.target)
    if (event.type === 'cleared') this.announcer.forget((seq) => seq <= event.upTo)
    if (event.type === 'fileWithdrawn' && event.removedBy !== undefined) this.transfers.uploads.removed(event)
    this.#readOut(event, room)
    if (
      isMessage(event) &&
      event.by.id !== room.store.member.peek().id &&
      !this.#ignored.peek().has(event.by.name.toLowerCase())
    )
      this.notifications.heard(event, room.store.member.peek().name, room.name)
  }

  #readOut(event: RoomEvent, room: Room): void {
    if (!('by' in event) || event.by.id === room.store.member.peek().id) return
    if (this.#ignored.peek().has(event.by.name.toLowerCase())) return
    if (isMessage(event)) this.announcer.heard(`${forTerminal(event.by.name)}: ${forTerminal(event.text)}`, event.seq)
    else if (event.type === 'messageRemoved' || event.type === 'cleared')
      this.announcer.heard(commonText(event, this.words.peek()), event.seq)
  }

  #left(farewell?: string): void {
    const stage = this.#stage.peek()
    if (stage.status === 'inside') stage.room.leave(farewell)
  }
}

function whyNot(error: unknown): Why {
  if (error instanceof Refused) return error.rejected
  if (error instanceof Unreachable) return { code: 'UNREACHABLE', message: error.message }
  throw error
}

/** The rooms of the host that one may see. Asked for now and then: nothing tells of them. */
class Rooms {
  readonly #rows = signal<readonly RoomRow[]>([])

  get rows(): ReadonlySignal<readonly RoomRow[]> {
    return this.#rows
  }

  async refresh(api: ApiClient): Promise<void> {
    const rooms = await listRooms(api)
    if (!isRefusal(rooms)) this.#rows.value = rooms
  }
}
