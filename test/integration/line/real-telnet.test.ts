import { spawnSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { beforeEach, expect, test } from 'vitest'
import { startHost } from '../../harness/host.ts'
import { LineClient } from '../../harness/line-client.ts'
import { Terminal } from '../../harness/tmux.ts'

beforeEach((context) => {
  Terminal.needed(context)
  if (spawnSync('telnet', ['--version']).error === undefined) return
  if (process.env['CI'] === 'true') throw new Error('telnet is missing; install it: apt-get install inetutils-telnet')
  context.skip('needs telnet: apt-get install inetutils-telnet')
})

/** Somebody at a telnet, and Budi. */
async function atTelnet() {
  const { port } = await startHost({ listen: { silentMs: 1000 }, line: { files: 'auto' } })
  const budi = await LineClient.join(port, 'budi')
  const telnet = new Terminal(['127.0.0.1', String(port)], { program: ['telnet'] })
  await telnet.sees('* you are 127.0.0.1 in lobby')
  return { budi, telnet }
}

test('goes on after Ctrl-C: it shows what others say, and nothing of it is talk', async () => {
  const { budi, telnet } = await atTelnet()
  telnet.line('halo')
  await budi.until('<127.0.0.1> halo')
  telnet.press('C-c')
  telnet.line('dua')
  await budi.until('<127.0.0.1> dua')
  budi.write('masih di sana?\n')
  await telnet.sees('<budi> masih di sana?')
  expect(budi.talk).toEqual(['<127.0.0.1> halo', '<127.0.0.1> dua'])
  budi.write('/put 4 a.txt\nDATA')
  await telnet.sees('* file [')
  expect(telnet.screen.join('')).not.toContain('SEND a.txt')
})

test('hears that somebody is there, is told that there are no options, and says lines that end with CR NUL', async () => {
  const { budi, telnet } = await atTelnet()
  const atRest = async () => {
    for (let before: string[] | undefined; !isDeepStrictEqual(before, telnet.screen); ) {
      before = telnet.screen
      await pause(100)
    }
  }
  const command = async (line: string) => {
    // A key that comes before telnet is through with the last command is only text: it is taken back, and pressed again.
    for (;;) {
      telnet.press('C-u')
      await atRest()
      if (/^telnet> *$/.test(telnet.screen.findLast((row) => row !== '') ?? '')) break
      telnet.press('C-]')
      await atRest()
    }
    telnet.line(line)
  }
  await command('send ayt')
  await telnet.sees('* yes, tamtam is here')
  await command('send do echo')
  await command('send will naws')
  await command('mode character')
  telnet.line('huruf demi huruf')
  await budi.until('<127.0.0.1> huruf demi huruf')
  budi.write('masih di sana?\n')
  await telnet.sees('<budi> masih di sana?')
  expect(budi.talk).toEqual(['<127.0.0.1> huruf demi huruf'])
})
