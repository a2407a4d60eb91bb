import { type Cleared, type Entry, type Erased, isMessage, type MessageRemoved } from './events.ts'
import { audienceOf } from './visibility.ts'

/** An entry by which messages were removed. */
export type Erasure = MessageRemoved | Cleared

export const isErasure = (entry: Entry): entry is Erasure => entry.type === 'messageRemoved' || entry.type === 'cleared'

/** The sequences of the messages that it removed. */
export const erasedRange = (erasure: Erasure): { readonly from: number; readonly to: number } =>
  erasure.type === 'cleared' ? { from: 1, to: erasure.upTo } : { from: erasure.target, to: erasure.target }

/** What readers find in the place of a message that this removed; the entry itself where it did not. Facts stay. */
export const erasedBy = (entry: Entry, erasure: Erasure): Entry => {
  const { from, to } = erasedRange(erasure)
  if (!isMessage(entry) || entry.seq < from || entry.seq > to) return entry
  const audience = audienceOf(entry)
  const { seq, at } = entry
  return { type: 'erased', seq, at, by: erasure.by, ...(audience === undefined ? {} : { audience }) } satisfies Erased
}
