import { execFileSync, spawn } from 'node:child_process'
import { appendFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { NoSource, openSource, type Source } from '#system/files/source.ts'
import { temporaryDirectory } from '../../../harness/directory.ts'

const PIECE = 1000

async function folder() {
  const path = await temporaryDirectory()
  return (name: string) => join(path, name)
}

async function textOf(source: Source, from = 0): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of source.bytes(from)) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

async function opened(path: string): Promise<Source> {
  const source = await openSource(path, PIECE)
  onTestFinished(() => source.close())
  return source
}

describe('a source', () => {
  it.each([0, 1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE])(
    'of %i bytes is what it was when it was opened',
    async (size) => {
      const at = await folder()
      const text = 'x'.repeat(size)
      await writeFile(at('a'), text)
      const source = await opened(at('a'))
      await appendFile(at('a'), 'one more line')
      expect(source.size).toBe(size)
      // The empty one might be a file of /proc, and was read to its end already.
      expect([await textOf(source), await textOf(source, Math.floor(size / 2))]).toEqual([
        text,
        text.slice(Math.floor(size / 2)),
      ])
      await rm(at('a'))
      expect(await textOf(source)).toBe(text)
    },
  )

  it('is told to have changed, and gives fewer bytes where it was cut off', async () => {
    const at = await folder()
    await writeFile(at('a'), 'x'.repeat(3 * PIECE))
    const source = await opened(at('a'))
    expect(await source.changed()).toBe(false)
    await truncate(at('a'), PIECE)
    expect([await source.changed(), (await textOf(source)).length]).toEqual([true, PIECE])
  })

  it.runIf(process.platform === 'linux')('that tells no size is read to its end, once', async () => {
    const source = await opened('/proc/version')
    expect([source.size, (await textOf(source)).length]).toEqual([source.size, source.size])
    expect(source.size).toBeGreaterThan(0)
    const long = await openSource('/proc/version', 10)
    onTestFinished(() => long.close())
    expect([long.size, await textOf(long)]).toEqual([undefined, await textOf(source)])
  })

  it.runIf(process.platform !== 'win32')('may be a pipe with a writer, and is none without one', async () => {
    const at = await folder()
    execFileSync('mkfifo', [at('pipe')])
    await expect(openSource(at('pipe'))).rejects.toThrow(NoSource)
    const writer = spawn('sh', ['-c', 'exec > "$0"; echo ready >&2; read go; echo halo', at('pipe')])
    onTestFinished(() => void writer.kill())
    let source: Source | undefined
    // Its writer gets on only once somebody reads.
    while (source === undefined) source = await openSource(at('pipe')).catch(() => undefined)
    const opening = source
    onTestFinished(() => opening.close())
    writer.stdin.write('\n')
    expect([opening.size, await textOf(opening)]).toEqual([undefined, 'halo\n'])
  })

  it('is no folder, no device, and nothing behind a link that leads nowhere', async () => {
    const at = await folder()
    await symlink('nowhere', at('link'))
    for (const path of [at('.'), '/dev/zero', at('link')]) await expect(openSource(path)).rejects.toThrow(NoSource)
    await expect(openSource(at('gone'))).rejects.toThrow('ENOENT')
  })
})
