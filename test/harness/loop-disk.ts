import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { onTestFinished, type TestContext } from 'vitest'
import { temporaryDirectory } from './directory.ts'

const IMAGE_BYTES = 128 * 1024 * 1024
const MOST_COPIES = 200

const succeeds = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0

/** An ext4 file system in a file, which can be copied while it is in use: what a machine would find after its power went. */
export class LoopDisk {
  readonly directory: string
  readonly #image: string
  readonly #device: string

  private constructor(directory: string, image: string, device: string) {
    this.directory = directory
    this.#image = image
    this.#device = device
  }

  /** The test is skipped where nobody may mount one. */
  static async make(context: TestContext): Promise<LoopDisk> {
    const image = join(await temporaryDirectory(), 'disk')
    const file = await open(image, 'w')
    await file.truncate(IMAGE_BYTES)
    await file.close()
    if (succeeds('mkfs.ext4', '-q', '-F', image)) {
      const disk = await LoopDisk.#mount(image)
      if (disk !== undefined) return disk
    }
    if (process.env['CI'] === 'true' && process.getuid?.() === 0 && succeeds('losetup', '-f'))
      throw new Error('root could not mount a loop device')
    return context.skip('needs loop devices and mkfs.ext4, as root')
  }

  /**
   * A copy of what the device holds now, mounted. Nobody may use the disk meanwhile; the system's own writing is waited for:
   * a copy counts only when nothing was written while it was made.
   */
  async copy(): Promise<LoopDisk> {
    const image = join(await temporaryDirectory(), 'disk')
    for (let copies = 1; ; copies++) {
      const before = this.#written()
      if (!succeeds('cp', '--sparse=always', this.#image, image)) throw new Error('no copy of the disk could be made')
      if (before !== undefined && before === this.#written()) break
      if (copies === MOST_COPIES) throw new Error('the disk does not come to rest')
      await turn()
    }
    const disk = await LoopDisk.#mount(image)
    if (disk === undefined) throw new Error('what the power cut left can not be mounted')
    return disk
  }

  static async #mount(image: string): Promise<LoopDisk | undefined> {
    const directory = `${image}-mounted`
    await mkdir(directory)
    if (!succeeds('mount', '-o', 'loop', image, directory)) return undefined
    onTestFinished(() => void spawnSync('umount', ['-l', directory]))
    const mounts = readFileSync('/proc/mounts', 'utf8').split('\n')
    const device = mounts.find((line) => line.split(' ')[1] === directory)?.split(' ')[0]
    return device === undefined ? undefined : new LoopDisk(directory, image, device)
  }

  /** Writes that the device has completed; undefined while some are under way. */
  #written(): string | undefined {
    const stat = readFileSync(join('/sys/block', this.#device.replace('/dev/', ''), 'stat'), 'latin1')
      .trim()
      .split(/\s+/)
    return stat[8] === '0' ? stat[4] : undefined
  }
}
