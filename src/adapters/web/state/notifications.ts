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
    // It may sound only after somebody has clicked.
    if (this.#wanted.peek()) this.#sound ??= new AudioContext()
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
    this.#ring()
  }

  #ring(): void {
    if (this.#sound?.state !== 'running') return
    const tone = this.#sound.createOscillator()
    const volume = this.#sound.createGain()
    const now = this.#sound.currentTime
    tone.frequency.value = 660
    volume.gain.setValueAtTime(0.08, now)
    volume.gain.exponentialRampToValueAtTime(0.001, now + 0.25)
    tone.connect(volume).connect(this.#sound.destination)
    tone.start(now)
    tone.stop(now + 0.25)
  }
}
