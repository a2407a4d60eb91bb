/** What a client can hold its copy of a whole file against. */
export interface Validators {
  /** Strong, with its quotes. */
  readonly etag: string
  /** Milliseconds since 1970. */
  readonly modifiedAt: number
}

export const etagOf = (sha256: string): string => `"${sha256}"`

/** HTTP dates have whole seconds. */
export const httpDate = (ms: number): string => new Date(ms).toUTCString()

const ENTITY_TAG = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g

/** Whether the client has these bytes already and is to be told so (304). Weak comparison: RFC 9110 section 13.1.2. */
export function isKnown(ifNoneMatch: string | undefined, { etag }: Pick<Validators, 'etag'>): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  for (const [, tag] of ifNoneMatch.matchAll(ENTITY_TAG)) if (tag === etag) return true
  return false
}

/**
 * Whether a Range may be honoured: without If-Range always, else only where it names exactly the bytes there are. A file that is
 * still arriving has nothing to be named by. The date of a file can stand for it, as the bytes under one id never change.
 */
export function rangeHolds(ifRange: string | string[] | undefined, validators: Validators | undefined): boolean {
  if (ifRange === undefined) return true
  const named = String(ifRange).trim()
  return validators !== undefined && (named === validators.etag || named === httpDate(validators.modifiedAt))
}
