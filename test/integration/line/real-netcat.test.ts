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

  test('somebody who typed a command gets a link, and nothing of the file acts on their terminal', async () => {
    const { port } = await startHost({ line: { apartMs: 5, files: 'auto' } })
    const child = nc(port)
    let heard = ''
    child.stdout.on('data', (bytes: Buffer) => {
      heard += bytes
    })
    const until = async (wanted: RegExp) => {
      while (!wanted.test(heard)) await once(child.stdout, 'data')
    }
    child.stdin.write('hello\n')
    await until(/\* files come as raw bytes, for programs, until you type a command/)
    const ani = await LineClient.join(port, 'ani')
    ani.write('/put 4 for programs\nDATA')
    await until(/SEND for_programs\nDATA\/\/AGUEL\/\/TAMTAM\/\/$/)
    child.stdin.write('/nick budi\n')
    await until(/\* you are now budi/)
    ani.write(`/put 21 evil.txt\n\x1b]0;mine\x07\x1b[2J\x1b[31mAAA\n`).write('look\n')
    await until(/<ani> look\n/)
    expect(heard).toMatch(
      /\* file \[\w+\] evil\.txt from ani: 21 B, sha256 \w+ http:\/\/127\.0\.0\.1:\d+\/files\/\S+\/evil\.txt\n/,
    )
    expect(heard).not.toContain('\x1b')
    child.kill()
    await once(child, 'exit')
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
