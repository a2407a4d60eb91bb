import { type Rejected, rejected } from '#domain/errors.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { Clock } from '#domain/ports/system.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { Refused, type Session, type Upload } from '#domain/session.ts'
import { SourceFailed } from '#domain/transfer/upload.ts'
import { sizeText } from '#i18n/format.ts'
import { Progress } from '../connection/idle.ts'
import type { Outbox } from '../connection/outbox.ts'
import { SENTINEL } from './sentinel.ts'
import type { LineSettings } from './settings.ts'
import type { BeginItem } from './syntax.ts'

// How much of a sent file the kernels of both sides may still hold, and the slowest reader of it that we wait for.
const KERNEL_BYTES = 10_000_000
const SLOW_READER_BYTES_PER_MS = 10_000
// A reader that stalled meanwhile tells nothing about its speed.
const LONGEST_UNREAD_MS = 60_000

/** One file that comes in over a line connection, from its first line to the answer. */
export class LineUpload {
  readonly begin: BeginItem
  readonly #queue: ByteChannel
  readonly #upload: Upload
  readonly #clock: Clock
  readonly #progress: Progress
  readonly #settings: LineSettings
  #pushed = 0
  /** The sender waits for the disk, or for its turn under the bandwidth caps. */
  #paused = false
  #cancelTimer: () => void

  /** `refused` is called once when the room does not get the file, also before its bytes have ended. */
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

  /** Returns a promise when the connection should wait before it pushes again. */
  push(bytes: Uint8Array): Promise<void> | undefined {
    const wait = this.#queue.push(bytes)
    this.#pushed += bytes.length
    this.#progress.reached(this.#pushed, this.#clock.elapsed())
    this.#paused = wait !== undefined
    return wait?.finally(() => {
      this.#paused = false
      this.#progress.waited(this.#clock.elapsed())
    })
  }

  /** The body is over. Resolves to the room's file, or to the refusal. */
  end(): Promise<WholeFile | Rejected> {
    return this.#close()
  }

  /** The sender is gone, or its bytes can't be trusted. */
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
    if (this.#paused) this.#progress.waited(now)
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

/**
 * A file's bytes between the connection that pushes and the upload that pulls. Bounded: the connection waits while more than
 * `markBytes` are in it.
 */
export class ByteChannel implements AsyncIterable<Uint8Array> {
  readonly #markBytes: number
  #pieces: Uint8Array[] = []
  #bytes = 0
  #status: 'open' | 'ended' | 'given up' = 'open'
  #failure: Error | undefined
  #wakeReader: (() => void) | undefined
  #wakeWriter: (() => void) | undefined

  constructor(markBytes: number) {
    this.#markBytes = markBytes
  }

  /** Returns a promise when the pusher should wait before it pushes again. */
  push(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#status !== 'open') return undefined
    this.#pieces.push(bytes)
    this.#bytes += bytes.length
    this.#wakeReader?.()
    if (this.#bytes <= this.#markBytes) return undefined
    return new Promise((resolve) => {
      this.#wakeWriter = resolve
    })
  }

  /** No more bytes come; with `failure`, because the file was cut. */
  end(failure?: Error): void {
    if (this.#status !== 'open') return
    this.#status = 'ended'
    this.#failure = failure
    this.#wakeReader?.()
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    try {
      while (true) {
        const pieces = this.#pieces
        this.#pieces = []
        for (const bytes of pieces) {
          yield bytes
          this.#bytes -= bytes.length
          if (this.#bytes <= this.#markBytes / 2) this.#release()
        }
        if (this.#failure !== undefined) throw this.#failure
        if (this.#pieces.length > 0) continue
        if (this.#status !== 'open') return
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve
        })
        this.#wakeReader = undefined
      }
    } finally {
      // The upload ended before its bytes did: further bytes are dropped, and the pusher must not wait for ever.
      this.#status = 'given up'
      this.#pieces = []
      this.#release()
    }
  }

  #release(): void {
    this.#wakeWriter?.()
    this.#wakeWriter = undefined
  }
}

export interface InlineFile {
  readonly outbox: Outbox
  readonly clock: Clock
  readonly apartMs: number
}

/**
 * Sends a whole file as the seed's client reads it: header, bytes and sentinel, each apart on the wire, because its reader drops the
 * bytes that arrive together with the header or the sentinel. It acknowledges nothing, so: flush, and give it time.
 * Throws the source's error, before the header where the source gives nothing (P1: no empty file in its place). Where the file is
 * removed behind its header, the sentinel ends it, or the reader would take all chat for the file, and the caller tells the reader (C30).
 * After an error of ours there is no sentinel: the connection ends, and the part must not pass for the file.
 */
export async function sendInlineFile(
  file: WholeFile,
  source: AsyncIterable<Uint8Array>,
  to: InlineFile,
): Promise<void> {
  const { outbox } = to
  const pieces = source[Symbol.asyncIterator]()
  let piece = await pieces.next()
  await apart(to, 0)
  // The seed's client takes the name up to the first space; netcat shows it (C59).
  outbox.write(Buffer.from(`SEND ${forTerminal(file.name).replaceAll(' ', '_')}\n`))
  await apart(to, 0)
  const started = to.clock.elapsed()
  let removed: Refused | undefined
  try {
    for (; piece.done !== true; piece = await pieces.next()) {
      outbox.write(piece.value)
      // The bytes are lent: the next piece may lie in the same buffer.
      await outbox.flushed()
      if (!outbox.open) return
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    removed = error
  } finally {
    await pieces.return?.()
  }
  await apart(to, unreadMs(file.size, to.clock.elapsed() - started))
  outbox.write(SENTINEL)
  await apart(to, 0)
  if (removed !== undefined) throw removed
}

/** How long the reader may still need for the part that the kernels hold. */
function unreadMs(size: number, sentInMs: number): number {
  const unread = Math.min(size, KERNEL_BYTES)
  const atItsPace = size === 0 ? 0 : 1.5 * sentInMs * (unread / size)
  return Math.max(Math.min(atItsPace, LONGEST_UNREAD_MS), unread / SLOW_READER_BYTES_PER_MS)
}

async function apart({ outbox, clock, apartMs }: InlineFile, extraMs: number): Promise<void> {
  await outbox.flushed()
  await new Promise<void>((resolve) => clock.after(apartMs + extraMs, resolve))
}
