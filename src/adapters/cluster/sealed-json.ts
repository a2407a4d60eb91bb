import { createHmac, timingSafeEqual } from 'node:crypto'
import * as v from 'valibot'
import { MESSAGE_BYTES, SEAL_BYTES } from './message.ts'

/** JSON that is sealed with the cluster's key, for the place that it is sent to or kept at. */
export class SealedJson {
  readonly #key: string

  constructor(key: string) {
    this.#key = key
  }

  encode(place: string, value: object): Uint8Array {
    const bytes = Buffer.from(JSON.stringify(value))
    return Buffer.concat([this.#seal(place, bytes), bytes])
  }

  /** Undefined where it is not of this shape, or was not sealed with this key for this place. */
  decode<T>(schema: v.GenericSchema<unknown, T>, place: string, data: Uint8Array): T | undefined {
    if (data.length <= SEAL_BYTES || data.length > MESSAGE_BYTES) return undefined
    const bytes = data.subarray(SEAL_BYTES)
    if (!timingSafeEqual(data.subarray(0, SEAL_BYTES), this.#seal(place, bytes))) return undefined
    try {
      const read = v.safeParse(schema, JSON.parse(Buffer.from(bytes).toString()))
      return read.success ? read.output : undefined
    } catch {
      return undefined
    }
  }

  #seal(place: string, bytes: Uint8Array): Uint8Array {
    const whole = createHmac('sha256', this.#key).update(place).update('\0json\0').update(bytes).digest()
    return whole.subarray(0, SEAL_BYTES)
  }
}
