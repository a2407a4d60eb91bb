import { createHmac, timingSafeEqual } from 'node:crypto'
import { Packr, Unpackr } from 'msgpackr'
import { Batch, type CommandId } from '#domain/room/batch.ts'
import { isFact } from '#domain/room/facts.ts'
import { packEntries, unpackEntries } from '#protocol/journal-format.ts'
import { ClusterRefused } from './errors.ts'
import type { MessageKind } from './subjects.ts'

/** Goes up when the content of a message changes. */
const BATCH = 1
const TRIM = 2
export const SEAL_BYTES = 16
/** A msgpack header in front of the seal, which stands last. */
const SEAL_HEADER = Uint8Array.of(0xc4, SEAL_BYTES)
const SHORTEST = SEAL_HEADER.length + SEAL_BYTES + 2
/** NATS takes no larger message unless it is told to. */
export const MESSAGE_BYTES = 1024 * 1024
const MOST_IDS = 100_000
/** The batch before a room's first. */
export const NO_SEAL = new Uint8Array(SEAL_BYTES)

const packr = new Packr({ useRecords: false })
const unpackr = new Unpackr({ useRecords: false, copyBuffers: true })

/** One committed batch of a room. */
export interface BatchMessage {
  readonly type: 'batch'
  /** Made once, and the same in each try to append it. */
  readonly commit: string
  readonly first: number
  readonly last: number
  /** The seal of the room's batch before. */
  readonly previous: Uint8Array
  readonly seal: Uint8Array
  readonly ids: readonly CommandId[]
  /** As they are stored. */
  readonly entries: Uint8Array
}

/** The room's history begins behind `upTo`. */
export interface TrimMessage {
  readonly type: 'trim'
  readonly upTo: number
}

export type Message = BatchMessage | TrimMessage

export const kindOf = (batch: Batch): MessageKind => (batch.entries.some(isFact) ? 'facts' : 'chat')

/** Makes and reads the messages of a cluster: each is sealed with the cluster's key, for its subject, and behind the batch before. */
export class MessageCodec {
  readonly #key: string

  constructor(key: string) {
    this.#key = key
  }

  encodeBatch(subject: string, batch: Batch, commit: string, previous: Uint8Array): Uint8Array {
    const ids = batch.ids.map(({ id, seq }) => [id, seq])
    return this.#sealed(subject, [
      BATCH,
      commit,
      batch.first,
      batch.last,
      previous,
      ids,
      Uint8Array.from(batch.encoded(packEntries)),
    ])
  }

  encodeTrim(subject: string, upTo: number): Uint8Array {
    return this.#sealed(subject, [TRIM, upTo])
  }

  /** Undefined where it is none, is torn, or was not sealed with this key for this subject. */
  decode(subject: string, bytes: Uint8Array): Message | undefined {
    if (bytes.length < SHORTEST || bytes.length > MESSAGE_BYTES) return undefined
    const sealAt = bytes.length - SEAL_BYTES
    const seal = Uint8Array.from(bytes.subarray(sealAt))
    if (!timingSafeEqual(seal, this.#seal(subject, bytes.subarray(0, sealAt)))) return undefined
    try {
      return read(unpackr.unpack(bytes), seal)
    } catch {
      return undefined
    }
  }

  #sealed(subject: string, parts: readonly unknown[]): Uint8Array {
    // An array of one more part, which is the seal.
    const packed = packr.pack(parts)
    const bytes = new Uint8Array(packed.length + SEAL_HEADER.length + SEAL_BYTES)
    bytes.set(packed)
    bytes[0] = (packed[0] ?? 0) + 1
    bytes.set(SEAL_HEADER, packed.length)
    const sealAt = bytes.length - SEAL_BYTES
    bytes.set(this.#seal(subject, bytes.subarray(0, sealAt)), sealAt)
    return bytes
  }

  #seal(subject: string, bytes: Uint8Array): Uint8Array {
    const whole = createHmac('sha256', this.#key).update(subject).update('\0').update(bytes).digest()
    return Uint8Array.from(whole.subarray(0, SEAL_BYTES))
  }
}

/** The batch of a message; undefined where its entries are not those that it says. Throws `ClusterRefused` where this version cannot read them. */
export function batchOf(room: string, { first, last, ids, entries }: BatchMessage): Batch | undefined {
  let read: Batch
  try {
    read = unpackEntries(room, entries)
  } catch (cause) {
    const what =
      'a batch of the cluster cannot be read here: a newer tamtam may have written it; install that at this node'
    throw new ClusterRefused('CLUSTER_UNFIT', what, { cause })
  }
  const isDense = read.entries.every(({ seq }, index) => seq === first + index)
  if (!isDense || read.last !== last || ids.some(({ seq }) => seq < first || seq > last)) return undefined
  return new Batch(room, read.entries, ids)
}

function read(tuple: unknown, seal: Uint8Array): Message | undefined {
  if (!Array.isArray(tuple)) return undefined
  if (tuple[0] === TRIM) return isSequence(tuple[1]) ? { type: 'trim', upTo: tuple[1] } : undefined
  const [version, commit, first, last, previous, ids, entries] = tuple
  if (version !== BATCH || typeof commit !== 'string' || !isSequence(first) || !isSequence(last)) return undefined
  if (first > last || !isBytes(previous) || previous.length !== SEAL_BYTES || !isBytes(entries)) return undefined
  if (!Array.isArray(ids) || ids.length > MOST_IDS || !ids.every(isId)) return undefined
  return {
    ...{ type: 'batch', commit, first, last, previous: Uint8Array.from(previous), seal },
    ids: ids.map(([id, seq]) => ({ id, seq })),
    entries: Uint8Array.from(entries),
  }
}

const isSequence = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0
const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array
const isId = (value: unknown): value is [string, number] =>
  Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && isSequence(value[1])
