import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, test } from 'vitest'
import { ChaosProxy } from '../../harness/chaos-proxy.ts'
import { CliProcess, folderWith, haltingWay, hostForVerbs } from '../../harness/cli-process.ts'
import { filesOf } from '../../harness/files.ts'
import { enter } from '../../harness/host-process.ts'
import { needs } from '../../harness/tools.ts'

describe('the exit code says', () => {
  it.each([
    [['send', 'a:b:c', 'x'], /^tamtam: this is no address: an IPv6 address goes into brackets/],
    [['send', 'localhost'], /missing required argument 'files'/],
    [['get', 'localhost', '--limit', 'much'], /write bytes a second like 500k or 5M/],
    [['send', 'localhost', 'a', 'b', '--name', 'c'], /^tamtam: --name is for one file only/],
    [['get', 'localhost', '-o', 'new/'], /^tamtam: -o takes the name of a file; --save takes folders/],
    // C12
    [['send', 'package.json', 'localhost'], /package\.json is a file here, and localhost is none: the address comes/],
    [['get', 'localhost', '--save', ''], /^tamtam: --save takes the name of a folder; \. is this one/],
    [['tail', 'localhost', '-n', 'x'], /write a whole number/],
    [['completion', 'tcsh'], /Allowed choices are bash, zsh, fish/],
  ])('2 that the command is wrong: %j', async (args, errors) => {
    expect(await CliProcess.run(args)).toMatchObject({ code: 2, errors: expect.stringMatching(errors) })
  })

  it('0 that help was printed, also where nobody reads it any more: tamtam send --help | head', async () => {
    const helping = new CliProcess(['send', '--help'])
    helping.child.stdout?.destroy()
    expect(await helping.ended()).toMatchObject({ code: 0, errors: '' })
  })

  it('2 that a secret is no argument, where everybody on the machine could read it (C121)', async () => {
    const verbs = ['host', 'join', 'send', 'get', 'say', 'tail', 'ls']
    const options = ['--token', '--password', '--key']
    const asked = verbs.map((verb, index) => {
      const option = options[index % options.length] as string
      return CliProcess.run([verb, option, 'rahasia']).then(({ code, errors }) => [
        verb,
        code,
        errors.split('\n')[0],
        option,
      ])
    })
    for (const [verb, code, error, option] of await Promise.all(asked))
      expect([verb, code, error]).toEqual([verb, 2, `tamtam: unknown option '${option}'`])
  })

  it('3 that nobody answers there, at once', async () => {
    const { tamtam, at } = await hostForVerbs()
    await tamtam.stop()
    const { path } = await folderWith('a.bin', 1)
    for (const args of [
      ['send', at, path],
      ['get', at],
      ['say', at, 'x'],
      ['tail', at],
      ['ls', at],
    ]) {
      const { code, errors } = await CliProcess.run(args)
      expect([args[0], code, errors]).toEqual([
        args[0],
        3,
        `tamtam: nobody answers at ${at} (nothing listens there; is the host running?)\n`,
      ])
    }
  })

  it('3 that something other than tamtam answers there', async () => {
    const server = createServer((socket) => socket.end('220 mail.example.org ESMTP\r\n'))
    server.listen({ port: 0, host: '127.0.0.1' })
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const { code, errors } = await CliProcess.run(['ls', `127.0.0.1:${port}`])
    expect([code, errors]).toEqual([
      3,
      `something other than tamtam answers there; trying again\ntamtam: nobody answers at 127.0.0.1:${port} (something other than tamtam answers there)\n`,
    ])
  })

  it('130 that somebody pressed Ctrl-C before anybody answered', async () => {
    const taken = Promise.withResolvers<void>()
    const server = createServer(() => taken.resolve())
    server.listen({ port: 0, host: '127.0.0.1' })
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const join = new CliProcess(['join', `ani@127.0.0.1:${port}`], { open: true })
    await taken.promise
    await join.kill('SIGINT')
    expect((await join.ended()).code).toBe(130)
    server.close()
  })

  it('4 that the host refuses, and why', async () => {
    const { at, port } = await hostForVerbs({ limits: { maxFileBytes: 1000 } })
    const { path } = await folderWith('a.bin', 1001)
    await enter(port, 'ani')
    expect(await CliProcess.run(['say', `ani@${at}`, 'x'])).toMatchObject({
      code: 4,
      errors: expect.stringMatching(/\(NAME_TAKEN\)\n$/),
    })
    expect(await CliProcess.run(['send', at, path])).toMatchObject({
      code: 4,
      errors: expect.stringMatching(/\(FILE_TOO_LARGE\)\n$/),
    })
    expect(await filesOf(port)).toEqual([])
  })

  it('5 that there is no such file, here or there', async () => {
    const { at } = await hostForVerbs()
    for (const args of [
      ['get', at],
      ['get', at, 'x.pdf'],
      ['get', `http://${at}/files/${'0'.repeat(32)}/x.pdf`],
      ['send', at, '/nonexistent/x.pdf'],
    ])
      expect(await CliProcess.run(args)).toMatchObject({ code: 5, errors: expect.stringMatching(/tamtam: .+\n$/) })
  })

  it('6 that it is not all there, and how it goes on', async () => {
    const { port } = await hostForVerbs()
    const proxy = await ChaosProxy.open(port)
    const through = `127.0.0.1:${proxy.port}`
    proxy.up.stallAt(500_000)
    const { path, cwd } = await folderWith('a b.bin', 2_000_000)
    const sending = new CliProcess(['send', through, path, '--limit', '1M', '--timeout', '3'], { cwd })
    await sending.until('the middle', () => proxy.up.stalled)
    await proxy.close()
    const { code, errors } = await sending.ended()
    expect(code).toBe(6)
    expect(errors).toMatch(/^tamtam: gave up: /m)
    expect(errors.trimEnd().split('\n').at(-1)).toBe(
      `go on with: tamtam send ${through} '${path}' --limit 1M --timeout 3`,
    )
  })

  it('7 C112 that the bytes were changed on the way, twice, and nothing of them has its name', async () => {
    const { at, port } = await hostForVerbs()
    const { cwd, path } = await folderWith('a.bin', 1_000_000)
    const proxy = await ChaosProxy.open(port)
    const through = `127.0.0.1:${proxy.port}`
    proxy.up.flipAt(500_000)
    proxy.up.flipAt(1_500_000)
    expect(await CliProcess.run(['send', through, path])).toMatchObject({ code: 7 })
    expect((await filesOf(port)).map(({ status }) => status)).not.toContain('whole')
    await CliProcess.run(['send', at, path])
    proxy.down.flipAt(proxy.down.passed + 500_000)
    proxy.down.flipAt(proxy.down.passed + 1_500_000)
    const got = await CliProcess.run(['get', through, 'a.bin'], { cwd })
    expect(got).toMatchObject({ code: 7, errors: expect.stringContaining('(HASH_MISMATCH)') })
    expect(await readdir(cwd)).toEqual(['sent'])
    proxy.down.flipAt(proxy.down.passed + 500_000)
    expect((await CliProcess.run(['get', through, '-o', '-'])).code).toBe(7)
  })

  it('8 that what it would write is there already', async () => {
    const { at } = await hostForVerbs()
    const { cwd, path } = await folderWith('a.bin', 10)
    await CliProcess.run(['send', at, path])
    await writeFile(join(cwd, 'b.bin'), 'mine')
    expect((await CliProcess.run(['get', at, '-o', 'b.bin'], { cwd })).code).toBe(8)
  })

  it('9 that not all who are there have verified it in time', async () => {
    const { at, port } = await hostForVerbs()
    const { path } = await folderWith('a.bin', 10)
    await enter(port, 'budi')
    const sent = await CliProcess.run(['send', at, path, '--wait', '--timeout', '1'])
    expect(sent).toMatchObject({ code: 9, errors: expect.stringMatching(/has not been verified by budi\n$/) })
  })

  it('130 that it was interrupted, and how it goes on', async () => {
    const { port } = await hostForVerbs()
    const { at, isHalted, mend } = await haltingWay(port, 'up', 500_000)
    const { path, cwd } = await folderWith('a.bin', 2_000_000)
    const sending = new CliProcess(['send', at, path])
    await sending.until('the middle', isHalted)
    await sending.kill('SIGINT')
    mend()
    expect(await sending.ended()).toMatchObject({
      code: 130,
      errors: expect.stringContaining(`go on with: tamtam send ${at}`),
    })
    expect((await CliProcess.run(['send', at, path])).errors).toMatch(/resumes at \d+ %/)
    const { at: halting } = await haltingWay(port, 'down', 500_000)
    const getting = new CliProcess(['get', halting], { cwd })
    await getting.until('a part', async () => (await readdir(cwd)).some((name) => name.endsWith('.part')))
    await getting.kill('SIGINT')
    expect((await getting.ended()).code).toBe(130)
    expect((await readdir(cwd)).filter((name) => name.endsWith('.part'))).toHaveLength(1)
  })
})

test('whoever joins without a host, and has none, is told how to have one, in the words of the checkout where npm started it', async () => {
  needs('unshare')
  // On a network of its own nobody answers at this port, whatever else runs on the machine.
  const alone = { command: ['unshare', '--net', '--map-root-user'] }
  const npm = { npm_lifecycle_event: 'start', npm_package_name: 'tamtam-room' }
  const [installed, checkout] = await Promise.all([
    CliProcess.run(['join'], alone),
    CliProcess.run(['join'], { ...alone, env: npm }),
  ])
  expect(installed).toMatchObject({
    code: 3,
    errors: 'tamtam: no host at localhost:8268; start one with tamtam, or: tamtam join HOST[:PORT][/ROOM]\n',
  })
  expect(checkout.errors).toContain('start one with npm start, or: npm start -- join HOST[:PORT][/ROOM]')
})
