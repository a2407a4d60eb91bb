import type { Cancel, Clock, Ids } from '#domain/ports/system.ts'

/** The browser's time. In a hidden tab it calls late; time that counts is measured by `elapsed`. */
export class BrowserClock implements Clock {
  now(): number {
    return Date.now()
  }

  elapsed(): number {
    return performance.now()
  }

  after(ms: number, run: () => void): Cancel {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  }

  soon(run: () => void): void {
    setTimeout(run)
  }
}

/** 128 random bits as 32 hexadecimal digits. `crypto.randomUUID` is not there on plain http. */
export class BrowserIds implements Ids {
  next(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(16))
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  }
}

/** Where the page keeps small things for the next time. */
export interface KeyValueStorage {
  get(key: string): string | undefined
  /** Undefined takes it away. */
  set(key: string, value: string | undefined): void
}

/** A storage of the browser's. It may be forbidden or full: then things are kept for as long as the page is open. */
export class BrowserStorage implements KeyValueStorage {
  readonly #storage: () => Storage
  readonly #unkept = new Map<string, string>()

  constructor(storage: () => Storage) {
    this.#storage = storage
  }

  get(key: string): string | undefined {
    try {
      return this.#storage().getItem(`tamtam.${key}`) ?? this.#unkept.get(key)
    } catch {
      return this.#unkept.get(key)
    }
  }

  set(key: string, value: string | undefined): void {
    if (value === undefined) this.#unkept.delete(key)
    else this.#unkept.set(key, value)
    try {
      if (value === undefined) this.#storage().removeItem(`tamtam.${key}`)
      else this.#storage().setItem(`tamtam.${key}`, value)
    } catch {
      // Kept above.
    }
  }
}

/** The parameters in the fragment of the page's address. It never leaves the browser (C121). */
export interface Fragment {
  readonly room: string | undefined
  /** The token for the host's access rule; taken out of the address at once. */
  readonly token: string | undefined
}

export function readFragment(hash: string): Fragment {
  const said = new URLSearchParams(hash.replace(/^#/, ''))
  return { room: said.get('room') ?? undefined, token: said.get('t') ?? undefined }
}

/** Where the host's addresses begin, with a slash at the end: the address of the page itself. */
export const home = (): string => location.origin + location.pathname

/** Whether the host was reached at an address that is this machine's own. */
export const isLoopback = (): boolean => /^127\.|^\[::1]|\blocalhost$/.test(location.hostname)

export const roomFragment = (room: string): string => `#${new URLSearchParams({ room })}`

/** The `ref` of a field that was asked for just now. */
export const focusOn = (field: HTMLElement | null): void => field?.focus()

/** Puts a text on the clipboard, and says whether that worked. `navigator.clipboard` is not there on plain http; this is. */
export function copied(text: string): boolean {
  const field = document.createElement('textarea')
  field.value = text
  field.className = 'unseen'
  const focused = document.activeElement
  // Inside an open dialog: nothing else can be selected then.
  const place = document.querySelector('dialog[open] .sheet') ?? document.body
  place.append(field)
  field.select()
  try {
    return document.execCommand('copy')
  } catch {
    return false
  } finally {
    field.remove()
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true })
  }
}
