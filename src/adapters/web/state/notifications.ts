import { type ReadonlySignal, type Signal, signal } from '@preact/signals'
import { forTerminal, isNamedIn } from '#domain/names/text.ts'
import type { Acted, Said, Whispered } from '#domain/room/events.ts'
import type { KeyValueStorage } from '../browser/platform.ts'

/** Notices of the browser's to somebody who looks elsewhere, of mentions and private messages; only where they asked for them. */
export class Notifications {
  readonly #kept: KeyValueStorage
  readonly #wanted: Signal<boolean>
  #sound: AudioContext | undefined

  constructor(kept: KeyValueStorage) {
    this.#kept = kept
    this.#wanted = signal(kept.get('notify') === 'yes')
  }

  /** Browsers have them only where nobody can listen in. */
  get possible(): boolean {
    return isSecureContext && 'Notification' in globalThis
  }

  get wanted(): ReadonlySignal<boolean> {
    return this.#wanted
  }

  /** Resolves once the person has answered the browser. */
  async want(wanted: boolean): Promise<void> {
    this.#wanted.value = wanted && (await Notification.requestPermission()) === 'granted'
    this.#kept.set('notify', this.#wanted.peek() ? 'yes' : undefined)
  }

  heard(event: Said | Acted | Whispered, me: string, room: string): void {
    if (!this.#wanted.peek() || !this.possible || document.visibilityState === 'visible') return
    if (event.type !== 'whispered' && !isNamedIn(event.text, me)) return
    const title = `${forTerminal(event.by.name)} · ${forTerminal(room)}`
    const notice = new Notification(title, {
      body: forTerminal(event.text),
      tag: event.by.id,
      icon: 'assets/icon-192.png',
    })
    notice.onclick = () => {
      focus()
      notice.close()
    }
    void this.#ring()
  }

  async #ring(): Promise<void> {
    // Until somebody clicks or types a browser is silent, and would sound then.
    if (!navigator.userActivation.hasBeenActive) return
    this.#sound ??= new AudioContext()
    const sound = this.#sound
    await sound.resume()
    const tone = sound.createOscillator()
    const volume = sound.createGain()
    const now = sound.currentTime
    tone.frequency.value = 660
    volume.gain.setValueAtTime(0.08, now)
    volume.gain.exponentialRampToValueAtTime(0.001, now + 0.25)
    tone.connect(volume).connect(sound.destination)
    tone.start(now)
    tone.stop(now + 0.25)
  }
}
