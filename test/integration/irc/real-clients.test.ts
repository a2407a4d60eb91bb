import { execFile, spawn, spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from '../../harness/directory.ts'
import { startHost } from '../../harness/host.ts'
import { LineClient } from '../../harness/line-client.ts'
import { until } from '../../harness/patience.ts'
import { Terminal } from '../../harness/tmux.ts'
import { needs } from '../../harness/tools.ts'

test('irssi, WeeChat, ii, netcat and curl are in one room: each reads what the others say, and gets their files', async () => {
  needs('tmux', 'irssi', 'weechat', 'ii', 'curl')
  const { port, tamtam } = await startHost()
  const boss = await tamtam.engine.join({ room: 'lobby', name: 'boss', role: 'owner' })
  const home = await temporaryDirectory()

  const netcat = await LineClient.join(port, 'citra')
  const ii = spawn('ii', ['-s', '127.0.0.1', '-p', String(port), '-n', 'budi', '-i', home], { stdio: 'ignore' })
  onTestFinished(() => void ii.kill())
  const place = join(home, '127.0.0.1')
  await until('ii is connected', () => existsSync(join(place, 'out')) && /Welcome/.test(read(join(place, 'out'))))
  appendFileSync(join(place, 'in'), '/j #lobby\n')
  const room = join(place, '#lobby')
  await until('ii is in the room', () => existsSync(join(room, 'in')))
  await netcat.until('* budi joined')

  // Without its own brake on commands it takes seconds less.
  mkdirSync(join(home, 'irssi'))
  const quick = 'settings = { "irc/core" = { cmd_queue_speed = "10msecs"; cmds_max_at_once = "100"; }; };\n'
  writeFileSync(join(home, 'irssi', 'config'), quick)
  const irssi = new Terminal(['--home', join(home, 'irssi'), '-c', '127.0.0.1', '-p', String(port), '-n', 'ani'], {
    program: ['irssi'],
    columns: 140,
    rows: 50,
  })
  await irssi.sees('Begin with: /join #lobby')
  irssi.line('/join #lobby')
  await irssi.sees(/\[~boss\].*\[ ?ani\]/)
  await irssi.sees(/^\[#lobby\]/)

  // All its capabilities, and a login.
  const login = '-sasl_mechanism=plain -sasl_username=wati -sasl_password=rahasia'
  const commands = [
    '/set irc.server_default.capabilities *',
    `/server add t 127.0.0.1/${port} -nossl -nicks=wati -autojoin=#lobby ${login}`,
    '/connect t',
  ]
  const weechat = new Terminal(['--dir', join(home, 'weechat'), '-r', commands.join(';')], {
    program: ['weechat'],
    columns: 140,
    rows: 50,
  })
  await netcat.until('* wati joined')
  await weechat.sees(/\[irc\/t\] 2:#lobby/)

  irssi.line('hi from irssi')
  irssi.line('/me waves')
  await netcat.until('<ani> hi from irssi')
  await netcat.until('* ani waves')
  appendFileSync(join(room, 'in'), 'hi from ii\n')
  await netcat.until('<budi> hi from ii')
  netcat.write('hi from netcat\n')
  weechat.line('hi from weechat')
  await netcat.until('<wati> hi from weechat')
  for (const text of ['hi from ii', 'hi from netcat', 'hi from weechat']) await irssi.sees(text)
  for (const text of ['hi from irssi', 'ani waves', 'hi from ii', 'hi from netcat']) await weechat.sees(text)
  // It writes notices of a room where it writes those of the host.
  const iiHas = () => read(join(room, 'out')) + read(join(place, 'out'))
  const iiRead = (text: string) => until(`ii reads ${text}`, () => iiHas().includes(text))
  for (const text of ['<ani> hi from irssi', '<citra> hi from netcat']) await iiRead(text)

  // A file of curl's, by the link that ii has read.
  const file = join(home, 'talk.txt')
  appendFileSync(file, 'the whole talk\n')
  await curl('-sfT', file, `http://dewi@127.0.0.1:${port}/lobby/`)
  await iiRead('talk.txt from dewi')
  const link = /http:\/\/\S+\/files\/\S+/.exec(iiHas())?.[0] ?? ''
  expect(await curl('-sf', link)).toBe('the whole talk\n')
  await irssi.sees('talk.txt from dewi')
  await weechat.sees('talk.txt from dewi')

  // Its moderators look after it from irssi.
  await boss.send({ type: 'op', name: 'ani' })
  await irssi.sees('mode/#lobby [+o ani] by boss')
  irssi.line('/topic #lobby about one port')
  await netcat.until('* ani set the topic: about one port')
  irssi.line('/msg budi psst')
  await until('ii reads the whisper', () => existsSync(join(place, 'ani', 'out')))
  expect(read(join(place, 'ani', 'out'))).toContain('<ani> psst')
  irssi.line('/nick anisa')
  await netcat.until('* ani is now anisa')
  irssi.line('/kick budi be nice')
  await netcat.until(/^\* budi left \(kicked by anisa: be nice\)/)
  irssi.line('/mode #lobby +b citra')
  await netcat.closed()
  weechat.line('/quit')
  await weechat.sees('ended with 0')
  irssi.line('/quit')
  await irssi.sees('ended with 0')
  expect(spawnSync('kill', ['-0', String(ii.pid)]).status).toBe(0)
})

const curl = async (...args: readonly string[]): Promise<string> => (await promisify(execFile)('curl', args)).stdout

const read = (path: string): string => readFileSync(path, 'utf8')
