/** As much of a `FileHandle` as `writeFully` needs. */
export interface PositionalFile {
  write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>
}

/** Writes all bytes at `position`, however few of them the system takes at a time (C77). */
export const writeAll = async (file: PositionalFile, bytes: Uint8Array, position: number): Promise<void> => {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    if (bytesWritten === 0) throw new Error('the system takes no more bytes of a file, and gives no reason')
    done += bytesWritten
  }
}
