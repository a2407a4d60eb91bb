import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { startHost } from '../../harness/host.ts'
import { LineClient } from '../../harness/line-client.ts'

const netcat = ['nc.openbsd', 'nc'].find((name) => /-[A-Za-z]*N/.test(spawnSync(name, ['-h']).stderr?.toString() ?? ''))
if (netcat === undefined) {
  const how = 'no netcat that knows -N: apt-get install netcat-openbsd'
  if (process.env['CI'] === 'true') throw new Error(how)
  process.stderr.write(`skipped the tests with a real netcat, ${how}\n`)
}

describe.skipIf(netcat === undefined)('a real netcat', () => {
  const nc = (port: number, flags: readonly string[] = []) =>
    spawn(netcat as string, [...flags, '127.0.0.1', String(port)], { stdio: ['pipe', 'pipe', 'inherit'] })

  test.each(['hi\n', 'hi', 'GET it', 'one\ntwo\nthree'])('C8: printf %j | nc -N is heard', async (text) => {
    const { port } = await startHost({ listen: { silentMs: 1000 }, line: { halfCloseMs: 100 } })
    const ani = await LineClient.connect(port)
    await ani.ask('/nick ani', '* you are now ani')
    const child = nc(port, ['-N'])
    child.stdin.end(text)
    const exited = once(child, 'exit')
    await ani.until(`<127.0.0.1> ${text.trim().split('\n').at(-1)}`)
    expect(ani.talk).toEqual(
      text
        .trim()
        .split('\n')
        .map((line) => `<127.0.0.1> ${line}`),
    )
    expect((await exited)[0]).toBe(0)
  })

  test('C8: a netcat that has said all goes on hearing', async () => {
    const { port } = await startHost()
    const ani = await LineClient.join(port, 'ani')
    const child = nc(port, ['-N'])
    let heard = ''
    child.stdout.on('data', (bytes: Buffer) => {
      heard += bytes
    })
    child.stdin.end('hi\n')
    await ani.until('<127.0.0.1> hi')
    ani.write('are you there?\n/quit\n')
    while (!heard.includes('<ani> are you there?\n')) await once(child.stdout, 'data')
    child.kill()
    await once(child, 'exit')
  })
})
