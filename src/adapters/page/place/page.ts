import { computed, type ReadonlySignal, signal } from '@preact/signals'
import { checkNick } from '../../../domain/names/nick.ts'
import { checkRoomName } from '../../../domain/names/room-name.ts'
import { Refused } from '../../../domain/session.ts'
import { forTerminal } from '../../../domain/text/terminal.ts'
import { Unreachable } from '../../client/failures.ts'
import { type Language, type Words, wordsIn } from '../../words/words.ts'
import { readFragment, roomFragment } from '../browser/address.ts'
import { BrowserIds } from '../browser/ids.ts'
import type { Keepsakes } from '../browser/keepsakes.ts'
import { sessionDefaults } from '../defaults.ts'
import { Desk } from '../files/desk.ts'
import { Room } from './room.ts'

/** Why one is not in the room. */
export interface Why {
  readonly code: string
  readonly message: string
}

export type Stage =
  | { readonly status: 'asking'; readonly why: Why | undefined }
  | { readonly status: 'entering'; readonly why: Why | undefined }
  | { readonly status: 'inside'; readonly room: Room }

export type Theme = 'light' | 'dark' | 'system'

const LOBBY = 'lobby'

/** The page as a whole: who is at it, which room is open, and what they have chosen. */
export class Page {
  /** Kept in this browser, over tabs and days; and only for this tab. */
  readonly kept: Keepsakes
  readonly session: Keepsakes
  readonly #stage = signal<Stage>({ status: 'asking', why: undefined })
  readonly #roomName = signal(LOBBY)
  readonly language: ReturnType<typeof signal<Language>>
  readonly words: ReadonlySignal<Words>
  readonly theme: ReturnType<typeof signal<Theme>>
  readonly key: string
  /** The files that leave from here. */
  readonly desk = new Desk()
  #token: string | undefined
  #entry = 0

  constructor(kept: Keepsakes, session: Keepsakes, languages: readonly string[]) {
    this.kept = kept
    this.session = session
    const asked = languages.find((tag) => /^(en|id)\b/i.test(tag)) ?? 'en'
    this.language = signal<Language>((kept.get('language') ?? asked.slice(0, 2).toLowerCase()) === 'id' ? 'id' : 'en')
    this.words = computed(() => wordsIn(this.language.value ?? 'en', forTerminal))
    this.theme = signal<Theme>((['light', 'dark'] as const).find((each) => each === kept.get('theme')) ?? 'system')
    this.key = kept.get('key') ?? new BrowserIds().next()
    kept.set('key', this.key)
    this.#token = session.get('token') ?? kept.get('token')
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

  /** Begins with what the address says, and goes on as it changes. */
  start(): void {
    addEventListener('hashchange', () => this.#follow())
    this.#follow()
  }

  /** Comes into the room under a name; both are checked by the host as well. */
  async come(name: string, room: string, secret?: string): Promise<void> {
    const nick = checkNick(name.trim())
    const named = checkRoomName(room.trim() === '' ? LOBBY : room.trim())
    const fault = 'type' in nick ? nick : typeof named === 'string' ? undefined : named
    if (fault !== undefined || 'type' in nick || typeof named !== 'string') {
      this.#stage.value = { status: 'asking', why: fault }
      return
    }
    this.kept.set('name', nick.name)
    if (secret !== undefined && secret !== '') this.#showing(secret)
    this.#roomName.value = named
    if (readFragment(location.hash).room !== named) history.pushState(null, '', roomFragment(named))
    await this.#enter(nick.name, named)
  }

  /** Goes to another room under the same name. */
  go(room: string): void {
    if (this.name === '') this.#roomName.value = room
    else void this.come(this.name, room)
  }

  /** Back to the form. */
  ask(why?: Why): void {
    this.#entry++
    this.#left()
    this.#stage.value = { status: 'asking', why }
  }

  #follow(): void {
    const { room, token } = readFragment(location.hash)
    const named = checkRoomName(room ?? LOBBY)
    const wanted = typeof named === 'string' ? named : LOBBY
    if (token !== undefined) {
      this.#showing(token)
      history.replaceState(null, '', roomFragment(wanted))
    }
    const stage = this.#stage.peek()
    if (stage.status === 'inside' && stage.room.name === wanted && token === undefined) return
    this.#roomName.value = wanted
    if (this.name !== '') void this.come(this.name, wanted)
  }

  #showing(token: string): void {
    this.#token = token
    this.session.set('token', token)
    this.kept.set('token', token)
  }

  async #enter(name: string, roomName: string): Promise<void> {
    const entry = ++this.#entry
    this.#left()
    this.#stage.value = { status: 'entering', why: undefined }
    for (
      let waitMs = sessionDefaults.firstRetryMs;
      entry === this.#entry;
      waitMs = Math.min(waitMs * 2, sessionDefaults.mostRetryMs)
    ) {
      const room = new Room({ room: roomName, name }, { key: this.key, token: this.#token }, this.session)
      const why = await room.enter().then(() => undefined, whyNot)
      if (entry !== this.#entry) {
        room.leave()
        return
      }
      if (why === undefined) {
        this.#stage.value = { status: 'inside', room }
        return
      }
      if (why.code !== 'UNREACHABLE') {
        this.#stage.value = { status: 'asking', why }
        return
      }
      this.#stage.value = { status: 'entering', why }
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
  }

  #left(): void {
    const stage = this.#stage.peek()
    if (stage.status === 'inside') stage.room.leave()
  }
}

function whyNot(error: unknown): Why {
  if (error instanceof Refused) return error.rejected
  if (error instanceof Unreachable) return { code: 'UNREACHABLE', message: error.message }
  throw error
}
