import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CliProcess } from '../harness/cli-process.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { HostProcess } from '../harness/host-process.ts'
import { ask } from '../harness/http-client.ts'
import { LineClient } from '../harness/line-client.ts'

// Bound to this machine, but for its token what `--lan` alone is.
const LAN = ['--lan', '--bind', '127.0.0.1'] as const

async function come(port: number, token: string): Promise<LineClient> {
  const client = await LineClient.connect(port)
  client.write(`/token ${token}\n`)
  await client.until(/^\* you are /)
  return client
}

test('--lan makes a token and keeps it to itself; tamtam token tells it, and the verbs show it', async () => {
  const data = await temporaryDirectory()
  const { host, port } = await HostProcess.start([...LAN, '--data', data])
  const token = (await CliProcess.run(['token', '--data', data])).out.toString().trim()
  expect(token).toMatch(/^[a-km-np-z2-9]{26}$/)
  expect(await readFile(join(data, 'keys', 'token'), 'utf8')).toBe(token)
  expect((await stat(join(data, 'keys', 'token'))).mode & 0o777).toBe(0o600)
  expect(await host.listening()).toMatchObject({ addresses: ['127.0.0.1'] })

  const at = `ani@127.0.0.1:${port}/lobby`
  expect((await CliProcess.run(['say', at, 'halo'])).code).toBe(5)
  const file = join(data, 'mine')
  await writeFile(file, `${token}\n`, { mode: 0o600 })
  const said = await CliProcess.run(['say', at, 'halo'], { env: { TAMTAM_TOKEN_FILE: file } })
  expect(said.code).toBe(0)
  await chmod(file, 0o644)
  const open = await CliProcess.run(['say', at, 'again'], { env: { TAMTAM_TOKEN_FILE: file } })
  expect([open.code, open.errors]).toEqual([78, expect.stringContaining('chmod 600')])
  await host.until('what ani said', () => host.events.some(({ text }) => text === 'halo'))
  expect(await host.stop()).toBe(0)
  // Neither in what it printed nor in what it logged nor in what it keeps of the room (C121).
  expect(host.lines.join('\n') + host.errors).not.toContain(token)
  expect((await readFile(join(data, 'journal.db'))).includes(token)).toBe(false)

  const again = await HostProcess.start([...LAN, '--data', data])
  await come(again.port, token)
})

test('C94: a host with --lan is called what its machine is, one without is not', async () => {
  const name = hostname().toLowerCase()
  const [machine = ''] = name.split('.')
  const data = await temporaryDirectory()
  const [lan, alone] = await Promise.all([
    HostProcess.start([...LAN, '--data', data]),
    HostProcess.start(['--ephemeral', '--host-names', 'chat.example.org']),
  ])
  const token = await readFile(join(data, 'keys', 'token'), 'utf8')
  const asked = async (port: number, host: string) =>
    (await ask(port, 'GET /rooms', { headers: { Host: `${host}:${port}`, Authorization: `Bearer ${token}` } })).status
  for (const host of [name, machine, `${machine}.local`, `${machine.toUpperCase()}.LOCAL.`])
    expect([host, await asked(lan.port, host), await asked(alone.port, host)]).toEqual([host, 200, 421])
  expect(await asked(alone.port, 'Chat.Example.org.')).toBe(200)
  for (const host of ['evil.example', `${machine}.evil.example`, `${machine}.local.evil.example`, 'local'])
    expect([host, await asked(lan.port, host)]).toEqual([host, 421])
})

test('C124: tamtam token --new beside the host sends out who came by the one before', async () => {
  const data = await temporaryDirectory()
  const { host, port } = await HostProcess.start([...LAN, '--data', data, '--log-level', 'silent'])
  const token = await readFile(join(data, 'keys', 'token'), 'utf8')
  const ani = await come(port, token)
  const renewed = await CliProcess.run(['token', '--new', '--data', data])
  await ani.closed()
  const next = renewed.out.toString().trim()
  expect(next).not.toBe(token)
  await come(port, next)
  expect(await host.stop()).toBe(0)
})

test('a host that keeps nothing tells its token in its first line, which is the only place', async () => {
  const { host, port } = await HostProcess.start([...LAN, '--ephemeral'])
  const { token } = (await host.listening()) as unknown as { token: string }
  await come(port, token)
})

test('what people type to join stands in plain text where nobody sits before it', async () => {
  const data = await temporaryDirectory()
  const host = new HostProcess([...LAN, '--port', '0', '--data', data], { env: { LANG: 'C.UTF-8' } })
  await host.until('its greeting', () => host.lines.some((line) => line.startsWith('type to chat')))
  const token = await readFile(join(data, 'keys', 'token'), 'utf8')
  const text = host.lines.join('\n')
  expect(text).toMatch(new RegExp(`^browser +http://127\\.0\\.0\\.1:\\d+/#t=${token}$`, 'm'))
  expect(text).toMatch(new RegExp(`\\{ echo '/token ${token}'; cat; \\} \\| nc 127\\.0\\.0\\.1 \\d+$`, 'm'))
  expect(text).not.toMatch(/[█▀▄]|##/)
})

test('there is no token to be told where none was made', async () => {
  const data = await temporaryDirectory()
  expect(await CliProcess.run(['token', '--data', data])).toMatchObject({
    code: 5,
    errors: expect.stringContaining('--lan'),
  })
})

test('the owner’s key makes its holder the owner, and one’s own key the same person again', async () => {
  const data = await temporaryDirectory()
  const config = await temporaryDirectory()
  const { host, port } = await HostProcess.start(['--data', data])
  const env = { TAMTAM_KEY_FILE: join(data, 'keys', 'owner') }
  const owner = await CliProcess.run(['join', `boss@127.0.0.1:${port}/lobby`], {
    env,
    input: '/lock\n/unlock\n/password buka\n/invite\n',
  })
  expect(owner.code).toBe(0)
  const code = /#t=(\w{26})&room=lobby/.exec(owner.out.toString() + owner.errors)?.[1] ?? ''
  await host.until('the lock', () => host.events.some(({ type }) => type === 'unlocked'))

  const outside = ['join', `cici@127.0.0.1:${port}/lobby`]
  expect((await CliProcess.run(outside, { input: 'halo' })).code).toBe(4)
  for (const shown of [{ TAMTAM_PASSWORD: 'buka' }, { TAMTAM_TOKEN: code }])
    expect((await CliProcess.run(outside, { env: shown, input: 'salam\n' })).code).toBe(0)
  await CliProcess.run(['join', `boss@127.0.0.1:${port}/lobby`], { env, input: '/password off\n' })

  await mkdir(join(config, 'tamtam'))
  for (let time = 0; time < 2; time++)
    expect(
      (
        await CliProcess.run(['join', `ani@127.0.0.1:${port}/lobby`], {
          env: { XDG_CONFIG_HOME: config },
          input: 'halo\n',
        })
      ).code,
    ).toBe(0)
  const authors = () => host.events.filter(({ text }) => text === 'halo').map(({ by }) => (by as { id: string }).id)
  await host.until('both', () => authors().length === 2)
  expect(new Set(authors()).size).toBe(1)
  const [name = ''] = await readdir(join(config, 'tamtam', 'keys'))
  expect((await stat(join(config, 'tamtam', 'keys', name))).mode & 0o777).toBe(0o600)
})
