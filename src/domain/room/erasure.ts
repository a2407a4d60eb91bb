import { type Cleared, type Entry, type Erased, isMessage, type Message, type MessageRemoved } from './events.ts'
import { audienceOf } from './visibility.ts'

/** An entry that removed messages. */
export type Erasure = MessageRemoved | Cleared

export const isErasure = (entry: Entry): entry is Erasure => entry.type === 'messageRemoved' || entry.type === 'cleared'

/** The sequences of the removed messages. */
export const erasedRange = (erasure: Erasure): { readonly from: number; readonly to: number } =>
  erasure.type === 'cleared' ? { from: 1, to: erasure.upTo } : { from: erasure.target, to: erasure.target }

/** A short digest of a text: the caller makes sure that no two texts share one. */
export type Digest = (text: string) => string

/** Author, addressee and time of a message, as the first host noted them; without its text. */
export const originOf = (message: Message): readonly (string | number)[] => [
  message.type,
  message.at,
  message.by.id,
  message.by.name,
  message.type === 'whispered' ? message.to.id : '',
]

/**
 * Identifies a removed message, so that no bundle brings it back: a digest of its origin, and six bits of a digest of its text. The six
 * bits separate what one person said within one millisecond, and do not allow the text to be guessed: one text in 64 fits.
 */
export const traceOf = (message: Message, digest: Digest): string => {
  const origin = originOf(message)
  return `${digest(JSON.stringify(origin))}${digest(JSON.stringify([...origin, message.text])).slice(0, 1)}`
}

/**
 * What readers find in place of a message removed by `erasure`; any other entry is answered as it is. Facts stay. `digest`: for stores,
 * which keep a trace.
 */
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
