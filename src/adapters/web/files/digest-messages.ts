/** What the worker is asked: the SHA-256 of a file, and of its first so many bytes. */
export interface DigestWanted {
  readonly file: Blob
  readonly prefixes: readonly number[]
}

/** Digests are 64 hexadecimal digits. */
export type DigestNews =
  | { readonly type: 'prefix'; readonly bytes: number; readonly sha256: string }
  | { readonly type: 'whole'; readonly sha256: string }
  | { readonly type: 'failed'; readonly message: string }
