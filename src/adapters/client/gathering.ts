/** Some bytes of a stream, and whether they are its last. */
export interface Piece {
  readonly bytes: Buffer
  readonly last: boolean
}

/**
 * The bytes of a source in pieces of `most`, or of what came within `ms`: sent as they come, and kept until they are safe.
 * Reads one piece ahead and no further.
 */
export async function* gathered(source: AsyncIterable<Uint8Array>, most: number, ms: number): AsyncGenerator<Piece> {
  const iterator = source[Symbol.asyncIterator]()
  let parts: Uint8Array[] = []
  let size = 0
  let next = iterator.next()
  // Its failure is heard below, when it is awaited.
  next.catch(() => {})
  try {
    for (let timer: PromiseWithResolvers<'due'> | undefined, clock: NodeJS.Timeout | undefined; ; ) {
      const came = await (timer === undefined ? next : Promise.race([next, timer.promise]))
      if (came !== 'due' && came.done !== true) {
        parts.push(came.value)
        size += came.value.length
        next = iterator.next()
        next.catch(() => {})
        if (timer === undefined) {
          const due = Promise.withResolvers<'due'>()
          timer = due
          clock = setTimeout(() => due.resolve('due'), ms)
        }
        if (size < most) continue
      }
      clearTimeout(clock)
      timer = undefined
      const last = came !== 'due' && came.done === true
      const bytes = Buffer.concat(parts)
      parts = []
      size = 0
      yield { bytes, last }
      if (last) return
    }
  } finally {
    await iterator.return?.()
  }
}
