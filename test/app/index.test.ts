import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createTamtam, DirectoryInUse, type Tamtam, type TamtamOptions } from '../../src/app/index.ts'
import {
  CountingIds,
  ManualClock,
  MemoryJournal,
  MemoryLog,
  MemoryMetrics,
  MemoryVault,
} from '../../src/app/testing.ts'

async function started(options: TamtamOptions = {}): Promise<Tamtam> {
  const tamtam = createTamtam(options)
  onTestFinished(() => tamtam.stop())
  await tamtam.start()
  return tamtam
}

describe('the library', () => {
  it('does nothing on import: no handle, no timer, no word', async () => {
    const url = new URL('../../src/app/index.ts', import.meta.url).href
    const quiet = 'await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))'
    const handles = 'process.getActiveResourcesInfo().filter((kind) => !/Pipe|FSReq/.test(kind)).length'
    const program = `await import(${JSON.stringify(url)}); ${quiet}; console.log(${handles})`
    const node = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program]
    const { stdout, stderr } = await promisify(execFile)(process.execPath, node)
    expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' })
  })

  it('keeps two hosts of one process apart', async () => {
    const [here, there] = [await started(), await started()]
    const ani = await here.engine.join({ room: 'lobby', name: 'ani' })
    const namesake = await there.engine.join({ room: 'lobby', name: 'ani' })
    await ani.send({ type: 'say', text: 'halo' })
    expect(namesake.last).toBe(0)
    expect(namesake.members).toEqual([namesake.member])
  })

  it('uses every adapter that it is given', async () => {
    const journal = new MemoryJournal()
    const vault = new MemoryVault()
    const log = new MemoryLog()
    const metrics = new MemoryMetrics()
    const overrides = { journal, vault, clock: new ManualClock(123), ids: new CountingIds(), log, metrics }
    const tamtam = await started({ overrides })
    const ani = await tamtam.engine.join({ room: 'lobby', name: 'ani' })
    const upload = ani.upload(
      (async function* () {
        yield Buffer.from('abc')
      })(),
      { name: 'a' },
    )
    const file = await upload.done
    expect(ani.member.id).toMatch(/^0+1$/)
    expect(await vault.size('id' in file ? file.id : '')).toBe(3)
    const [first] = await journal.read('lobby', 0, 10)
    expect(first?.entries[0]).toMatchObject({ type: 'fileOffered', at: 123 })
    expect(metrics.snapshot()).not.toEqual(new MemoryMetrics().snapshot())
  })

  it('stops once, however often it is told to, and leaves no observer', async () => {
    const tamtam = createTamtam()
    await tamtam.start()
    const ani = await tamtam.engine.join({ room: 'lobby', name: 'ani' })
    const ended = new Promise<void>((resolve) => ani.events$.subscribe({ complete: resolve }))
    await tamtam.listen({ port: 0 })
    await Promise.all([tamtam.stop(), tamtam.stop()])
    await ended
    await tamtam.stop()
    await expect(tamtam.engine.join({ room: 'lobby', name: 'ani' })).rejects.toMatchObject({ code: 'CLOSED' })
  })

  it('C85 rejects with DirectoryInUse where another host has the directory, and leaves that one alone', async () => {
    const data = mkdtempSync(join(tmpdir(), 'tamtam-index-'))
    onTestFinished(() => rmSync(data, { recursive: true, force: true }))
    const first = await started({ data })
    const second = createTamtam({ data })
    await expect(second.start()).rejects.toBeInstanceOf(DirectoryInUse)
    await expect(second.start()).rejects.toMatchObject({ pid: process.pid })
    const ani = await first.engine.join({ room: 'lobby', name: 'ani' })
    expect(await ani.send({ type: 'say', text: 'halo' })).toMatchObject({ type: 'ack', seq: 1 })
    await first.stop()
    const third = await started({ data })
    expect((await third.engine.join({ room: 'lobby', name: 'ani' })).last).toBe(1)
  })

  it('is what its package name says', () => {
    expect(import.meta.resolve('tamtam-chat')).toBe(new URL('../../src/app/index.ts', import.meta.url).href)
    expect(fileURLToPath(import.meta.resolve('tamtam-chat/testing'))).toMatch(/src\/app\/testing\.ts$/)
  })
})
