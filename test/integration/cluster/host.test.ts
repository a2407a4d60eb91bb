import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { natsConf } from '#app/cli/nats-conf.ts'
import { CliProcess } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { HostProcess } from '../../harness/host-process.ts'
import { IrcClient } from '../../harness/irc-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { freePorts, hasNats, NatsServer } from '../../harness/nats.ts'
import { until } from '../../harness/patience.ts'
import { keyOf, SessionClient } from '../../harness/session-client.ts'

const isHere = hasNats()
/** What Debian 12 and 13 install is too old, and must be refused. */
const [, minor = 99] = /v2\.(\d+)\./.exec(spawnSync('nats-server', ['--version']).stdout?.toString() ?? '') ?? []
const isOldHere = Number(minor) < 11

const nodeArgs = (data: string, cluster: string, node: string): string[] => [
  ...['--lan', '--bind', '127.0.0.1', '--data', data, '--cluster', cluster, '--node', node],
]

test.skipIf(!isHere)(
  'two nodes have one token, one room and one history; what they do not share yet is refused; one stops without its log',
  async () => {
    const [nats] = await NatsServer.start(1, 'sometimes')
    if (nats === undefined) throw new Error('there is one')
    const data = await temporaryDirectory()
    const hosts = []
    for (const name of ['a', 'b']) hosts.push(await HostProcess.start(nodeArgs(join(data, name), nats.url, name)))
    const [one, other] = hosts
    if (one === undefined || other === undefined) throw new Error('there are two')
    const tokens = await Promise.all(hosts.map(async ({ host }) => (await host.listening()).token))
    expect(tokens[0]).toMatch(/^\w{26}$/)
    expect(tokens[1]).toBe(tokens[0])

    const enter = async (port: number, nick: string) => {
      const client = await LineClient.connect(port)
      onTestFinished(() => client.leave())
      client.write(`/token ${tokens[0]}\n`)
      await client.ask(`/nick ${nick}`, `* you are now ${nick}`)
      return client
    }
    const [ani, budi] = [await enter(one.port, 'ani'), await enter(other.port, 'budi')]
    ani.write('halo dari a\n')
    await budi.until('<ani> halo dari a')
    budi.write('halo dari b\n')
    await ani.until('<budi> halo dari b')
    await ani.ask('/topic kopi', '* topic set')
    // Each lists the members of both, and hears of them; a whisper and a kick go to the node that its member is with.
    await ani.until(/is now budi/)
    await ani.ask('/who', /ani.*budi|budi.*ani/)
    await ani.ask('/msg budi psst', /budi.*psst/)
    await budi.until(/ani.*psst/)
    const late = await enter(other.port, 'cici')
    await late.ask('/nick ani', /! NAME_TAKEN/)
    await late.ask('/history 10', '* end of history')
    expect(late.lines.filter((line) => line.startsWith('<'))).toEqual(['<ani> halo dari a', '<budi> halo dari b'])
    await late.ask('/topic', /kopi/)
    const dewi = await IrcClient.enter(one.port, 'dewi', ['lobby'], { password: tokens[0] ?? '' })
    await dewi.until(/ 353 dewi = #lobby :.*budi/)
    dewi.says('PRIVMSG budi :dari IRC', 'WHOIS budi', 'ISON budi')
    await budi.until('* dewi whispers: dari IRC')
    await dewi.until(/ 319 dewi budi :#lobby/)
    await dewi.until(/ 303 dewi :budi/)
    budi.write('/msg dewi ya\n')
    await dewi.until(/^:budi!\S+ PRIVMSG dewi :ya/)
    dewi.says('QUIT :tidur')
    await budi.until(/dewi left.*tidur/)
    await ani.ask('/put 3 x.txt\nabc', /x\.txt/)
    await budi.until(/ani.*x\.txt/)

    // A password holds at every node; an invitation lets one person in, wherever they come.
    await ani.ask('/join den', /you are ani in den/)
    await ani.ask('/password rahasia', /Password set/)
    await late.ask('/join den', /! NOT_FOUND/)
    await budi.ask('/join den rahasia', /you are budi in den/)
    const code = /[a-z2-9]{26}/.exec(await ani.ask('/invite', /[a-z2-9]{26}/))?.[0] ?? ''
    const guests = await Promise.all([one, other, one, other].map(({ port }) => LineClient.connect(port)))
    // A host with a token says what it wants at once, and again where somebody is refused.
    for (const guest of guests) await guest.until(/! NOT_FOUND/)
    const came = guests.map((guest) => guest.ask(`/join den ${code}`, /! NOT_FOUND|you are .* in den/))
    expect((await Promise.all(came)).filter((line) => line.startsWith('*'))).toHaveLength(1)
    for (const guest of guests) await guest.leave()
    await late.ask('/join den rahasia', /you are cici in den/)
    await ani.until('* cici joined')
    await ani.ask('/kick cici enough', /cici.*enough/)
    await late.until(/kicked by ani: enough/)

    // A key speaks for its member at any node, in a closed room too, and for nobody who is not there.
    const eka = await SessionClient.connect(one.port, 'websocket')
    eka.send({ type: 'hello', version: 1, key: keyOf('eka'), name: 'eka', token: tokens[0] ?? '' })
    eka.send({ type: 'join', room: 'den', password: 'rahasia' })
    await eka.until(() => eka.of('joined').length > 0)
    const post = (key: string) =>
      fetch(`http://127.0.0.1:${other.port}/rooms/den/messages`, {
        method: 'POST',
        body: 'by key',
        headers: { 'Content-Type': 'text/plain', 'Tamtam-Key': key, Authorization: `Bearer ${tokens[0]}` },
      })
    expect((await post(keyOf('eka'))).status).toBe(201)
    await eka.until(() => eka.texts.includes('by key'))
    expect(eka.entries.at(-1)).toMatchObject({ by: { name: 'eka' } })
    expect((await post(keyOf('nobody'))).status).toBe(404)
    eka.wire.socket.destroy()
    await until('their leaving', async () => (await post(keyOf('eka'))).status === 404)
    await ani.ask('/drop-link', /\/drop\/[0-9a-f]{40}/)
    await ani.ask('/join lobby', /you are ani in lobby/)

    const twin = await CliProcess.run(['host', '--port', '0', ...nodeArgs(join(data, 'c'), nats.url, 'b')])
    expect([twin.code, twin.errors]).toEqual([75, expect.stringMatching(/called b and lives; stop it, or .* --node/)])

    const listed = await CliProcess.run(['cluster', '--cluster', nats.url])
    expect([listed.code, listed.out.toString()]).toEqual([
      0,
      expect.stringMatching(/^node +members.*\na +\d.* ms .*\nb /),
    ])

    // A host of its own does not touch a node's copy, nor does a command.
    await other.host.kill()
    const own = await CliProcess.run(['host', '--port', '0', '--data', join(data, 'b')])
    expect([own.code, own.errors]).toEqual([78, expect.stringContaining('is the copy of a node of the cluster tamtam')])
    const token = await CliProcess.run(['token', '--data', join(data, 'b')])
    expect([token.code, token.errors]).toEqual([78, expect.stringContaining('is kept by the cluster')])
    const bundle = join(data, 'rooms.tar')
    expect((await CliProcess.run(['export', bundle, '--data', join(data, 'b')])).code).toBe(0)
    const imported = await CliProcess.run(['import', bundle, '--data', join(data, 'b')])
    expect([imported.code, imported.errors]).toEqual([78, expect.stringContaining('copy of a node')])

    // A node that was killed says nothing: it is not heard, and its members have left.
    await ani.until('* host-b left (their machine is gone)')
    expect(await (await fetch(`http://127.0.0.1:${one.port}/readyz`)).json()).toEqual({ status: 'ok' })

    // The log is gone: what is said waits, the health is told, and the host still stops.
    await nats.kill()
    const healthz = () => fetch(`http://127.0.0.1:${one.port}/healthz`)
    await until('the health', async () => (await healthz()).status === 503)
    expect((await fetch(`http://127.0.0.1:${one.port}/readyz`)).status).toBe(503)
    expect(await (await healthz()).json()).toMatchObject({ message: expect.stringContaining('cannot be reached') })
    ani.write('not known\n')
    await one.host.stop().then((code) => expect(code).toBe(0))
    await ani.until(/! READ_ONLY .*it is not known whether this was kept/)
  },
)

test('what a node cannot be is said in a sentence, with an exit code', async () => {
  const data = await temporaryDirectory()
  const [port = 0] = await freePorts(1)
  const refused = async (args: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const { code, errors } = await CliProcess.run(['host', '--port', '0', '--data', data, ...args], { env })
    return [code, errors.trim().split('\n').length, errors]
  }
  expect(await refused(['--cluster', `nats://127.0.0.1:${port}`])).toEqual([
    ...[3, 1, expect.stringContaining(`no server of the cluster can be reached (127.0.0.1:${port})`)],
  ])
  expect(await refused(['--cluster', 'nats://ani:rahasia@127.0.0.1'])).toEqual([
    ...[78, 1, expect.stringContaining('put the password of the cluster into TAMTAM_CLUSTER')],
  ])
  const secret = await refused([], { TAMTAM_CLUSTER: `nats://ani:rahasia@127.0.0.1:${port}` })
  expect(secret[0]).toBe(3)
  expect(secret[2]).not.toContain('rahasia')
  expect(await refused(['--cluster', 'http://127.0.0.1'])).toEqual([
    2,
    1,
    expect.stringContaining('cluster must be addresses'),
  ])
})

test.skipIf(!isOldHere)('a NATS server that may keep two messages where one must win is refused', async () => {
  const directory = await temporaryDirectory()
  const [port = 0] = await freePorts(1)
  const config = join(directory, 'nats.conf')
  await writeFile(config, natsConf(['127.0.0.1'], 1, { ports: [port], store: directory, sync: 'sometimes' }))
  const old = spawn('nats-server', ['-c', config], { stdio: 'ignore' })
  onTestFinished(async () => {
    old.kill('SIGKILL')
    if (old.exitCode === null && old.signalCode === null) await once(old, 'exit')
  })
  const host = () =>
    CliProcess.run(['host', '--port', '0', '--data', join(directory, 'data'), '--cluster', `nats://127.0.0.1:${port}`])
  await until('an answer', async () => {
    const { code, errors } = await host()
    if (code === 3) return false
    expect([code, errors]).toEqual([
      78,
      expect.stringMatching(/of version 2\.\d+\.\d+, and older ones than 2\.11 may keep two messages/),
    ])
    return true
  })
})

test('nats-conf writes what each of the servers is started with', async () => {
  const printed = await CliProcess.run([
    'nats-conf',
    '10.0.0.1,10.0.0.2,fd00::3',
    '--node',
    '2',
    '--store',
    '/var/lib/nats',
  ])
  expect(printed.code).toBe(0)
  expect(printed.out.toString().split('\n')).toEqual([
    '# Server 2 of 3 for tamtam. Start it with: nats-server -c THIS_FILE',
    'server_name: "tamtam-2"',
    'listen: "10.0.0.2:4222"',
    'http: "127.0.0.1:8222"',
    'jetstream {',
    '  store_dir: "/var/lib/nats"',
    '  # What is acknowledged survives a power cut.',
    '  sync_interval: always',
    '}',
    'cluster {',
    '  name: "tamtam"',
    '  listen: "10.0.0.2:6222"',
    '  routes: [',
    '    nats://10.0.0.1:6222',
    '    nats://[fd00::3]:6222',
    '  ]',
    '}',
    '',
  ])
  for (const args of [['10.0.0.1', '--node', '2'], ['10.0.0.1,', '--node', '1'], ['a b'], ['10.0.0.1', '--node', '0']])
    expect((await CliProcess.run(['nats-conf', ...args])).code).toBe(2)
})
