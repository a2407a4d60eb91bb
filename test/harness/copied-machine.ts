import { type ChildProcess, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished, type TestContext } from 'vitest'
import { temporaryDirectory } from './directory.ts'

/** This machine's files as they are, in a mount namespace of its own: what is installed or removed there is gone with the test. */
export class CopiedMachine {
  readonly #holder: ChildProcess
  readonly #root: string

  private constructor(holder: ChildProcess, root: string) {
    this.#holder = holder
    this.#root = root
  }

  /** The test is skipped where nobody may mount one. */
  static async make(context: TestContext): Promise<CopiedMachine> {
    const place = await temporaryDirectory()
    const root = `${place}/root`
    const mounts = [
      `mount -t tmpfs tmpfs ${place}`,
      `mkdir ${place}/upper ${place}/work ${root}`,
      `mount -t overlay overlay -o lowerdir=/,upperdir=${place}/upper,workdir=${place}/work ${root}`,
      `mount --rbind /proc ${root}/proc`,
      `mount --rbind /dev ${root}/dev`,
      'echo ready',
      'exec cat',
    ]
    const holder = spawn('unshare', ['--mount', 'sh', '-c', mounts.join(' && ')], { stdio: ['pipe', 'pipe', 'ignore'] })
    const [first] = await Promise.race([once(holder.stdout, 'data'), once(holder, 'close')])
    if (String(first) !== 'ready\n') {
      if (process.env['CI'] === 'true' && process.getuid?.() === 0) throw new Error('root could not mount an overlay')
      return context.skip('needs to mount an overlay: run as root')
    }
    onTestFinished(async () => {
      const ended = once(holder, 'close')
      holder.stdin.end()
      await ended
    })
    return new CopiedMachine(holder, root)
  }

  /** What runs a command there, as its root. */
  within(...command: readonly string[]): readonly [string, ...string[]] {
    return ['nsenter', `--mount=/proc/${this.#holder.pid}/ns/mnt`, 'chroot', this.#root, ...command]
  }

  try(...command: readonly string[]): SpawnSyncReturns<string> {
    const [first, ...rest] = this.within(...command)
    return spawnSync(first, rest, { encoding: 'utf8', env: { PATH: process.env['PATH'], LC_ALL: 'C' } })
  }

  run(...command: readonly string[]): string {
    const { status, stdout, stderr } = this.try(...command)
    if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}: ${stdout}${stderr}`)
    return stdout
  }
}
