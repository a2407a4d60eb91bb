import { spawnSync } from 'node:child_process'
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ChaosProxy } from '../../harness/chaos-proxy.ts'
import { CliProcess, folderWith, hostForVerbs } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { filesOf, putFile } from '../../harness/files.ts'
import { ask, TUS } from '../../harness/http-files.ts'
import { canBeUnderRights, underRights } from '../../harness/other-user.ts'

async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const cwd = await temporaryDirectory()
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text)
  return cwd
}

const namesIn = async (port: number) => (await filesOf(port)).map(({ name }) => name).sort()

describe('of several files that are sent', () => {
  it('one that is not there is named, keeps no other back, and is what the exit code tells', async () => {
    const { at, port } = await hostForVerbs()
    const cwd = await folderOf({ a: 'a', b: 'bb', c: 'ccc' })
    const sent = await CliProcess.run(['send', at, 'a', 'gone', 'b', 'c', '--json'], { cwd })
    expect(sent.code).toBe(5)
    expect(await namesIn(port)).toEqual(['a', 'b', 'c'])
    expect(sent.said.map(({ type, name, file, code }) => [type, name ?? file, code])).toEqual([
      ['sent', 'a', undefined],
      ['failed', 'gone', 'ENOENT'],
      ['sent', 'b', undefined],
      ['sent', 'c', undefined],
    ])
    expect(sent.errors).toMatch(/^tamtam: gone: there is no such file or folder$/m)
    expect(sent.errors).toMatch(/tamtam: sent 3 of 4 files\n$/)
  })

  it('called again what is missing goes, and the sum says so', async () => {
    const { at } = await hostForVerbs()
    const cwd = await folderOf({ a: 'a', b: 'bb' })
    await CliProcess.run(['send', at, 'a'], { cwd })
    const again = await CliProcess.run(['send', at, 'a', 'b', '--json'], { cwd })
    expect(again.code).toBe(0)
    expect(again.said.map(({ name, already }) => [name, already])).toEqual([
      ['a', true],
      ['b', undefined],
    ])
    expect(again.errors).toMatch(/sent 1 of 2 files, 1 was there already\n$/)
  })

  it('many go side by side, and are told of in their order', async () => {
    const { port } = await hostForVerbs()
    const proxy = await ChaosProxy.open(port)
    const names = Array.from({ length: 30 }, (_, index) => `f${String(index).padStart(2, '0')}`)
    const cwd = await folderOf(Object.fromEntries(names.map((name) => [name, `I am ${name}`])))
    const sent = await CliProcess.run(['send', `127.0.0.1:${proxy.port}`, ...names, '--json'], { cwd })
    expect([sent.code, sent.errors]).toEqual([0, expect.stringMatching(/sent 30 of 30 files\n$/)])
    expect(sent.said.map(({ name }) => name)).toEqual(names)
    expect(await namesIn(port)).toEqual(names)
    // One list for all; for each the offer with its bytes, and a look at the receipts.
    expect(proxy.accepted).toBe(1 + 2 * names.length)
    const begun = sent.errors.match(/^sending f\d\d/gm)
    expect(begun).toEqual(names.map((name) => `sending ${name}`))
  })

  it('one whose answer is lost is there once', async () => {
    const { port } = await hostForVerbs()
    const proxy = await ChaosProxy.open(port)
    const cwd = await folderOf({ a: 'a'.repeat(200_000) })
    proxy.up.stallAt(100_000)
    const sending = new CliProcess(['send', `127.0.0.1:${proxy.port}`, 'a', '--json'], { cwd })
    await sending.until('the middle', () => proxy.up.stalled)
    proxy.down.stall()
    proxy.up.release()
    await sending.until('the file', async () => (await filesOf(port))[0]?.status === 'whole')
    proxy.cutAll()
    proxy.down.release()
    const { code, said, errors } = await sending.ended()
    expect([code, errors]).toEqual([0, expect.stringContaining('trying again')])
    expect(said).toMatchObject([{ type: 'sent', name: 'a', size: 200_000 }])
    expect(said[0]).not.toHaveProperty('already')
    expect(await namesIn(port)).toEqual(['a'])
  })

  it('those that the host refuses are named, and failures of several kinds make it incomplete', async () => {
    const { at, port } = await hostForVerbs({ limits: { maxFileBytes: 1000 } })
    const cwd = await folderOf({ large: 'x'.repeat(1001), huge: 'y'.repeat(2000), b: 'bb' })
    const refused = await CliProcess.run(['send', at, 'large', 'huge', 'b'], { cwd })
    expect(refused.code).toBe(4)
    expect(refused.errors.match(/\(FILE_TOO_LARGE\)/g)).toHaveLength(2)
    const mixed = await CliProcess.run(['send', at, 'large', 'gone', 'b'], { cwd })
    expect(mixed.code).toBe(6)
    expect(mixed.errors).toMatch(/go on with: tamtam send .* large gone b\n$/)
    expect(await namesIn(port)).toEqual(['b'])
  })

  it('what is no file is named with its reason, and nothing waits for it (C53)', async () => {
    const { at, port } = await hostForVerbs()
    const cwd = await folderOf({ a: 'a', z: 'zz' })
    expect(spawnSync('mkfifo', [join(cwd, 'pipe')]).status).toBe(0)
    await symlink('nowhere', join(cwd, 'broken'))
    await symlink('loop', join(cwd, 'loop'))
    const server = createServer().listen(join(cwd, 'sock'))
    onTestFinished(() => void server.close())
    const bad = ['pipe', 'broken', 'loop', 'sock', '/dev/zero']
    const sent = await CliProcess.run(['send', at, 'a', ...bad, 'z'], { cwd })
    expect(sent.code).toBe(5)
    for (const [name, why] of [
      ['pipe', 'it is a pipe, and nobody writes into it; start its writer first'],
      ['broken', 'it is a symbolic link that leads nowhere'],
      ['loop', 'the symbolic links in this path lead round in a circle'],
      ['sock', 'it is a socket; name a file'],
      ['/dev/zero', 'it is a device; tamtam send … - sends what is piped into it'],
    ])
      expect(sent.errors).toContain(`tamtam: ${name}: ${why}\n`)
    expect(await namesIn(port)).toEqual(['a', 'z'])
  })

  it.runIf(canBeUnderRights())('a folder and a file that may not be read keep nothing behind them back', async () => {
    const { at, port } = await hostForVerbs()
    const cwd = await folderOf({ a: 'a' })
    await mkdir(join(cwd, 'd', 'shut'), { recursive: true })
    await writeFile(join(cwd, 'd', 'shut', 'in'), '?')
    await writeFile(join(cwd, 'd', 'mine'), '?')
    await writeFile(join(cwd, 'd', 'z'), 'zz')
    for (const path of [cwd, join(cwd, 'd')]) await chmod(path, 0o755)
    for (const path of ['shut', 'mine']) await chmod(join(cwd, 'd', path), 0)
    onTestFinished(() => chmod(join(cwd, 'd', 'shut'), 0o700))
    const sent = await CliProcess.run(['send', at, 'd', 'a'], { cwd, ...underRights })
    expect(sent.code).toBe(6)
    for (const path of ['shut', 'mine'])
      expect(sent.errors).toContain(`not sent: ${path}: you have no right to read it\n`)
    expect(await namesIn(port)).toEqual(['a', 'd'])
  })

  it('none is tried any more once the way to the host is lost', async () => {
    const { port } = await hostForVerbs()
    const proxy = await ChaosProxy.open(port)
    const { cwd } = await folderWith('big', 2_000_000)
    for (const name of ['a', 'y', 'z']) await writeFile(join(cwd, name), name)
    const files = ['a', 'sent/big', 'y', 'z']
    const args = ['send', `127.0.0.1:${proxy.port}`, ...files, '--limit', '1M', '--timeout', '0.5']
    const sending = new CliProcess(args, { cwd })
    await sending.until('some bytes', async () => (await filesOf(port)).some(({ offset = 0 }) => offset > 100_000))
    await proxy.close()
    const { code, errors } = await sending.ended()
    expect(code).toBe(6)
    expect(errors.match(/gave up/g)).toHaveLength(1)
    expect(errors).toContain('sent 1 of 2 files; the rest was not tried\ngo on with: tamtam send ')
  })

  it('none is tried any more where the host lets nobody in', async () => {
    const { at, tamtam } = await hostForVerbs({ token: true })
    const cwd = await folderOf({ a: 'a', b: 'bb', c: 'ccc' })
    const env = { TAMTAM_TOKEN: 'salah' }
    const refused = await CliProcess.run(['send', at, 'a', 'b', 'c'], { cwd, env })
    expect([5, 4]).toContain(refused.code)
    expect(refused.errors.trimEnd().split('\n')).toEqual([expect.stringMatching(/^tamtam: a: /)])
    await tamtam.stop()
    const away = await CliProcess.run(['send', at, 'a', 'b', 'c'], { cwd, env })
    expect(away).toMatchObject({
      code: 3,
      errors: `tamtam: nobody answers at ${at} (nothing listens there; is the host running?)\n`,
    })
  })
})

describe('of several files that are got', () => {
  it('one that is not there keeps no other back', async () => {
    const { at, port } = await hostForVerbs()
    const cwd = await temporaryDirectory()
    for (const name of ['a', 'b']) await putFile(port, name, name)
    const got = await CliProcess.run(['get', at, 'a', 'gone', 'b', '--json'], { cwd })
    expect(got.code).toBe(5)
    expect(got.said.map(({ type, name, file }) => [type, name ?? file])).toEqual([
      ['got', 'a'],
      ['failed', 'gone'],
      ['got', 'b'],
    ])
    expect(got.errors).toMatch(/tamtam: got 2 of 3 files\n$/)
    expect((await readdir(cwd)).sort()).toEqual(['a', 'b'])
  })

  it('one that its sender takes back meanwhile keeps no other back', async () => {
    const { at, port } = await hostForVerbs()
    const cwd = await temporaryDirectory()
    await putFile(port, 'a', 'a')
    const headers = { ...TUS, 'Upload-Length': '10', 'Upload-Metadata': `filename ${btoa('late')}` }
    const made = await ask(port, 'POST', '/rooms/lobby/files', { headers })
    const path = new URL(made.headers.location ?? '', `http://${at}`)
    const patch = { ...TUS, 'Upload-Offset': '0', 'Content-Type': 'application/offset+octet-stream' }
    await ask(port, 'PATCH', `${path.pathname}${path.search}`, { headers: patch, body: '12345' })
    const getting = new CliProcess(['get', at, 'late', 'a'], { cwd })
    await getting.until('its beginning', async () => (await readdir(cwd)).some((name) => name.endsWith('.part')))
    await ask(port, 'DELETE', `${path.pathname}${path.search}`, { headers: TUS })
    const { code, errors } = await getting.ended()
    expect(code).toBe(5)
    expect(errors).toMatch(/^tamtam: late: /m)
    expect(await readdir(cwd)).toEqual(['a'])
  })
})
