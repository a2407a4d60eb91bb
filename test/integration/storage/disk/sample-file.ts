import { createCipheriv } from 'node:crypto'

/** The only bytes that a file of this id may have: the file itself shows whether it is exact. */
export const sampleFile = (id: string, size: number): Buffer =>
  createCipheriv('aes-128-ctr', Buffer.from(id, 'hex'), Buffer.alloc(16)).update(Buffer.alloc(size))

/** A size up to `most` that the id decides as well. */
export const sampleSize = (id: string, most: number): number => Number.parseInt(id.slice(0, 8), 16) % (most + 1)
