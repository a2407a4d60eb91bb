/** What a GET is to answer with: everything, the bytes from `first` to `last` (both included), or 416. */
export type Wanted =
  | { readonly status: 'all' }
  | { readonly status: 'part'; readonly first: number; readonly last: number }
  | { readonly status: 'unsatisfiable' }

export type Part = Extract<Wanted, { status: 'part' }>

const ONE_RANGE = /^bytes=[ \t]*(?:(\d+)-(\d*)|-(\d+))[ \t]*$/i

/**
 * What a Range header asks of a file of `size` bytes, or of one whose size is not known yet. What is not exactly one range of
 * bytes is ignored, as RFC 9110 section 14.2 allows: no answer ever has several parts (C116).
 */
export function wantedRange(header: string | undefined, size: number | undefined): Wanted {
  const found = ONE_RANGE.exec(header ?? '')
  // A Range that some clients send with everything must not make an empty file an error.
  if (found === null || size === 0) return all
  const [, from, to, suffix] = found
  if (suffix !== undefined) return size === undefined ? all : suffixOf(Number(suffix), size)
  const first = Number(from)
  const last = to === '' ? Number.POSITIVE_INFINITY : Number(to)
  if (last < first) return all
  const end = (size ?? FAR) - 1
  if (first > end) return unsatisfiable
  return { status: 'part', first, last: Math.min(last, end) }
}

export const contentRange = ({ first, last }: Part, size: number | undefined): string =>
  `bytes ${first}-${last}/${size ?? '*'}`

/** `Content-Range` of a 416: what there is. */
export const contentRangeOfNone = (size: number | undefined): string => `bytes */${size ?? '*'}`

// Behind the end of any file: what stands for the end while nobody knows it (RFC 8673 section 2.2).
const FAR = Number.MAX_SAFE_INTEGER

const all: Wanted = { status: 'all' }
const unsatisfiable: Wanted = { status: 'unsatisfiable' }

function suffixOf(count: number, size: number): Wanted {
  if (count === 0) return unsatisfiable
  return { status: 'part', first: Math.max(0, size - count), last: size - 1 }
}
