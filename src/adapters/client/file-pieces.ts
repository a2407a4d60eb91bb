import { type FileHandle, open } from 'node:fs/promises'

/** The bytes of a file from `from` to before `to`, in pieces of `size`; fewer where the file ends earlier. */
export async function* piecesOf(path: string, from: number, to: number, size: number): AsyncGenerator<Uint8Array> {
  const handle = await open(path, 'r')
  try {
    yield* piecesIn(handle, from, to, size)
  } finally {
    await handle.close()
  }
}

/** The same of an open file. */
export async function* piecesIn(
  handle: FileHandle,
  from: number,
  to: number,
  size: number,
): AsyncGenerator<Uint8Array> {
  for (let at = from; at < to; ) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(size, to - at))
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
    at += bytesRead
  }
}
