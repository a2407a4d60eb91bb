import { open, rename, rm } from 'node:fs/promises'

/** Writes a file that only its owner may open, in the place of any that is there: after a crash it is the one or the other, whole. */
export async function replaceFile(path: string, text: string): Promise<void> {
  // Of this process alone: two may write at once, as `tamtam token --new` does beside a host.
  const next = `${path}.${process.pid}.new`
  // One that a crash has left is not to be trusted with its mode.
  await rm(next, { force: true })
  const file = await open(next, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(next, path)
}
