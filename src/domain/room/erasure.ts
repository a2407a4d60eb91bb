import { type Cleared, type Entry, type Erased, isMessage, type Message, type MessageRemoved } from './events.ts'
import { audienceOf } from './visibility.ts'

/** An entry by which messages were removed. */
export type Erasure = MessageRemoved | Cleared

export const isErasure = (entry: Entry): entry is Erasure => entry.type === 'messageRemoved' || entry.type === 'cleared'

/** The sequences of the messages that it removed. */
export const erasedRange = (erasure: Erasure): { readonly from: number; readonly to: number } =>
  erasure.type === 'cleared' ? { from: 1, to: erasure.upTo } : { from: erasure.target, to: erasure.target }

/** A short digest of a text: its maker answers for it that no two texts share one. */
export type Digest = (text: string) => string

/** Author, addressee and time of a message, by the host of origin; its text is no part of it. */
export const originOf = (message: Message): readonly (string | number)[] => [
  message.type,
  message.at,
  message.by.id,
  message.by.name,
  message.type === 'whispered' ? message.to.id : '',
]

/**
 * By what a message is known again that was removed, for no bundle to bring it back: a digest of its origin, and six bits of one of its text. These tell
 * apart what one person said within one millisecond, and a text cannot be guessed by them: one of 64 fits.
 */
export const traceOf = (message: Message, digest: Digest): string => {
  const origin = originOf(message)
  return `${digest(JSON.stringify(origin))}${digest(JSON.stringify([...origin, message.text])).slice(0, 1)}`
}

/** What readers find in the place of a message that this removed; the entry itself where it did not. Facts stay. `digest`: for stores, which keep a trace. */
export const erasedBy = (entry: Entry, erasure: Erasure, digest?: Digest): Entry => {
  const { from, to } = erasedRange(erasure)
  if (!isMessage(entry) || entry.seq < from || entry.seq > to) return entry
  const audience = audienceOf(entry)
  const { seq, at } = entry
  return {
    ...{ type: 'erased', seq, at, by: erasure.by },
    ...(audience === undefined ? {} : { audience }),
    ...(digest === undefined ? {} : { trace: traceOf(entry, digest) }),
  } satisfies Erased
}
