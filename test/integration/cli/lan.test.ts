import { fileURLToPath } from 'node:url'
import { describe, expect } from 'vitest'
import { sampleBytes } from '../../harness/bytes.ts'
import { CliProcess } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { HostProcess } from '../../harness/host-process.ts'
import { Lan, type Machine, testOnLan } from '../../harness/lan.ts'
import { noKnownHosts } from '../../harness/tls.ts'

const test = testOnLan()

/** A host on a machine of its own, and what is typed on another one. */
async function onLan(args: readonly string[], addresses = 1) {
  const lan = Lan.create(addresses)
  const { host, port } = await HostProcess.start(['--ephemeral', ...args], { command: lan.host.command })
  const home = { XDG_CONFIG_HOME: await temporaryDirectory() }
  const tamtam = (typed: readonly string[], input = '', more: NodeJS.ProcessEnv = {}) =>
    CliProcess.run(typed, { command: lan.guest.command, env: { ...home, ...more }, input })
  const { token = '' } = await host.listening()
  return { ...lan, lan, host, port, at: `${lan.host.address}:${port}`, tamtam, token }
}

const open = ['--lan', '--open']
const EAGER = fileURLToPath(new URL('../../harness/eager-host.ts', import.meta.url))

describe('P7: on a network that leads nowhere else, somebody on another machine', () => {
  test('comes in by its address, in plain, by every protocol', async () => {
    const { lan, at, port, tamtam } = await onLan(open)
    const { guest } = lan
    expect((await guest.run('ip', ['route'])).stdout.toString()).not.toContain('default')
    const spoken = await guest.run(
      'nc',
      ['-q', '1', lan.host.address, String(port)],
      Buffer.from('/nick ani\nby netcat\n/quit\n'),
    )
    expect(spoken.stdout.toString()).toContain('* you are now ani')
    expect(await tamtam(['say', `budi@${at}`, 'by HTTP'])).toMatchObject({ code: 0, errors: '' })
    expect(await tamtam(['join', `cici@${at}`], 'in frames\n')).toMatchObject({ code: 0, errors: '' })
    const sent = await guest.run('curl', ['-q', '-sf', '-T', '-', `http://${at}/lobby/a.bin`], sampleBytes(100_000))
    const { url } = JSON.parse(sent.stdout.toString())
    expect((await guest.run('curl', ['-q', '-sf', `http://${at}${url}`])).stdout.equals(sampleBytes(100_000))).toBe(
      true,
    )
    const dedi = {
      url: `dedi@${at}`,
      transport: 'websocket',
      text: 'over a WebSocket',
      knownHosts: await noKnownHosts(),
    }
    expect(await guest.job('session', dedi)).toEqual({ answer: 'ack', heard: 'dedi: over a WebSocket' })
    const { out } = await tamtam(['tail', '--no-follow', at])
    for (const said of ['<ani> by netcat', '<budi> by HTTP', '<cici> in frames', '<dedi> over a WebSocket'])
      expect(out.toString()).toContain(said)
  })
})

describe('C123: over TLS', () => {
  test('the same protocols, with the fingerprint in the address; a page of another origin, or by another name, is refused on every path', async () => {
    const { lan, at, port, host, tamtam } = await onLan([...open, '--tls'])
    const { guest } = lan
    const { fingerprint } = await host.listening()
    expect(await tamtam(['say', `tls://budi@${at}#${fingerprint}`, 'by HTTP'])).toMatchObject({ code: 0, errors: '' })
    expect(await tamtam(['join', `tls://cici@${at}`], 'in frames\n')).toMatchObject({ code: 0, errors: '' })
    const dedi = {
      url: `tls://dedi@${at}#${fingerprint}`,
      transport: 'websocket',
      text: 'over a WebSocket',
      knownHosts: await noKnownHosts(),
    }
    expect(await guest.job('session', dedi)).toEqual({ answer: 'ack', heard: 'dedi: over a WebSocket' })
    const spoken = Buffer.from('/nick ani\nby openssl\n/quit\n')
    const ssl = await guest.run('openssl', ['s_client', '-quiet', '-connect', at], spoken)
    expect(ssl.stdout.toString()).toContain('* you are now ani')
    const { out } = await tamtam(['tail', '--no-follow', `tls://${at}`])
    for (const said of ['<budi> by HTTP', '<cici> in frames', '<dedi> over a WebSocket', '<ani> by openssl'])
      expect(out.toString()).toContain(said)
    const status = async (path: string, header: string) => {
      const args = ['-q', '-sk', '-o', '/dev/null', '-w', '%{http_code}', '-H', header, `https://${at}${path}`]
      return (await guest.run('curl', args)).stdout.toString()
    }
    for (const path of ['/', '/rooms', '/files/x', '/metrics', '/nowhere', '/ws']) {
      expect([path, await status(path, 'Host: evil.example')]).toEqual([path, '421'])
      expect([path, await status(path, 'Origin: https://evil.example')]).toEqual([path, '403'])
      expect([path, await status(path, `Origin: http://${at}`)]).toEqual([path, '403'])
    }
    const plain = await guest.run('nc', [lan.host.address, String(port)], Buffer.from('in plain\n'))
    expect(plain.stdout.toString()).toMatch(/^! TLS_REQUIRED /)
  })
})

test('hosts are found by who is nearby, with what it takes to come in, and without the token (mDNS)', async () => {
  const { lan, host, port, tamtam, token } = await onLan(['--lan', '--tls'])
  const found = {
    v: 1,
    type: 'host',
    name: expect.any(String),
    address: lan.host.address,
    port,
    tls: true,
    token: true,
  }
  // It may not have said yet that it is here.
  let nearby = await tamtam(['ls', '--json'])
  while (nearby.code !== 0) nearby = await tamtam(['ls', '--json'])
  expect(nearby.said).toEqual([found])
  expect(nearby.out.toString()).not.toContain(token)

  // Nothing that somebody else says by it ends the host, or who looks for one.
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
  const babble = { from: lan.guest.address, seed, most: 2000 }
  const [, { said, code }] = await Promise.all([lan.guest.job('babble', babble), tamtam(['ls', '--json'])])
  expect({ seed, code, said }).toEqual({ seed, code: 0, said: expect.arrayContaining([found]) })
  expect({ seed, errors: host.errors, ended: await host.stop() }).toEqual({ seed, errors: '', ended: 0 })
})

test('C119, C122: without the token nothing can be read by any protocol; who guesses is slowed, and shuts out nobody', async () => {
  const { lan, at, port, tamtam, token } = await onLan(['--lan'])
  const { guest } = lan
  const shown = { TAMTAM_TOKEN: token }
  expect(await tamtam(['say', at, 'nobody else may read this'], '', shown)).toMatchObject({ code: 0 })
  const asked = Buffer.from('/history\n/who\n/files\nhalo\n/quit\n')
  const read = [(await guest.run('nc', [lan.host.address, String(port)], asked)).stdout.toString()]
  for (const path of [
    '/rooms',
    '/rooms/lobby',
    '/rooms/lobby/events',
    '/rooms/lobby/files',
    '/rooms/lobby/search?q=nobody',
    '/metrics',
  ])
    read.push((await guest.run('curl', ['-q', '-s', `http://${at}${path}`])).stdout.toString())
  for (const typed of [
    ['tail', '--no-follow', at],
    ['join', at],
    ['ls', `${at}/lobby`],
    ['say', at, 'halo'],
  ]) {
    const { code, out, errors } = await tamtam(typed)
    expect([typed, code]).toEqual([typed, expect.toSatisfy((ended) => ended === 4 || ended === 5)])
    read.push(out.toString(), errors)
  }
  expect(read.join('\n')).not.toMatch(/nobody else|halo/)
  const [first = ''] = guest.addresses
  const guess = async (from: string, word: string) => {
    const args = ['-q', '-s', '--interface', from, '-H', `Authorization: Bearer ${word}`, `http://${at}/rooms/lobby`]
    return (await guest.run('curl', args)).stdout.toString()
  }
  const began = performance.now()
  for (let tries = 0; tries < 6; tries++) expect(await guess(first, `guess${tries}`)).toContain('NOT_FOUND')
  expect(performance.now() - began).toBeGreaterThan(1000)
  expect(await guess(first, token)).toContain('"lobby"')
})

describe('beyond this machine', () => {
  test('C70: an address has 256 connections, and the next one as many', async () => {
    const { lan, port } = await onLan(open, 2)
    const { address } = lan.host
    const found = await lan.guest.job('connections', { host: address, port, from: lan.guest.addresses, each: 270 })
    expect(found).toEqual({ '10.77.0.2': 256, '10.77.0.3': 256 })
  })

  test('C70: an IPv6 /64 has 256 connections together, whatever its addresses, and the next /64 as many', async () => {
    const lan = Lan.create()
    const give = (machine: Machine, address: string) =>
      machine.run('ip', ['address', 'add', `${address}/48`, 'dev', 'lan', 'nodad'])
    const from = ['fd77:0:0:1::2', 'fd77:0:0:1::3', 'fd77:0:0:2::2']
    for (const address of from) await give(lan.guest, address)
    await give(lan.host, 'fd77::1')
    const args = ['--ephemeral', '--open', '--bind', 'fd77::1']
    const { port } = await HostProcess.start(args, { command: lan.host.command })
    const found = await lan.guest.job('connections', { host: 'fd77::1', port, from, each: 150 })
    expect(found).toEqual({ 'fd77:0:0:1::2': 150, 'fd77:0:0:1::3': 106, 'fd77:0:0:2::2': 150 })
  })

  test('C73: a machine whose cable is out is noticed, though nothing is said to it, and nobody waits for it', async () => {
    const { lan, port: usual } = await onLan(open)
    const { address } = lan.host
    const settings = JSON.stringify({ host: address, keepAliveMs: 1000 })
    const eager = new HostProcess([settings], { program: EAGER, command: lan.host.command })
    const { port } = await eager.listening()
    const [ghost] = [usual, port].map((to) => lan.guest.start('nc', [address, String(to)])).reverse()
    ghost?.stdin.write('/nick ghost\n')
    await eager.until('the ghost', () => eager.lines.some((line) => line.includes('"name":"ghost"')))
    const timers = async () => (await lan.host.run('ss', ['-Htno', 'state', 'established'])).stdout.toString()
    await expect.poll(timers).toMatch(/timer:\(keepalive,(5\d|1min)/)
    lan.unplug()
    await eager.until('its end', () => eager.lines.some((line) => /"type":"left".*"ghost"/.test(line)))
    expect(await timers()).not.toContain(`:${port}`)
  })

  test('C67: lines over the rate are read more slowly, and none is lost', async () => {
    const { lan, port, host } = await onLan(open)
    const { ms } = await lan.guest.job<{ ms: number }>('flood', { host: lan.host.address, port, lines: 600 })
    expect(ms).toBeGreaterThan(1500)
    expect(host.events.filter(({ type }) => type === 'said')).toHaveLength(600)
  })
})
