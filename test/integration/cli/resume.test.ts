import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, rename, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ChaosProxy } from '../../harness/chaos-proxy.ts'
import { CliProcess, folderWith, haltingWay, hostForVerbs } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { filesOf } from '../../harness/files.ts'
import { HostProcess } from '../../harness/host-process.ts'
import { ask } from '../../harness/http-client.ts'
import { until } from '../../harness/patience.ts'
import { needs } from '../../harness/tools.ts'

describe('an upload goes on where it was', () => {
  it('after kill -9 of tamtam send', async () => {
    const { port } = await hostForVerbs()
    const { at, isHalted, mend } = await haltingWay(port, 'up', 1_500_000)
    const { path, digest } = await folderWith('a.bin', 3_000_000)
    const first = new CliProcess(['send', at, path])
    await first.until('the middle', isHalted)
    await first.kill('SIGKILL')
    mend()
    await until('the cut', async () => (await filesOf(port))[0]?.status === 'paused')
    const [before] = await filesOf(port)
    const second = await CliProcess.run(['send', at, path])
    expect(second.code).toBe(0)
    expect(Number(/^sending a\.bin 3 MB, resumes at (\d+) %$/m.exec(second.errors)?.[1])).toBeGreaterThan(9)
    expect(await filesOf(port)).toMatchObject([{ id: before?.id, status: 'whole', sha256: digest }])
  })

  it.each([
    ['that a room collects', true],
    ['to one person', false],
  ])(
    'after kill -9 of tamtam send, also of a file %s: its address is kept for its sender alone',
    async (_case, collects) => {
      const { port, tamtam } = await hostForVerbs()
      const { at, isHalted, mend } = await haltingWay(port, 'up', 1_500_000)
      const owner = await tamtam.engine.join({ room: 'lobby', name: 'guru', role: 'owner' })
      if (collects) await owner.send({ type: 'startCollection' })
      const { path, digest } = await folderWith('a.bin', 3_000_000)
      const XDG_CONFIG_HOME = await temporaryDirectory()
      const kept = join(XDG_CONFIG_HOME, 'tamtam', 'unfinished')
      const send = ['send', `ani@${at}`, path, ...(collects ? [] : ['--to', 'guru'])]
      const first = new CliProcess(send, { env: { XDG_CONFIG_HOME } })
      const under = () => tamtam.engine.transfers[0]
      await first.until('the middle', isHalted)
      await first.kill('SIGKILL')
      mend()
      await until('the cut', async () => under()?.status === 'paused')
      const [name = '', ...others] = await readdir(kept)
      expect(others).toEqual([])
      expect([(await stat(kept)).mode & 0o777, (await stat(join(kept, name))).mode & 0o777]).toEqual([0o700, 0o600])

      // Somebody else of that name knows nothing of it.
      const stranger = await CliProcess.run(send, { env: { XDG_CONFIG_HOME: await temporaryDirectory() } })
      expect([stranger.code, stranger.errors]).toEqual([0, expect.not.stringContaining('resumes')])
      const second = await CliProcess.run(send, { env: { XDG_CONFIG_HOME } })
      expect([second.code, second.errors]).toEqual([
        0,
        expect.stringMatching(/^sending a\.bin 3 MB, resumes at [1-9]\d %$/m),
      ])
      const whole = { status: 'whole', file: expect.objectContaining({ name: 'a.bin', sha256: digest }) }
      expect(owner.files).toEqual([expect.objectContaining(whole), expect.objectContaining(whole)])
      expect(await readdir(kept)).toEqual([])
    },
  )

  it('when curl began it and was cut', async () => {
    const { at, port } = await hostForVerbs()
    const { path, digest } = await folderWith('a.bin', 2_000_000)
    const { at: halting, isHalted, mend } = await haltingWay(port, 'up', 500_000)
    needs('curl')
    const curl = spawn('curl', ['-sT', path, `http://${halting}/lobby/`], { stdio: 'ignore' })
    const ended = once(curl, 'close')
    onTestFinished(() => void curl.kill('SIGKILL'))
    await until('the middle', isHalted)
    curl.kill('SIGKILL')
    await ended
    mend()
    await until('the cut', async () => (await filesOf(port))[0]?.status === 'paused')
    const [before] = await filesOf(port)
    const sent = await CliProcess.run(['send', at, path])
    expect(sent.code).toBe(0)
    expect(sent.errors).toMatch(/^sending a\.bin 2 MB, resumes at \d+ %$/m)
    expect(await filesOf(port)).toMatchObject([{ id: before?.id, status: 'whole', sha256: digest }])
  })

  it('C111 but not with other bytes of the same name and size', async () => {
    const { port } = await hostForVerbs()
    const { at, isHalted, mend } = await haltingWay(port, 'up', 500_000)
    const { path, bytes } = await folderWith('a.bin', 2_000_000)
    const first = new CliProcess(['send', at, path])
    await first.until('the middle', isHalted)
    await first.kill('SIGKILL')
    mend()
    await until('the cut', async () => (await filesOf(port))[0]?.status === 'paused')
    bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0)
    await writeFile(path, bytes)
    expect((await CliProcess.run(['send', at, path])).code).toBe(0)
    expect((await filesOf(port)).map(({ status }) => status)).toEqual(['paused', 'whole'])
  })

  it('over cut connections and kill -9 of the host, without a word from anybody', async () => {
    const data = await temporaryDirectory()
    const one = await HostProcess.start(['--data', data])
    const proxy = await ChaosProxy.open(one.port)
    const { path, digest } = await folderWith('a.bin', 9_000_000)
    proxy.up.cutAt(1_000_000)
    proxy.up.stallAt(6_000_000)
    const sending = new CliProcess(['send', `127.0.0.1:${proxy.port}`, path])
    await sending.until('the middle', () => proxy.up.stalled)
    // What is lost with the host is only what it had not synced yet.
    await until('a synced part', async () => ((await filesOf(one.port))[0]?.offset ?? 0) >= 1_000_000)
    await one.host.kill()
    proxy.cutAll()
    proxy.up.release()
    const two = await HostProcess.start(['--data', data])
    proxy.target = two.port
    const { code, errors } = await sending.ended()
    expect(code).toBe(0)
    expect(errors).toMatch(/^stalled \d+ s, retry \d+, resumes at [1-9]\d? %$/m)
    expect(await filesOf(two.port)).toMatchObject([{ status: 'whole', sha256: digest }])
    // What is sent twice is what was not durable: never all of it.
    expect(proxy.up.passed).toBeLessThan(15_000_000)
  })

  it('C112 and is sent once more where bytes were changed on the way', async () => {
    const { port } = await hostForVerbs()
    const proxy = await ChaosProxy.open(port)
    const { path, digest } = await folderWith('a.bin', 1_000_000)
    proxy.up.flipAt(500_000)
    expect((await CliProcess.run(['send', `127.0.0.1:${proxy.port}`, path])).code).toBe(0)
    expect(await filesOf(port)).toMatchObject([{ status: 'whole', sha256: digest }])
  })

  it('P1 C112 also of an upload whose first sender promised no digest', async () => {
    const { port } = await hostForVerbs()
    const { path, bytes, digest } = await folderWith('a.bin', 1_000_000)
    const created = await ask(port, 'POST /rooms/lobby/files', {
      headers: {
        'Tus-Resumable': '1.0.0',
        'Upload-Length': '1000000',
        'Upload-Metadata': `filename ${Buffer.from('a.bin').toString('base64')}`,
      },
    })
    const half = bytes.subarray(0, 500_000)
    const offset = {
      'Tus-Resumable': '1.0.0',
      'Upload-Offset': '0',
      'Content-Type': 'application/offset+octet-stream',
    }
    await ask(port, `PATCH ${created.headers.location}`, { headers: offset, body: half })
    const proxy = await ChaosProxy.open(port)
    proxy.up.flipAt(300_000)
    const sent = await CliProcess.run(['send', `127.0.0.1:${proxy.port}`, path])
    expect(sent.code).toBe(0)
    expect(sent.errors).toContain('resumes at 50 %')
    expect(await filesOf(port)).toMatchObject([{ status: 'whole', sha256: digest }])
  })

  it('from a pipe too, as far as nothing is lost', async () => {
    const { port } = await hostForVerbs()
    const proxy = await ChaosProxy.open(port)
    const { bytes, digest } = await folderWith('unused', 9_000_000)
    proxy.up.cutAt(2_000_000)
    proxy.up.flipAt(6_000_000)
    proxy.down.cutAt(proxy.down.passed + 900)
    const sent = await CliProcess.run(['send', `127.0.0.1:${proxy.port}`, '-'], { input: bytes })
    expect(sent.code).toBe(0)
    expect(await filesOf(port)).toMatchObject([{ name: 'stdin', status: 'whole', size: 9_000_000, sha256: digest }])
  })
})

describe('a download goes on where it was', () => {
  it('after kill -9 of tamtam get, and over cut connections', async () => {
    const { at, port } = await hostForVerbs()
    const { cwd, path, bytes, read } = await folderWith('a.bin', 3_000_000)
    await CliProcess.run(['send', at, path])
    const { at: halting } = await haltingWay(port, 'down', 1_000_000)
    const first = new CliProcess(['get', halting], { cwd })
    const part = async () => (await readdir(cwd)).find((name) => name.endsWith('.part'))
    await first.until('some bytes', async () => (await stat(join(cwd, (await part()) ?? '.'))).size > 300_000)
    await first.kill('SIGKILL')
    expect(await readdir(cwd)).not.toContain('a.bin')
    const proxy = await ChaosProxy.open(port)
    proxy.down.cutAt(1_000_000, 'end')
    const second = await CliProcess.run(['get', `127.0.0.1:${proxy.port}`], { cwd })
    expect(second.code).toBe(0)
    expect(second.errors).toMatch(/^getting a\.bin 3 MB, resumes at \d+ %$/m)
    expect(second.errors).toMatch(/^stalled \d+ s, retry 1, resumes at \d+ %$/m)
    expect(proxy.down.passed).toBeLessThan(2_900_000)
    expect(bytes.equals(await read('a.bin'))).toBe(true)
    expect((await readdir(cwd)).sort()).toEqual(['a.bin', 'sent'])
  })

  it('when a browser left half of it', async () => {
    const { at, port } = await hostForVerbs()
    const { cwd, path, bytes, read } = await folderWith('talk.pdf', 2_000_000)
    await CliProcess.run(['send', at, path])
    await truncate(path, 1_500_000)
    await rename(path, join(cwd, 'talk.pdf.part'))
    const proxy = await ChaosProxy.open(port)
    expect((await CliProcess.run(['get', `127.0.0.1:${proxy.port}`, '-o', 'talk.pdf'], { cwd })).code).toBe(0)
    expect(bytes.equals(await read('talk.pdf'))).toBe(true)
    expect(proxy.down.passed).toBeLessThan(1_000_000)
  })

  it('C111 C112 but begins again where the part is of something else, or a byte was changed', async () => {
    const { at, port } = await hostForVerbs()
    const { cwd, path, bytes, read } = await folderWith('a.bin', 1_000_000)
    await CliProcess.run(['send', at, path])
    await writeFile(join(cwd, 'b.bin.part'), 'something else')
    expect((await CliProcess.run(['get', at, '-o', 'b.bin'], { cwd })).code).toBe(0)
    const proxy = await ChaosProxy.open(port)
    proxy.down.flipAt(500_000)
    expect((await CliProcess.run(['get', `127.0.0.1:${proxy.port}`, '-o', 'c.bin'], { cwd })).code).toBe(0)
    for (const name of ['b.bin', 'c.bin']) expect(bytes.equals(await read(name))).toBe(true)
    expect((await readdir(cwd)).sort()).toEqual(['b.bin', 'c.bin', 'sent'])
  })

  it('over kill -9 of the host', async () => {
    const data = await temporaryDirectory()
    const one = await HostProcess.start(['--data', data])
    const proxy = await ChaosProxy.open(one.port)
    const { cwd, path, bytes, read } = await folderWith('a.bin', 3_000_000)
    await CliProcess.run(['send', `127.0.0.1:${one.port}`, path])
    proxy.down.stallAt(1_000_000)
    const getting = new CliProcess(['get', `127.0.0.1:${proxy.port}`, '-o', '-'])
    await getting.until('the middle', () => proxy.down.stalled)
    await one.host.kill()
    proxy.cutAll()
    proxy.down.release()
    const two = await HostProcess.start(['--data', data])
    proxy.target = two.port
    const { code, out } = await getting.ended()
    expect(code).toBe(0)
    expect(bytes.equals(out)).toBe(true)
    expect(bytes.equals(await read('sent/a.bin'))).toBe(true)
    expect(await readdir(cwd)).toEqual(['sent'])
  })
})
