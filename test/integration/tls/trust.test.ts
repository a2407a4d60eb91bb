import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { exitCodes } from '#app/cli/exit-codes.ts'
import { type ConnectionState, connect } from '#app/index.ts'
import { Refused } from '#domain/session.ts'
import { certificateFor } from '#system/tls/identity.ts'
import { CliProcess, folderWith } from '../../harness/cli-process.ts'
import { startHost } from '../../harness/host.ts'
import { until } from '../../harness/patience.ts'
import { newIdentity, noKnownHosts, startTlsHost } from '../../harness/tls.ts'

const quick = { firstRetryMs: 5, mostRetryMs: 50 }
const OTHER = `sha256:${'ab'.repeat(32)}`

/** Somebody who has been nowhere yet, and what they type. */
async function somebody() {
  const path = await noKnownHosts()
  const env = { XDG_CONFIG_HOME: dirname(dirname(path)) }
  const known = () => readFile(path, 'utf8')
  return { path, env, known, tamtam: (...args: string[]) => CliProcess.run(args, { env }) }
}

test('the first time, the fingerprint is told and remembered, for its owner alone; then nothing is said of it', async () => {
  const { port, url, fingerprint } = await startTlsHost()
  const { path, known, tamtam } = await somebody()
  const first = await tamtam('say', `${url}/lobby`, 'halo')
  expect([first.code, first.errors]).toEqual([0, expect.stringContaining(fingerprint)])
  expect(await known()).toBe(`127.0.0.1:${port} ${fingerprint}\n`)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(await tamtam('say', `${url}/lobby`, 'halo again')).toMatchObject({ code: 0, errors: '' })
})

test('B10: where keys can not be remembered, that is said of the file, and the host answers all the same', async () => {
  const { url } = await startTlsHost()
  const { path, tamtam } = await somebody()
  await writeFile(dirname(path), 'no directory')
  const said = await tamtam('say', `${url}/lobby`, 'halo')
  expect([said.code, said.errors]).toEqual([0, expect.stringContaining(`can not be remembered in ${path}`)])
})

test('C123: another key is refused, and nothing is said to it; the right fingerprint behind a # is believed from then on', async () => {
  const { port, url, fingerprint, tamtam: host } = await startTlsHost()
  const { path, known, tamtam } = await somebody()
  await tamtam('ls', url)
  await writeFile(path, `127.0.0.1:${port} ${OTHER}\nkantor:8268 ${OTHER}\n`)
  const changed = await tamtam('say', `${url}/lobby`, 'halo')
  expect(changed.code).toBe(exitCodes.refused)
  for (const told of [OTHER, fingerprint, 'stands between you', path, `${url}#${fingerprint}`, 'HOST_CHANGED'])
    expect(changed.errors).toContain(told)
  const wrong = await tamtam('say', `${url}/lobby#${OTHER}`, 'halo')
  expect([wrong.code, wrong.errors]).toEqual([exitCodes.refused, expect.stringContaining('and not')])
  expect(await host.engine.rooms()).toEqual([])
  const right = await tamtam('say', `${url}/lobby#${fingerprint}`, 'halo')
  expect([right.code, right.errors]).toEqual([0, ''])
  expect(await known()).toBe(`127.0.0.1:${port} ${fingerprint}\nkantor:8268 ${OTHER}\n`)
})

test('C123: whoever was reached over TLS is not spoken to in plain', async () => {
  let connections = 0
  const impostor = createServer((socket) => {
    connections++
    socket.destroy()
  })
  const port = await new Promise<number>((resolve) =>
    impostor.listen(0, '127.0.0.1', () => resolve((impostor.address() as { port: number }).port)),
  )
  onTestFinished(() => void impostor.close())
  const { path, tamtam } = await somebody()
  const knownHosts = await noKnownHosts()
  for (const file of [path, knownHosts]) {
    await mkdir(dirname(file))
    await writeFile(file, `127.0.0.1:${port} ${OTHER}\n`)
  }
  const said = await tamtam('say', `127.0.0.1:${port}`, 'halo')
  expect([said.code, said.errors]).toEqual([
    exitCodes.refused,
    expect.stringContaining(`write tls://127.0.0.1:${port}`),
  ])
  for (const transport of ['frames', 'websocket'] as const)
    await expect(connect(`127.0.0.1:${port}`, { transport, knownHosts })).rejects.toMatchObject({
      rejected: { code: 'TLS_REQUIRED' },
    })
  expect(connections).toBe(0)
})

test('a host that speaks TLS says so to whoever comes in plain; one that does not is told from one that is not there', async () => {
  const secure = await startTlsHost()
  const plain = await startHost()
  const { tamtam } = await somebody()
  const inPlain = await tamtam('say', `127.0.0.1:${secure.port}`, 'halo')
  expect([inPlain.code, inPlain.errors]).toEqual([exitCodes.refused, expect.stringContaining('https://127.0.0.1')])
  const knownHosts = await noKnownHosts()
  const entered = connect(`127.0.0.1:${secure.port}`, { knownHosts })
  await expect(entered).rejects.toThrow(/write tls:\/\/127\.0\.0\.1/)
  await expect(entered).rejects.toBeInstanceOf(Refused)
  const overTls = await tamtam('say', `tls://127.0.0.1:${plain.port}`, 'halo')
  expect([overTls.code, overTls.errors]).toEqual([exitCodes.unreachable, expect.stringContaining('leave out tls://')])
})

test('programs that meet a host at the same time all remember it, once', async () => {
  const { port, url, fingerprint } = await startTlsHost()
  const other = await startTlsHost()
  const { known, tamtam } = await somebody()
  const all = await Promise.all([url, url, other.url, url].map((each) => tamtam('ls', each)))
  expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0])
  const lines = [`127.0.0.1:${port} ${fingerprint}`, `127.0.0.1:${other.port} ${other.fingerprint}`]
  expect((await known()).trim().split('\n').sort()).toEqual(lines.sort())
})

test('C123: a certificate that has ended is warned of; the key decides', async () => {
  const { key } = await newIdentity()
  const cert = await certificateFor(key, ['localhost'], Date.now() - 20 * 86_400_000, 10)
  const { port } = await startHost({ listen: { silentMs: 1000, tls: { cert, key } } })
  const { tamtam } = await somebody()
  const said = await tamtam('say', `tls://127.0.0.1:${port}`, 'halo')
  expect([said.code, said.errors]).toEqual([0, expect.stringContaining('has ended on')])
})

test.each(['frames', 'websocket'] as const)(
  'C123: a session over %s does not come back to another key',
  async (transport) => {
    const { port, url, tamtam } = await startTlsHost()
    const knownHosts = await noKnownHosts()
    const session = await connect(url, { transport, knownHosts, settings: quick })
    const states: ConnectionState[] = []
    session.state$.subscribe((state) => states.push(state))
    await tamtam.stop()
    const other = await startHost({ listen: { port, silentMs: 1000, tls: await newIdentity() } })
    await until('the session to end', () => states.at(-1)?.status === 'closed')
    const why = expect.stringContaining('does not show the key')
    expect(states.at(-1)).toEqual({ status: 'closed', why, code: 'HOST_CHANGED' })
    expect(await other.tamtam.engine.rooms()).toEqual([])
  },
)

test('P1: files go both ways with the verbs, and the links they print are of TLS', async () => {
  const { url, port } = await startTlsHost()
  const { env } = await somebody()
  const { cwd, bytes, read } = await folderWith('talk.pdf', 3_000_000)
  const sent = await CliProcess.run(['send', url, 'sent/talk.pdf'], { cwd, env })
  const link = sent.out.toString().trim()
  expect([sent.code, link]).toEqual([0, expect.stringMatching(new RegExp(`^https://127\\.0\\.0\\.1:${port}/files/`))])
  const got = await CliProcess.run(['get', link], { cwd, env })
  expect([got.code, (await read('talk.pdf')).equals(bytes)]).toEqual([0, true])
  const tail = await CliProcess.run(['tail', '--no-follow', `${url}/lobby`], { env })
  expect(tail.out.toString()).toMatch(/^\* file \[\w+\] talk\.pdf .*\n$/)
  const joined = await CliProcess.run(['join', `${url.replace('//', '//ani@')}/lobby`], { env, input: 'halo\n', cwd })
  expect([joined.code, joined.errors]).toEqual([0, ''])
})
