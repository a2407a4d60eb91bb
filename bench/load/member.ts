import { connect, type Socket } from 'node:net'

const READ_BYTES = 256 * 1024
/** In front of the bytes of a read: the start of a line from the chunk before. */
const MARGIN = 1024

/** Gets `area` from `from` to `to`: whole lines it takes, and answers where it stopped. */
export type Take = (member: Member, area: Buffer, from: number, to: number) => number

/** One buffer that all members of a run read into, one after the other: reading allocates nothing. */
export class ReadArea {
  readonly bytes: Buffer = Buffer.alloc(MARGIN + READ_BYTES)
  readonly into: Buffer = this.bytes.subarray(MARGIN)
}

/** One connection of the load generator. */
export class Member {
  readonly index: number
  readonly socket: Socket
  readonly #area: ReadArea
  readonly #take: Take
  #rest: Buffer = Buffer.alloc(0)

  /** `from` is the source address; `failed` is called when the connection breaks or the server ends it. */
  constructor(
    to: { readonly index: number; readonly port: number; readonly from?: string },
    area: ReadArea,
    take: Take,
    failed: (error: Error) => void,
  ) {
    const { index, port, from } = to
    this.index = index
    this.#area = area
    this.#take = take
    const onread = { buffer: area.into, callback: (length: number) => this.#read(length) }
    // Without need no address: to find a free port for one takes the system a millisecond when many were used just before.
    const local = from === undefined ? {} : { localAddress: from }
    this.socket = connect({ host: '127.0.0.1', port, ...local, noDelay: true, onread })
    this.socket.on('error', (error) => failed(error))
    this.socket.on('end', () => failed(new Error(`the server ended connection ${index}`)))
  }

  #read(length: number): boolean {
    const { bytes } = this.#area
    const start = MARGIN - this.#rest.length
    const end = MARGIN + length
    if (this.#rest.length > 0) this.#rest.copy(bytes, start)
    const stopped = this.#take(this, bytes, start, end)
    this.#rest = stopped < end ? Buffer.from(bytes.subarray(stopped, end)) : nothing
    if (this.#rest.length > MARGIN) throw new Error('a line of the server is longer than any that was sent')
    return true
  }

  get connected(): Promise<void> {
    if (!this.socket.connecting) return Promise.resolve()
    return new Promise((resolve) => this.socket.once('connect', () => resolve()))
  }

  /** Ends it; breaking is no failure any more. */
  leave(): void {
    this.socket.removeAllListeners()
    this.socket.on('error', () => {})
    this.socket.destroy()
  }
}

const nothing = Buffer.alloc(0)
