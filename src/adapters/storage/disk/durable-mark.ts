import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { errorCode, writeAll } from '#system/files/file-system.ts'

const WRITE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const OFFSET_DIGITS = 16
const SUM_DIGITS = 32
const RECORD_BYTES = OFFSET_DIGITS + 1 + SUM_DIGITS + 1

/**
 * The file beside an upload that says how much of it is durable: one record, overwritten in place after each sync of the upload.
 * Its own sync can wait, since an older record is true as well, only less.
 */
export class DurableMark {
  readonly #path: string
  readonly #id: string
  #handle: FileHandle | undefined

  constructor(path: string, id: string) {
    this.#path = path
    this.#id = id
  }

  get isOpen(): boolean {
    return this.#handle !== undefined
  }

  /** Makes the file if it is not there. */
  async open(): Promise<void> {
    this.#handle ??= await open(this.#path, WRITE_FLAGS, 0o600)
  }

  async write(durable: number): Promise<void> {
    if (this.#handle) await writeAll(this.#handle, Buffer.from(record(this.#id, durable)), 0)
  }

  async sync(): Promise<void> {
    await this.#handle?.datasync()
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }
}

/** What the mark of the upload `id` says; 0 where there is none, or none that can be believed. */
export const readMark = async (path: string, id: string): Promise<number> => {
  const handle = await open(path, READ_FLAGS).catch((error: unknown) => {
    if (['ENOENT', 'ELOOP', 'ENXIO'].includes(errorCode(error) ?? '')) return undefined
    throw error
  })
  if (!handle) return 0
  try {
    if (!(await handle.stat()).isFile()) return 0
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(RECORD_BYTES), 0, RECORD_BYTES, 0)
    const text = buffer.toString('latin1', 0, bytesRead)
    const durable = Number(text.slice(0, OFFSET_DIGITS))
    return Number.isSafeInteger(durable) && durable > 0 && text === record(id, durable) ? durable : 0
  } finally {
    await handle.close()
  }
}

const record = (id: string, durable: number): string => {
  const offset = String(durable).padStart(OFFSET_DIGITS, '0')
  const sum = createHash('sha256').update(`${id} ${offset}`).digest('hex').slice(0, SUM_DIGITS)
  return `${offset} ${sum}\n`
}
