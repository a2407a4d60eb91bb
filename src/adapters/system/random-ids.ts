import { randomBytes } from 'node:crypto'
import type { Ids } from '#domain/ports/ids.ts'

/** 128 bits from the system's generator. */
export class RandomIds implements Ids {
  next(): string {
    return randomBytes(16).toString('hex')
  }
}
