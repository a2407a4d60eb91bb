import { spawnSync } from 'node:child_process'
import { onTestFinished, type TestContext } from 'vitest'
import { temporaryDirectory } from './directory.ts'

/** A directory that is a file system of its own; the test is skipped where nobody may mount one. */
export async function smallDisk(context: TestContext, size: string): Promise<string> {
  const directory = await temporaryDirectory()
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', directory]).status !== 0) {
    if (process.env['CI'] === 'true' && process.getuid?.() === 0) throw new Error('root could not mount a tmpfs')
    return context.skip('needs to mount a tmpfs: run as root, or in `unshare -rm`')
  }
  onTestFinished(() => void spawnSync('umount', ['-l', directory]))
  return directory
}
