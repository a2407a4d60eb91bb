// The protocol of scp before OpenSSH 9 (`scp -O`), the receiving side of its lines and bytes. No I/O.

/** What comes from a client of scp. */
export type ScpMessage =
  /** A file is next; its bytes come once `accept` was called. */
  | { readonly type: 'file'; readonly name: string; readonly size: number }
  | { readonly type: 'folder'; readonly name: string }
  /** The times of the next file, or the end of a folder: nothing is kept of either. */
  | { readonly type: 'times' | 'up' }
  | { readonly type: 'bytes'; readonly bytes: Buffer }
  /** All bytes of the file have come, and the client has read them well. */
  | { readonly type: 'end' }
  /** The answer to a message of ours. */
  | { readonly type: 'ok' }
  | { readonly type: 'failed'; readonly text: string }
  | { readonly type: 'malformed' }

const MOST_LINE_BYTES = 8192
const LF = 0x0a
const OK = 0
const WARNING = 1
const ERROR = 2

/** Finds the messages in bytes that come in any pieces. */
export class ScpDecoder {
  #held: Buffer = Buffer.alloc(0)
  /** Bytes of the file that are still to come; undefined while lines come. */
  #left: number | undefined
  #isOver = false

  /** The bytes of a file follow. */
  accept(size: number): void {
    this.#left = size
  }

  /** The next message of what has come; undefined: more has to come first. */
  next(): ScpMessage | undefined {
    if (this.#isOver || this.#held.length === 0) return undefined
    if (this.#left !== undefined && this.#left > 0) return { type: 'bytes', bytes: this.#bytes(this.#left) }
    const [first] = this.#held
    if (first === OK) {
      this.#held = this.#held.subarray(1)
      if (this.#left === undefined) return { type: 'ok' }
      this.#left = undefined
      return { type: 'end' }
    }
    const end = this.#held.indexOf(LF)
    if (end < 0 && this.#held.length <= MOST_LINE_BYTES) return undefined
    const line = this.#held.toString('utf8', 1, end)
    this.#held = this.#held.subarray(end + 1)
    this.#left = undefined
    if (end >= 0 && (first === WARNING || first === ERROR)) return { type: 'failed', text: line }
    const message = end < 0 ? undefined : lineOf(String.fromCharCode(first ?? 0), line)
    this.#isOver = message === undefined
    return message ?? { type: 'malformed' }
  }

  push(chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
  }

  #bytes(left: number): Buffer {
    const bytes = this.#held.subarray(0, left)
    this.#held = this.#held.subarray(bytes.length)
    this.#left = left - bytes.length
    return bytes
  }
}

function lineOf(type: string, rest: string): ScpMessage | undefined {
  if (type === 'T') return /^\d+ \d+ \d+ \d+$/.test(rest) ? { type: 'times' } : undefined
  if (type === 'E') return rest === '' ? { type: 'up' } : undefined
  const [, size, name] = /^[0-7]{3,5} (\d{1,15}) ([^/]+)$/.exec(rest) ?? []
  if (name === undefined) return undefined
  if (type === 'D') return { type: 'folder', name }
  return type === 'C' ? { type: 'file', name, size: Number(size) } : undefined
}

/** The line before the bytes of a file. */
export const fileLine = (name: string, size: number): Buffer => Buffer.from(`C0444 ${size} ${name}\n`)
export const OK_BYTE = Buffer.from([OK])
/** Ends one file badly, and not the rest. */
export const warningLine = (text: string): Buffer => Buffer.from(`\u0001scp: ${text}\n`)

/** What `scp` runs at the other end: `scp -t path` receives, `scp -f path` sends. */
export interface ScpCommand {
  readonly direction: 'receive' | 'send'
  readonly path: string
  /** The path must be a folder: there are several files. */
  readonly isFolder: boolean
  /** Folders are wanted with what is in them. */
  readonly isRecursive: boolean
}

/** Undefined where it is no such command. The path is what stands behind the options, as it is. */
export function parseScp(command: string): ScpCommand | undefined {
  const [, options = '', path = ''] = /^scp((?: -[a-zA-Z]+)*)(?: --)?(?: (.*))?$/s.exec(command) ?? []
  const letters = options.replace(/[ -]/g, '')
  if (!/[tf]/.test(letters)) return undefined
  return {
    direction: letters.includes('t') ? 'receive' : 'send',
    path: path === '' ? '.' : path,
    isFolder: letters.includes('d'),
    isRecursive: letters.includes('r'),
  }
}
