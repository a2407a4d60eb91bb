import type { Ids } from '#domain/ports/system.ts'

/** 128 random bits as 32 hexadecimal digits. `crypto.randomUUID` is not there on plain http. */
export class BrowserIds implements Ids {
  next(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(16))
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  }
}
