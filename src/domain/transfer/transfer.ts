import { type Rejected, rejected } from '../rejection.ts'
import type { OfferedFile, WholeFile } from '../room/events.ts'

/** One file on its way into the room. It sees offsets, sizes and digests, never bytes. */
export type Transfer =
  | { readonly status: 'new' }
  | { readonly status: 'offered'; readonly file: OfferedFile }
  | { readonly status: 'receiving'; readonly file: OfferedFile; readonly writer: string; readonly durable: number }
  | { readonly status: 'complete'; readonly file: WholeFile }
  | { readonly status: 'withdrawn'; readonly file: OfferedFile; readonly reason: string }

export type TransferCommand =
  | { readonly type: 'offer'; readonly file: OfferedFile }
  /** From now on `writer` writes; one that wrote before is fenced off. */
  | { readonly type: 'write'; readonly writer: string }
  | { readonly type: 'advance'; readonly writer: string; readonly durable: number }
  | {
      readonly type: 'finish'
      readonly writer: string
      readonly size: number
      readonly sha256: string
      /** The digest that the sender promised, where it did. */
      readonly expected?: string | undefined
    }
  | { readonly type: 'withdraw'; readonly reason: string }

export type TransferEvent =
  | { readonly type: 'offered'; readonly file: OfferedFile }
  | { readonly type: 'writing'; readonly writer: string }
  | { readonly type: 'advanced'; readonly durable: number }
  | { readonly type: 'completed'; readonly file: WholeFile }
  | { readonly type: 'withdrawn'; readonly reason: string }

export const newTransfer: Transfer = { status: 'new' }

export function decideTransfer(transfer: Transfer, command: TransferCommand): TransferEvent | Rejected {
  switch (command.type) {
    case 'offer':
      return transfer.status === 'new' ? { type: 'offered', file: command.file } : ended
    case 'write':
      return isOpen(transfer) ? { type: 'writing', writer: command.writer } : ended
    case 'advance':
      if (transfer.status !== 'receiving') return ended
      if (transfer.writer !== command.writer) return fenced
      if (command.durable < transfer.durable) return badOffset(transfer.durable)
      return { type: 'advanced', durable: command.durable }
    case 'finish': {
      if (transfer.status !== 'receiving') return ended
      if (transfer.writer !== command.writer) return fenced
      const { id, name, size } = transfer.file
      if (size !== undefined && size !== command.size) return badOffset(command.size)
      if (command.expected !== undefined && command.expected !== command.sha256) return mismatch
      return { type: 'completed', file: { id, name, size: command.size, sha256: command.sha256 } }
    }
    case 'withdraw':
      return isOpen(transfer) ? { type: 'withdrawn', reason: command.reason } : ended
    default:
      return command satisfies never
  }
}

export function evolveTransfer(transfer: Transfer, event: TransferEvent): Transfer {
  switch (event.type) {
    case 'offered':
      return { status: 'offered', file: event.file }
    case 'writing':
      if (!isOpen(transfer)) return transfer
      return { status: 'receiving', file: transfer.file, writer: event.writer, durable: durableOf(transfer) }
    case 'advanced':
      return transfer.status === 'receiving' ? { ...transfer, durable: event.durable } : transfer
    case 'completed':
      return { status: 'complete', file: event.file }
    case 'withdrawn':
      return isOpen(transfer) ? { status: 'withdrawn', file: transfer.file, reason: event.reason } : transfer
    default:
      return event satisfies never
  }
}

type Open = Extract<Transfer, { status: 'offered' | 'receiving' }>
const isOpen = (transfer: Transfer): transfer is Open =>
  transfer.status === 'offered' || transfer.status === 'receiving'
const durableOf = (transfer: Open): number => (transfer.status === 'receiving' ? transfer.durable : 0)

const ended = rejected('TRANSFER_CUT', 'this transfer has ended already; send the file again')
const fenced = rejected('FENCED', 'another connection has taken this transfer over; go on there')
const mismatch = rejected(
  'HASH_MISMATCH',
  'the bytes that arrived are not the ones that were promised; send the file again',
)
const badOffset = (durable: number): Rejected =>
  rejected('BAD_OFFSET', `the file ends at byte ${durable}; go on from there`)
