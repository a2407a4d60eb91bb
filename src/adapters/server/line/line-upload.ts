import { type Rejected, rejected } from '#domain/errors.ts'
import type { Clock } from '#domain/ports/clock.ts'
import type { WholeFile } from '#domain/room/events.ts'
import type { Session, Upload } from '#domain/session.ts'
import { SourceFailed } from '#domain/transfer/upload.ts'
import { sizeText } from '#i18n/format.ts'
import { Progress } from '../connection/progress.ts'
import { ByteChannel } from './byte-channel.ts'
import type { BeginItem } from './codec/items.ts'
import type { LineSettings } from './settings.ts'

/** One file that comes in over a line connection: from its first line to the answer. */
export class LineUpload {
  readonly begin: BeginItem
  readonly #queue: ByteChannel
  readonly #upload: Upload
  readonly #clock: Clock
  readonly #progress: Progress
  readonly #settings: LineSettings
  #pushed = 0
  /** The sender waits for us: for the disk, or for its turn under the caps. */
  #held = false
  #cancelTimer: () => void

  /** `refused` hears why the file does not get into the room, be it before its bytes have ended. */
  constructor(
    begin: BeginItem,
    session: Session,
    clock: Clock,
    settings: LineSettings,
    refused: (why: Rejected) => void,
  ) {
    this.begin = begin
    this.#clock = clock
    this.#settings = settings
    const { uploadStallMs: stallMs, uploadWindowMs: windowMs, uploadLeastBytes: leastBytes } = settings
    this.#progress = new Progress({ stallMs, windowMs, leastBytes }, clock.elapsed())
    this.#queue = new ByteChannel(settings.bodyMarkBytes)
    const { name, size, to } = begin
    const told = { ...(size === undefined ? {} : { size }), ...(to === undefined ? {} : { to }) }
    this.#upload = session.upload(this.#queue, { name, ...told })
    this.#upload.done.then(
      (ended) => {
        if ('type' in ended) refused(ended)
      },
      () => refused(broken),
    )
    this.#cancelTimer = clock.after(stallMs, this.#watch)
  }

  /** Answers a promise when the connection should wait before it pushes again. */
  push(bytes: Uint8Array): Promise<void> | undefined {
    const wait = this.#queue.push(bytes)
    this.#pushed += bytes.length
    this.#progress.reached(this.#pushed, this.#clock.elapsed())
    this.#held = wait !== undefined
    return wait?.finally(() => {
      this.#held = false
      this.#progress.waited(this.#clock.elapsed())
    })
  }

  /** The body is over: resolves when the room has the file, or to why it has not. */
  end(): Promise<WholeFile | Rejected> {
    return this.#close()
  }

  /** The sender is gone, or what it sent can't be trusted. */
  cut(why: Rejected): Promise<WholeFile | Rejected> {
    return this.#close(new SourceFailed(why))
  }

  #close(failure?: Error): Promise<WholeFile | Rejected> {
    this.#cancelTimer()
    this.#queue.end(failure)
    return this.#upload.done
  }

  readonly #watch = (): void => {
    const now = this.#clock.elapsed()
    if (this.#held) this.#progress.waited(now)
    const left = this.#progress.leftMs(now)
    if (left > 0) this.#cancelTimer = this.#clock.after(left, this.#watch)
    else
      void this.cut(this.#progress.isTrickle(now) ? trickled(this.#settings) : stalled(this.#settings)).catch(() => {})
  }
}

const stalled = ({ uploadStallMs }: LineSettings): Rejected =>
  rejected('TRANSFER_STALLED', `nothing of the file arrived for ${uploadStallMs / 1000} s; send it again`)
const trickled = ({ uploadWindowMs, uploadLeastBytes }: LineSettings): Rejected =>
  rejected(
    'TRANSFER_STALLED',
    `less than ${sizeText(uploadLeastBytes)} of the file arrived in ${uploadWindowMs / 1000} s; send it again`,
  )
const broken = rejected('TRANSFER_CUT', 'the host could not keep the file')

export const sentinelCandidate: Rejected = rejected(
  'SUSPECT_END',
  'the end mark stood inside the file, so its end is not where you meant it; send it with /put <size> <name>',
)
