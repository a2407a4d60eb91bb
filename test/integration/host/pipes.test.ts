import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CliProcess } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { enter, HostProcess } from '../../harness/host-process.ts'
import { ask } from '../../harness/http-client.ts'
import { IrcClient } from '../../harness/irc-client.ts'

/** The same in every run: ids are numbered as they come; times, ports, paths and codes are named. */
function stable(text: string, names: Readonly<Record<string, string>>): string {
  const ids: string[] = []
  const label = (id: string) => {
    if (!ids.includes(id)) ids.push(id)
    return `ID-${ids.indexOf(id) + 1}`
  }
  let known = text
  for (const [name, value] of Object.entries(names)) known = known.replaceAll(value, name)
  return known
    .replaceAll(/"(at|pid|expiresAt)":\d+/g, '"$1":0')
    .replaceAll(/(?<="code":"|\/join \S+ |[#&]t=)\w{26}/g, 'CODE')
    .replaceAll(/SHA256:[\w+/]{43}/g, 'SHA256:KEY')
    .replaceAll(/until [-\d]+ [:\d]+ UTC/g, 'until TIME')
    .replaceAll(/(?<="(?:id|person)":"|"\/files\/)[\w-]+/g, label)
    .replaceAll(/(?<=\[|\/get )[0-9a-f]{8}/g, 'SHORT')
}

test.each([
  ['json', ['--json']],
  ['text', []],
] as const)(
  'a conversation at the pipes of a host (%s), and beside it in join --plain and tail --json, is as ever',
  async (style, flags) => {
    const cwd = await temporaryDirectory()
    const data = join(cwd, 'data')
    await writeFile(join(cwd, 'menu.txt'), 'kopi, teh\n')
    const host = new HostProcess(['--port', '0', '--data', data, ...flags], { cwd })
    await host.until('where it listens', () => host.lines.length >= (style === 'json' ? 1 : 5))
    const port = Number(/tcp:\/\/127\.0\.0\.1:(\d+)/.exec(host.lines[0] ?? '')?.[1])
    const at = `127.0.0.1:${port}`

    const plain = new CliProcess(['join', '--plain', '--auto', '0', '--lang', 'en', `budi@${at}`], { cwd, open: true })
    await plain.until('a welcome', () => plain.lines.length > 0)
    const ani = await enter(port, 'ani')
    /** Each step is over when everybody has it: what comes next can't overtake it. */
    const shown = async (text: string) => {
      await host.until(text, () => host.lines.join('\n').includes(text))
      await plain.until(text, () => plain.lines.join('\n').includes(text))
    }
    const answered = (text: string) => host.until(text, () => host.errors.includes(text))
    const types = (line: string) => host.child.stdin?.write(`${line}\n`)
    await shown('is now ani'.slice(style === 'json' ? 7 : 0))

    ani.write('halo \u0007 semua\n')
    await shown('semua')
    ani.write('/me menari\n')
    await shown('menari')
    ani.write('/topic kopi pagi\n')
    await shown('kopi pagi')
    await ani.ask('/msg host hanya untukmu', /./)
    await host.until('the whisper', () => host.lines.join('\n').includes('hanya untukmu'))
    types('selamat pagi')
    await ani.until('<host> selamat pagi')
    types('//bukan perintah')
    await ani.until('<host> /bukan perintah')
    types('/nonsense')
    await answered('BAD_COMMAND')
    types('/kick siapa')
    await answered('NO_SUCH_MEMBER')
    types('/mute ani terlalu ramai')
    await ani.until(/muted/)
    await ani.ask('boleh?', /! MUTED/)
    types('/unmute ani')
    await ani.until(/unmuted/)
    types('/op ani')
    await ani.until(/made ani a moderator/)
    types('/deop ani')
    await ani.until(/removed ani as moderator/)
    types('/lock')
    await ani.until(/ locked the room/)
    types('/unlock')
    await ani.until(/ unlocked the room/)
    types('/away makan')
    await ani.until(/host is away: makan/)
    types('/back')
    await ani.until(/host is back/)
    types('/send menu.txt')
    await ani.until(/^\* file \[\w+\] menu\.txt from host/)
    await answered('menu.txt')
    types('/send tidak-ada.txt')
    await answered('tidak-ada.txt')
    await ani.ask('/put 3 isi.bin\nisi', /is in the room/)
    await answered('terima_isi.bin')
    plain.child.stdin?.write('dari budi\n/who\n/kick ani\n')
    await ani.until('<budi> dari budi')
    await plain.until('a refusal', () => plain.errors.includes('NOT_ALLOWED'))
    types('/password kopi')
    await ani.until(/gave the room a password/)
    types('/password off')
    await ani.until(/password away/)
    types('/invite')
    await host.until('an invitation', () => /invitation|for one person/.test(host.lines.join('\n')))
    types('/kick ani sampai besok')
    await shown('sampai besok')
    plain.child.stdin?.write('/quit\n')
    const joined = await plain.ended()
    await host.until('the last to leave', () =>
      /"left".*budi|"name":"budi".*"left"|budi left/.test(host.lines.at(-1) ?? ''),
    )
    const tail = await CliProcess.run(['tail', '--json', '--no-follow', '--after', '0', at])
    expect(await host.stop()).toBe(0)

    const names = { DATA: data, CWD: cwd, PORT: String(port) }
    const golden = (name: string, text: string) =>
      expect(stable(text, names)).toMatchFileSnapshot(`golden/${style}-${name}.txt`)
    await golden('out', `${host.lines.join('\n')}\n`)
    await golden('errors', host.errors)
    await golden('join-out', joined.out.toString())
    await golden('join-errors', joined.errors)
    await golden('tail', tail.out.toString())
  },
)

test('a host at which nobody sits is no member, saves nothing, and calls itself on IRC as it was told', async () => {
  const data = await temporaryDirectory()
  const { host, port } = await HostProcess.start(['--unattended', '--irc-name', 'chat.example', '--data', data])
  const ani = await IrcClient.enter(port, 'ani')
  await ask(port, 'PUT /lobby/a.txt', { as: 'curl', body: 'abc' })
  await ani.until(/^:chat\.example NOTICE #lobby :file .*a\.txt from curl: 3 B/)
  expect(await ani.answers('NAMES #lobby')).toEqual([
    ':chat.example 353 ani = #lobby :ani',
    ':chat.example 366 ani #lobby :End of /NAMES list',
  ])
  expect(await readdir(data)).not.toContain('terima')
  host.child.stdin?.end()
  await ani.settled()
  expect(await host.stop()).toBe(0)
  expect(host.lines).toHaveLength(1)
})
