import { type Rejected, rejected } from '../errors.ts'
import type { OfferedFile, WholeFile } from '../room/events.ts'

/** One unfinished file. It deals with offsets, sizes and digests, never with bytes. */
export type Transfer =
  | { readonly status: 'new' }
  | { readonly status: 'offered'; readonly file: OfferedFile; readonly durable: number }
  | { readonly status: 'receiving'; readonly file: OfferedFile; readonly writer: string; readonly durable: number }
  | { readonly status: 'complete'; readonly file: WholeFile }
  | { readonly status: 'withdrawn'; readonly file: OfferedFile; readonly reason: string }

export type TransferCommand =
  | { readonly type: 'offer'; readonly file: OfferedFile }
  /** The sender gives the size that was unknown at first. */
  | { readonly type: 'declare'; readonly size: number }
  /** The sender gives the digest that was unknown at first. */
  | { readonly type: 'promise'; readonly sha256: string }
  /** From now on `writer` writes, at `offset`, which must be the durable one; the writer before is fenced off. */
  | { readonly type: 'write'; readonly writer: string; readonly offset: number; readonly durable: number }
  | { readonly type: 'advance'; readonly writer: string; readonly bytes: number; readonly durable: number }
  /** There is no writer for now. */
  | { readonly type: 'pause'; readonly durable: number }
  | { readonly type: 'finish'; readonly writer: string; readonly size: number; readonly sha256: string }
  | { readonly type: 'withdraw'; readonly reason: string }

/** The room has been told about the file. */
export interface Offered {
  readonly type: 'offered'
  readonly file: OfferedFile
}
/** The sender has given the size that was unknown at first, in bytes. */
export interface Declared {
  readonly type: 'declared'
  readonly size: number
}
/** The sender has given the digest that was unknown at first: 64 hexadecimal digits. */
export interface Promised {
  readonly type: 'promised'
  readonly sha256: string
}
/** A writer writes from the offset `durable` on: the first, a later one, or one in place of the writer before. */
export interface Resumed {
  readonly type: 'resumed'
  /** Identifies this writer; each has another. */
  readonly writer: string
  readonly durable: number
}
/** More bytes have arrived: `bytes` in all, of which `durable` would survive a crash. */
export interface Progressed {
  readonly type: 'progressed'
  readonly bytes: number
  readonly durable: number
}
/** There is no writer for now. The next one continues from `durable`. */
export interface Paused {
  readonly type: 'paused'
  readonly durable: number
}
/** The file is complete, and its room has been told. Nothing follows. */
export interface Completed {
  readonly type: 'completed'
  readonly file: WholeFile
}
/** Nothing of the file stays. Nothing follows. */
export interface Withdrawn {
  readonly type: 'withdrawn'
  readonly reason: string
}

/** The events of one unfinished file. */
export type TransferEvent = Offered | Declared | Promised | Resumed | Progressed | Paused | Completed | Withdrawn

/** Its status as shown to others. */
export type TransferStatus = 'arriving' | 'paused' | 'whole' | 'withdrawn'

const STATUSES = {
  new: 'paused',
  offered: 'paused',
  receiving: 'arriving',
  complete: 'whole',
  withdrawn: 'withdrawn',
} as const satisfies Record<Transfer['status'], TransferStatus>

export const statusOf = ({ status }: Transfer): TransferStatus => STATUSES[status]

export const newTransfer: Transfer = { status: 'new' }

export function decideTransfer(transfer: Transfer, command: TransferCommand): TransferEvent | Rejected {
  if (command.type === 'offer') return transfer.status === 'new' ? { type: 'offered', file: command.file } : ended
  if (!isOpen(transfer)) return ended
  const { size } = transfer.file
  switch (command.type) {
    case 'declare':
      if (size !== undefined && size !== command.size) return otherSize(size)
      return command.size < transfer.durable ? badOffset(transfer.durable) : { type: 'declared', size: command.size }
    case 'promise': {
      const { sha256 = command.sha256 } = transfer.file
      return sha256 === command.sha256 ? { type: 'promised', sha256 } : otherDigest
    }
    case 'write':
      if (command.offset !== command.durable) return badOffset(command.durable)
      return { type: 'resumed', writer: command.writer, durable: command.durable }
    case 'advance':
      if (!isWriter(transfer, command.writer)) return fenced
      if (command.durable < transfer.durable) return badOffset(transfer.durable)
      return { type: 'progressed', bytes: command.bytes, durable: command.durable }
    case 'pause':
      return { type: 'paused', durable: command.durable }
    case 'finish': {
      if (!isWriter(transfer, command.writer)) return fenced
      const { id, name, sha256 } = transfer.file
      if (size !== undefined && size !== command.size) return cut(command.size, size)
      if (sha256 !== undefined && sha256 !== command.sha256) return mismatch
      return { type: 'completed', file: { id, name, size: command.size, sha256: command.sha256 } }
    }
    case 'withdraw':
      return { type: 'withdrawn', reason: command.reason }
    default:
      return command satisfies never
  }
}

export function evolveTransfer(transfer: Transfer, event: TransferEvent): Transfer {
  if (event.type === 'offered') return { status: 'offered', file: event.file, durable: 0 }
  if (!isOpen(transfer)) return transfer
  const { file } = transfer
  switch (event.type) {
    case 'declared':
      return { ...transfer, file: { ...file, size: event.size } }
    case 'promised':
      return { ...transfer, file: { ...file, sha256: event.sha256 } }
    case 'resumed':
      return { status: 'receiving', file, writer: event.writer, durable: event.durable }
    case 'progressed':
      return { ...transfer, durable: event.durable }
    case 'paused':
      return { status: 'offered', file, durable: event.durable }
    case 'completed':
      return { status: 'complete', file: event.file }
    case 'withdrawn':
      return { status: 'withdrawn', file, reason: event.reason }
    default:
      return event satisfies never
  }
}

type Open = Extract<Transfer, { status: 'offered' | 'receiving' }>
const isOpen = (transfer: Transfer): transfer is Open =>
  transfer.status === 'offered' || transfer.status === 'receiving'
const isWriter = (transfer: Open, writer: string): boolean =>
  transfer.status === 'receiving' && transfer.writer === writer

const ended = rejected('TRANSFER_CUT', 'this transfer has ended already; send the file again')
export const fenced: Rejected = rejected('FENCED', 'another connection has taken this transfer over; go on there')
const mismatch = rejected(
  'HASH_MISMATCH',
  'the bytes that arrived are not the ones that were promised; send the file again',
)
const otherDigest = rejected('HASH_MISMATCH', 'this file has another digest; it was said before')
const badOffset = (durable: number): Rejected =>
  rejected('BAD_OFFSET', `the file ends at byte ${durable}; go on from there`)
const otherSize = (size: number): Rejected => rejected('BAD_OFFSET', `this file has ${size} bytes; it was said before`)
const cut = (arrived: number, size: number): Rejected =>
  rejected('TRANSFER_CUT', `${arrived} of ${size} bytes arrived; go on from there, or send the file again`)

export const notOwner: Rejected = rejected(
  'NOT_OWNER',
  "this upload is somebody else's; go on as whoever began it (the same key, or the same name and address), or begin one of your own",
)
