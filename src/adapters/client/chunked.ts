import type { Piece } from './stream-upload.ts'

/**
 * The bytes of a source in chunks of at most `most`: full ones, or the bytes of the last `ms`. So they are sent as they arrive, and can
 * be kept until they are safe. Reads one chunk of the source ahead.
 */
export async function* chunked(source: AsyncIterable<Uint8Array>, most: number, ms: number): AsyncGenerator<Piece> {
  const iterator = source[Symbol.asyncIterator]()
  let parts: Uint8Array[] = []
  let size = 0
  let due: Promise<'due'> | undefined
  let timer: NodeJS.Timeout | undefined
  const ask = () => {
    const asked = iterator.next()
    // Its failure is handled when it is awaited, perhaps later.
    asked.catch(() => {})
    return asked
  }
  try {
    for (let next = ask(); ; ) {
      const came = await (due === undefined ? next : Promise.race([next, due]))
      const ended = came !== 'due' && came.done === true
      if (came !== 'due' && came.done !== true) {
        parts.push(came.value)
        size += came.value.length
        next = ask()
        due ??= new Promise((resolve) => {
          timer = setTimeout(() => resolve('due'), ms)
        })
        if (size < most) continue
      }
      clearTimeout(timer)
      due = undefined
      let held = Buffer.concat(parts)
      while (held.length > most) {
        yield { bytes: held.subarray(0, most), last: false }
        held = held.subarray(most)
      }
      yield { bytes: held, last: ended }
      if (ended) return
      parts = []
      size = 0
    }
  } finally {
    clearTimeout(timer)
    // Not awaited: a reader of a pipe or a terminal ends only with the next bytes, which may never come.
    iterator.return?.().catch(() => {})
  }
}
