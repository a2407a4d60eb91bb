import { cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../harness/directory.ts'
import { countFaults } from '../harness/fault-count.ts'
import { filesOf } from '../harness/files.ts'
import { enter, HostProcess } from '../harness/host-process.ts'
import { ask, createUpload, insist, patch, progressOf, receive, settledFilesOf } from '../harness/http-files.ts'
import { Sample } from '../harness/sample.ts'
import { smallDisk } from '../harness/small-disk.ts'
import { canTrace } from '../integration/storage/disk/strace.ts'

countFaults('full disks, I/O errors and kills in a step of an upload')

const traceable = canTrace()
/** Over the size that is synced at once. */
const SAMPLE = new Sample(12_000_000)

const made = join(await temporaryDirectory(), 'data')
let path = ''

/** The data of a host that has stopped; its room has an upload on its way. */
async function begun() {
  if (path === '') {
    const { host, port } = await HostProcess.start(['--data', made])
    path = await createUpload(port, SAMPLE, 'besar.bin', SAMPLE.sha256())
    expect(await host.stop()).toBe(0)
  }
  const data = await temporaryDirectory()
  await cp(made, data, { recursive: true })
  return { data, path, id: path.slice('/files/'.length) }
}

/**
 * Starts it again with an injection into the calls that concern the upload, and goes on with the upload. One thread does all
 * file work, so that `when=N`, which strace counts for each thread and call, means the Nth; pieces that came together are one `pwritev`.
 */
async function goOn({ data, path, id }: Awaited<ReturnType<typeof begun>>, injection: string) {
  const files = join(data, 'files')
  const about = [files, join(files, id), join(files, `${id}.part`)].flatMap((concerned) => ['-P', concerned])
  const [calls] = injection.split(':')
  const quietly = ['strace', '-f', '-o', '/dev/null', '-e', 'signal=none', '-e', `trace=${calls}`]
  const command = [...quietly, ...about, '-e', `inject=${injection}`]
  const { host, port } = await HostProcess.start(['--data', data], { command, env: { UV_THREADPOOL_SIZE: '1' } })
  const answer = await patch(port, path, SAMPLE, 0).catch(() => undefined)
  return { host, answer }
}

/** After another start: whole and exact at once, or it goes on from what is durable of it. */
async function wholeOrGoesOn(data: string, path: string): Promise<void> {
  const { host, port } = await HostProcess.start(['--data', data])
  const [listed] = await settledFilesOf(port)
  if (listed?.status !== 'whole') {
    const { offset, prefixDigest } = await progressOf(port, path)
    expect(prefixDigest).toBe(SAMPLE.sha256(offset, 'base64'))
    expect((await patch(port, path, SAMPLE, offset)).status).toBe(204)
  }
  const received = await receive(port, path)
  expect(received).toMatchObject({ status: 200, whole: true, size: SAMPLE.size, sha256: SAMPLE.sha256() })
  expect(await filesOf(port)).toHaveLength(1)
  expect(await readdir(join(data, 'files'))).toEqual([path.slice('/files/'.length)])
  expect(await host.stop()).toBe(0)
}

describe.skipIf(!traceable)('C78 a host that is killed in a step of an upload', () => {
  test.each([
    ['a write', 'pwrite64,pwritev:signal=KILL:when=3'],
    ['a late write', 'pwrite64,pwritev:signal=KILL:when=16'],
    ['the first sync', 'fdatasync:signal=KILL:when=1'],
    ['a later sync', 'fdatasync:signal=KILL:when=2'],
    ['the naming', 'link,linkat:signal=KILL:when=1'],
    ['the removal of the other name', 'unlink,unlinkat:signal=KILL:when=1'],
    ['the sync of the names', 'fsync:signal=KILL:when=1'],
  ])('at %s: the file is whole and exact, or goes on from what is durable', async (_, injection) => {
    const upload = await begun()
    const { host, answer } = await goOn(upload, injection)
    expect(answer).toBeUndefined()
    await host.kill()
    await wholeOrGoesOn(upload.data, upload.path)
  })
})

describe.skipIf(!traceable)('C76 an I/O error in a step of an upload', () => {
  test.each([
    ['a write', 'pwrite64,pwritev:error=EIO:when=3'],
    ['the first sync', 'fdatasync:error=EIO:when=1'],
    ['a later sync', 'fdatasync:error=EIO:when=2'],
    ['the naming', 'link,linkat:error=EIO:when=1'],
    ['the sync of the names', 'fsync:error=EIO:when=1'],
  ])('at %s: no success is told, the host ends with 74, and nothing false is left', async (_, injection) => {
    const upload = await begun()
    const { host, answer } = await goOn(upload, injection)
    expect(answer?.status ?? 0).not.toBe(204)
    expect(await host.ended()).toBe(74)
    await wholeOrGoesOn(upload.data, upload.path)
  })
})

describe('C74 a disk that an upload over HTTP fills', () => {
  test('is refused at once where the size is told, on the way where it is not, and all else goes on', async (context) => {
    const data = await smallDisk(context, '100m')
    const { host, port } = await HostProcess.start(['--data', data])
    const large = new Sample(200_000_000)
    // The rest of what is refused is read over for a moment only: a sender who is slower than that does not see the answer.
    const told = await insist(() =>
      ask(port, 'PUT', '/rooms/lobby/files/besar.bin', {
        headers: { 'Content-Length': String(large.size) },
        body: large.bytes(),
      }),
    )
    expect([told.status, JSON.parse(told.text).code]).toEqual([507, 'DISK_FULL'])
    const untold = await insist(() => ask(port, 'PUT', '/rooms/lobby/files/besar.bin', { body: large.bytes() }))
    expect([untold.status, JSON.parse(untold.text).code]).toEqual([507, 'DISK_FULL'])
    expect(await filesOf(port)).toEqual([])
    expect(await readdir(join(data, 'files'))).toEqual([])
    const small = new Sample(1000)
    const kept = await ask(port, 'PUT', '/rooms/lobby/files/kecil.bin', { body: small.bytes() })
    expect(kept.status).toBe(201)
    expect(await receive(port, JSON.parse(kept.text).url)).toMatchObject({ whole: true, sha256: small.sha256() })
    const said = await ask(port, 'POST', '/rooms/lobby/messages', {
      headers: { 'Content-Type': 'text/plain' },
      body: 'halo',
    })
    expect(said.status).toBe(201)
    expect(await host.stop()).toBe(0)
  })

  test('is the limit where there are no quotas: the room is warned, its oldest files go for newer ones, and messages are still taken', async (context) => {
    const data = await smallDisk(context, '100m')
    const { host, port } = await HostProcess.start(['--data', data, '--host-quota', '0', '--room-quota', '0'])
    const ani = await enter(port, 'ani')
    await ani.ask('/files links', /^\* files come/)
    for (let number = 1; number <= 6; number++) {
      const body = new Sample(6_000_000 + number).bytes()
      const { status } = await ask(port, 'PUT', `/rooms/lobby/files/${number}.bin`, { body })
      expect([number, status]).toEqual([number, 201])
    }
    await ani.until(/^\* files here have [\d.]+ MB of [\d.]+ MB: soon the oldest go for newer ones$/)
    await ani.until(/^\* 1\.bin from .* is gone: newer files need its place$/)
    const kept = (await filesOf(port)).map(({ name }) => name)
    expect(kept).toContain('6.bin')
    expect(kept).not.toContain('1.bin')
    await ani.ask(
      '/put 90000000 terlalu.bin\n',
      /^! DISK_FULL the host's disk is full: files leave 83\.9 MB of it free; /,
    )
    ani.write('masih di sini\n')
    const said = await ask(port, 'POST', '/rooms/lobby/messages', {
      headers: { 'Content-Type': 'text/plain' },
      body: 'halo',
    })
    expect(said.status).toBe(201)
    expect(await host.stop()).toBe(0)
  })
})
