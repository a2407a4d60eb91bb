import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ChaosProxy } from '../../harness/chaos-proxy.ts'
import { CliProcess, folderWith, hostForVerbs } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { enter, HostProcess } from '../../harness/host-process.ts'

describe('tamtam say', () => {
  it('says its words, or each line of a pipe, in order', async () => {
    const { at, port } = await hostForVerbs()
    const budi = await enter(port, 'budi')
    expect(await CliProcess.run(['say', `ani@${at}`, 'halo', 'dunia'])).toMatchObject({ code: 0, errors: '' })
    await budi.until('<ani> halo dunia')
    const many = Array.from({ length: 3000 }, (_, index) => `baris ${index} ${'x'.repeat(20)}`)
    expect(await CliProcess.run(['say', at], { input: `${many.join('\r\n')}\n\nakhir` })).toMatchObject({
      code: 0,
      errors: '',
    })
    const { said } = await CliProcess.run(['tail', at, '--after', '1', '--no-follow', '--json'])
    expect(said.map(({ text }) => text)).toEqual([...many, 'akhir'])
    expect(said.map(({ seq }) => seq)).toEqual(said.map((_, index) => index + 2))
  })
  it('in slow mode waits between two lines', async () => {
    const { at, tamtam } = await hostForVerbs()
    const owner = await tamtam.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
    await owner.send({ type: 'setSlowMode', seconds: 1 })
    expect(await CliProcess.run(['say', at], { input: 'satu\ndua\n' })).toMatchObject({ code: 0 })
    const { said } = await CliProcess.run(['tail', at, '--after', '1', '--no-follow', '--json'])
    expect(said).toMatchObject([{ text: 'satu' }, { text: 'dua' }])
    const [one, two] = said.map(({ at: ms }) => Number(ms))
    expect(Number(two) - Number(one)).toBeGreaterThanOrEqual(1000)
  })
  it('says it once, however often the answer is lost (C118)', async () => {
    const { at, port } = await hostForVerbs()
    const proxy = await ChaosProxy.open(port)
    proxy.down.cutAt(10)
    proxy.down.cutAt(20)
    expect((await CliProcess.run(['say', `127.0.0.1:${proxy.port}`, 'satu'])).code).toBe(0)
    expect(proxy.accepted).toBe(3)
    const { said } = await CliProcess.run(['tail', at, '--no-follow', '--json'])
    expect(said).toMatchObject([{ seq: 1, text: 'satu' }])
  })
})

describe('tamtam ls', () => {
  it('shows nothing of a hostile host that acts, and takes no path for the id of a file (C38, C57)', async () => {
    const evil = '\x1b]52;c;AAAA\x07\x9b2J\x7f\u202e'
    const by = { id: 'm', name: evil }
    const stamp = { seq: 1, at: 1, by }
    const file = { id: 'f1', name: evil, size: 1, sha256: 'a'.repeat(64), url: evil }
    const events = [
      { type: 'said', ...stamp, text: evil },
      { type: 'topicSet', ...stamp, topic: evil },
      { type: 'left', by, reason: evil },
      { type: 'fileCompleted', ...stamp, file },
      { type: 'fileCompleted', ...stamp, file: { ...file, id: '\x1b[2J' } },
    ]
    const row = { ...file, by: evil, byId: by.id, at: 1, status: 'whole', verified: 0 }
    const answers: Record<string, object> = {
      '/rooms': { rooms: [{ name: evil, members: 0, last: 0 }] },
      '/rooms/lobby': { name: evil, topic: evil, last: 1, members: [evil] },
      '/rooms/lobby/events': { events, last: 1 },
      '/rooms/lobby/files': { files: [row] },
      '/rooms/paths': { name: evil, topic: evil, last: 1, members: [] },
      '/rooms/paths/files': { files: [{ ...row, id: '/../evil' }] },
    }
    const host = createServer(({ url = '' }, response) => {
      const answer = answers[url.split('?', 1)[0] ?? '']
      response.writeHead(answer === undefined ? 403 : 200, { 'Content-Type': 'application/json' })
      response.end(JSON.stringify(answer ?? { code: evil, message: evil }))
    })
    host.listen(0, '127.0.0.1')
    await once(host, 'listening')
    onTestFinished(() => void host.close())
    const at = `127.0.0.1:${(host.address() as AddressInfo).port}`
    const cwd = await temporaryDirectory()
    const verbs = [
      ['ls', at],
      ['ls', `${at}/lobby`],
      ['tail', at, '--no-follow'],
      ['get', `${at}/paths`, '--timeout', '0.2'],
      ['say', at, 'halo'],
    ]
    for (const args of [...verbs, ...verbs.slice(0, 3).map((verb) => [...verb, '--json'])]) {
      const { out, errors, code } = await CliProcess.run(args, { cwd })
      expect(`${out}${errors}`, args.join(' ')).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/)
      expect([args[0], code]).toEqual([args[0], ['ls', 'tail'].includes(args[0] ?? '') ? 0 : expect.any(Number)])
      expect(`${out}${errors}`).not.toBe('')
    }
    expect(await readdir(cwd)).toEqual([])
  })

  it('lists rooms, or the files and people of one, with nothing in it that acts (C57)', async () => {
    const { at, port } = await hostForVerbs()
    const { path, digest } = await folderWith('a.bin', 1000)
    await CliProcess.run(['send', `${at}/lab`, path, '--name', 'a b.bin'])
    const ani = await enter(port, 'ani')
    await ani.ask('/join lab', /./)
    await ani.ask('/topic ber\x1b[2Jbahaya', /./)
    expect((await CliProcess.run(['ls', at])).out.toString()).toMatch(/^lab\t1 here\t\d+ entries\n/m)
    const { out } = await CliProcess.run(['ls', `${at}/lab`])
    expect(out.toString()).toMatch(
      /^topic: ber␛\[2Jbahaya\nhere: ani\n[0-9a-f]{8} {2}a b\.bin {2}1 kB {2}from 127\.0\.0\.1 {2}sha256 /,
    )
    const { said } = await CliProcess.run(['ls', `${at}/lab`, '--json'])
    expect(said).toMatchObject([
      { v: 1, type: 'member', name: 'ani' },
      {
        v: 1,
        type: 'file',
        name: 'a b.bin',
        size: 1000,
        sha256: digest,
        url: expect.stringMatching(/^http:.*\/a%20b\.bin$/),
      },
    ])
  })
})

describe('tamtam tail', () => {
  it('shows the newest lines, and then what comes', async () => {
    const { at } = await hostForVerbs()
    await CliProcess.run(['say', `ani@${at}`], { input: 'satu\ndua\nti\x07ga\n' })
    expect((await CliProcess.run(['tail', at, '-n', '2', '--no-follow'])).out.toString()).toBe(
      '<ani> dua\n<ani> ti␇ga\n',
    )
    const tail = new CliProcess(['tail', at, '-n', '1'])
    await tail.until('the newest', () => tail.lines.length === 1)
    await CliProcess.run(['say', at, 'empat'])
    await tail.until('the next', () => tail.lines.length === 2)
    expect(tail.lines).toEqual(['<ani> ti␇ga', '<127.0.0.1> empat'])
  })

  it('loses and doubles nothing over a restart of the host', async () => {
    const data = await temporaryDirectory()
    const one = await HostProcess.start(['--data', data])
    const proxy = await ChaosProxy.open(one.port)
    const tail = new CliProcess(['tail', `127.0.0.1:${proxy.port}/lab`, '--after', '0', '--json'])
    const lines = (from: number) => Array.from({ length: 200 }, (_, index) => `baris ${from + index}\n`).join('')
    await CliProcess.run(['say', `127.0.0.1:${one.port}/lab`], { input: lines(1) })
    await tail.until('some of them', () => tail.lines.length > 0)
    const saying = new CliProcess(['say', `127.0.0.1:${one.port}/lab`], { input: lines(201) })
    await tail.until('some of the second ones', () => tail.lines.length > 200)
    await saying.ended()
    await one.host.kill()
    proxy.cutAll()
    const two = await HostProcess.start(['--data', data])
    await CliProcess.run(['say', `127.0.0.1:${two.port}/lab`], { input: lines(401) })
    proxy.target = two.port
    await tail.until('all of them', () => tail.lines.length >= 600)
    const said = tail.lines.map((line) => JSON.parse(line))
    expect(said.map(({ seq, text }) => [seq, text])).toEqual(said.map((_, index) => [index + 1, `baris ${index + 1}`]))
    expect(tail.errors).toContain('trying again')
  })

  it('ends when nobody reads it any more', async () => {
    const { at } = await hostForVerbs()
    await CliProcess.run(['say', at], { input: 'satu\ndua\n' })
    const tail = new CliProcess(['tail', at])
    await tail.until('a line', () => tail.lines.length > 0)
    tail.child.stdout?.destroy()
    await CliProcess.run(['say', at], { input: 'tiga\n' })
    expect(await tail.ended()).toMatchObject({ code: 0, errors: '' })
  })
})
