import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Subject } from 'rxjs'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createTamtam, DirectoryInUse, PortInUse, Refused, type Tamtam, type TamtamOptions } from '#app/index.ts'
import { lockDirectory } from '#storage/disk/directory-lock.ts'
import { MemoryFileStore } from '#storage/memory/file-store.ts'
import { CountingIds } from '#system/ids.ts'
import { MemoryLog } from '#system/log.ts'
import { MemoryMetrics } from '#system/metrics.ts'
import { pieces } from '../../harness/bytes.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { failure, watch } from '../../harness/house.ts'
import { LineClient } from '../../harness/line-client.ts'
import { ScriptedJournal } from '../../harness/scripted-journal.ts'
import { TurnClock, turns } from '../../harness/turns.ts'

async function started(options: TamtamOptions = {}): Promise<Tamtam> {
  const tamtam = createTamtam(options)
  await tamtam.start()
  onTestFinished(() => tamtam.stop())
  return tamtam
}

const handles = () => process.getActiveResourcesInfo().filter((name) => /TCP|Pipe|Message|FS/.test(name)).length

describe('a host in this process', () => {
  it('does nothing before it is started', async () => {
    const before = handles()
    const tamtam = createTamtam({ data: join(tmpdir(), 'tamtam-never-made') })
    expect(handles()).toBe(before)
    expect(await failure(tamtam.engine.join({ room: 'lobby', name: 'ani' }))).toMatchObject({ code: 'CLOSED' })
    expect(await readdir(tmpdir())).not.toContain('tamtam-never-made')
  })

  it('does not see another one: names, rooms, events and files are its own', async () => {
    const [here, there] = await Promise.all([started(), started()])
    const [ani, twin] = await Promise.all(
      [here, there].map(({ engine }) => engine.join({ room: 'lobby', name: 'ani' })),
    )
    const [seen, seenByTwin] = [watch(ani!), watch(twin!)]
    await ani!.send({ type: 'say', text: 'halo' })
    const file = await ani!.upload(pieces('isi'), { name: 'a.txt' }).done
    await turns(2)
    expect(seen.events.map(({ type }) => type)).toEqual(['said', 'fileOffered', 'fileCompleted'])
    expect(seenByTwin.events).toEqual([])
    expect(twin!.files).toEqual([])
    if ('type' in file) throw new Error(file.message)
    const download = twin!.download(file.id)[Symbol.asyncIterator]()
    expect(await failure(download.next())).toBeInstanceOf(Refused)
    const [one, other] = await Promise.all([here, there].map((host) => host.listen({ port: 0 })))
    expect(one!.port).not.toBe(other!.port)
  })

  it('uses the adapter that it is given for each port', async () => {
    const fileStore = new MemoryFileStore()
    fileStore.sweep = async () => 2
    const overrides = {
      journal: new ScriptedJournal(),
      fileStore,
      clock: new TurnClock(Date.UTC(2026, 7, 17)),
      ids: new CountingIds(),
      log: new MemoryLog(),
      metrics: new MemoryMetrics(),
    }
    const { engine } = await started({ overrides })
    const ani = await engine.join({ room: 'lobby', name: 'ani' })
    expect(ani.member.id).toBe('1'.padStart(32, '0'))
    const seen = watch(ani)
    await ani.send({ type: 'say', text: 'halo' })
    expect(seen.events).toMatchObject([{ at: Date.UTC(2026, 7, 17) }])
    expect(overrides.journal.appends).toHaveLength(1)
    const file = await ani.upload(pieces('isi'), { name: 'a.txt' }).done
    expect(await fileStore.size('id' in file ? file.id : '')).toBe(3)
    expect(overrides.metrics.snapshot().distributions).toHaveProperty('commit_ms')
    expect(overrides.log.lines.map(({ what }) => what)).toEqual(['swept leftovers of uploads'])
  })

  it('tells once when its journal failed for good', async () => {
    const journal = new ScriptedJournal()
    const broken: unknown[] = []
    const { engine } = await started({ overrides: { journal }, onBroken: (error) => broken.push(error) })
    const ani = await engine.join({ room: 'lobby', name: 'ani' })
    const error = new Error('I/O error')
    journal.script.push(error, error)
    expect(await ani.send({ type: 'say', text: 'halo' })).toMatchObject({ code: 'CLOSED' })
    expect(await ani.send({ type: 'say', text: 'halo' })).toMatchObject({ code: 'CLOSED' })
    expect(broken).toEqual([error])
  })

  it('goes on when the source of an upload breaks, for that is its sender’s trouble', async () => {
    const broken: unknown[] = []
    const log = new MemoryLog()
    const { engine } = await started({ overrides: { log }, onBroken: (error) => broken.push(error) })
    const ani = await engine.join({ room: 'lobby', name: 'ani' })
    const bug = new Error('the disk of the sender')
    const source = (async function* () {
      yield Buffer.from('ha')
      throw bug
    })()
    expect(await failure(ani.upload(source, { name: 'a' }).done)).toBe(bug)
    expect(await ani.send({ type: 'say', text: 'still here' })).toMatchObject({ type: 'ack' })
    expect(broken).toEqual([])
    expect(log.lines).toMatchObject([{ level: 'error', what: 'a transfer failed' }])
    expect(ani.files).toEqual([])
  })

  it('rejects a port that is in use, and takes another', async () => {
    const [one, other] = await Promise.all([started(), started()])
    const { port } = await one!.listen({ port: 0 })
    expect(await failure(other!.listen({ port }))).toBeInstanceOf(PortInUse)
    expect(await other!.listen({ port: 0 })).toMatchObject({ host: '127.0.0.1', url: expect.stringMatching(/^tcp:/) })
  })
})

describe('C85 a data directory that is in use', () => {
  it('is refused, and free for the next try once it is let go', async () => {
    const data = await temporaryDirectory()
    const lock = await lockDirectory(data)
    lock.own()
    const before = await readdir(data)
    const error = await failure(createTamtam({ data }).start())
    expect(error).toBeInstanceOf(DirectoryInUse)
    expect(error).toMatchObject({ code: 'DIRECTORY_IN_USE', pid: process.pid })
    expect(await readdir(data)).toEqual(before)
    await lock.release()
    await (await lockDirectory(data)).release()
  })
})

it('is what the package name says', () => {
  expect(import.meta.resolve('tamtam-room')).toBe(new URL('../../../src/app/index.ts', import.meta.url).href)
  expect(import.meta.resolve('tamtam-room/testing')).toBe(new URL('../../contract/index.ts', import.meta.url).href)
})

describe('stop', () => {
  it('tells everybody, ends every session, and can be asked again', async () => {
    const { engine, listen, stop } = await started()
    const { port } = await listen({ port: 0, silentMs: 1 })
    const ani = await engine.join({ room: 'lobby', name: 'ani' })
    const seen = watch(ani)
    const client = await LineClient.join(port)
    await Promise.all([stop('istirahat'), stop('istirahat')])
    await stop('sudah')
    await client.closed()
    expect(client.lines.at(-1)).toBe('* istirahat')
    expect(seen.completed).toBe(true)
    expect(await failure(engine.join({ room: 'lobby', name: 'budi' }))).toMatchObject({ code: 'CLOSED' })
    expect(await ani.send({ type: 'say', text: 'halo' })).toMatchObject({ type: 'rejected' })
  })

  it('before a start is nothing', async () => {
    await createTamtam().stop()
  })

  it('leaves nobody subscribed to anything', async () => {
    const subjects = new Set<Subject<unknown>>()
    const asObservable = Subject.prototype.asObservable
    const spy = vi.spyOn(Subject.prototype, 'asObservable').mockImplementation(function (this: Subject<unknown>) {
      subjects.add(this)
      return asObservable.call(this)
    })
    onTestFinished(() => spy.mockRestore())
    const { engine, listen, stop } = await started()
    const { port } = await listen({ port: 0, silentMs: 1 })
    const ani = await engine.join({ room: 'lobby', name: 'ani' })
    watch(ani)
    const client = await LineClient.join(port, 'budi')
    await client.ask('/files links', /^\* files come/)
    const upload = ani.upload(pieces('isi'), { name: 'a.txt' })
    upload.progress$.subscribe()
    await upload.done
    client.write('/join warung\nhalo\n')
    await client.until(/in warung/)
    expect([...subjects].some(({ observed }) => observed)).toBe(true)
    expect(subjects.size).toBeGreaterThan(3)
    await stop()
    await client.closed()
    expect([...subjects].filter(({ observed }) => observed)).toEqual([])
  })
})
