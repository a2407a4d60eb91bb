import { type ReadonlySignal, signal } from '@preact/signals'
import type { Room } from '../state/room.ts'
import { type FileToSend, Uploads } from './uploads.ts'

/** Where files leave from, whichever way they were chosen. */
export class FileTransfers {
  readonly uploads = new Uploads()
  readonly #news = signal('')
  /** The text that is about to become a file; undefined while nobody writes one. */
  readonly draft = signal<string | undefined>(undefined)

  /** What has just happened, for those who do not see it. */
  get news(): ReadonlySignal<string> {
    return this.#news
  }

  tell(news: string): void {
    this.#news.value = news
  }

  /** To the person whom one is whispering to, or to all in the room. */
  send({ place, name, writing }: Room, files: readonly FileToSend[]): void {
    const [me, to] = [place.member.peek().id, writing.to.peek()]
    this.uploads.send(files, { host: place.host, room: name, me, to })
  }
}
