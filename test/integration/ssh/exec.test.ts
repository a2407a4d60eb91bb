import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { sha256Of } from '../../harness/bytes.ts'
import { startHost } from '../../harness/host.ts'
import { until } from '../../harness/patience.ts'
import { SshUser } from '../../harness/ssh-client.ts'
import { needs } from '../../harness/tools.ts'

describe('commands over SSH', () => {
  test('ani says and follows, gives and gets a file; others hear her as they hear anybody', async () => {
    needs('scp')
    const { port, tamtam } = await startHost()
    const budi = await tamtam.engine.join({ room: 'lobby', name: 'budi' })
    const heard: string[] = []
    budi.events$.subscribe((event) => {
      if (event.type === 'said') heard.push(`${event.by.name}: ${event.text}`)
      if (event.type === 'fileReceived') heard.push(`${event.by.name} has ${event.file.name}`)
    })
    const ani = await SshUser.at(port)
    const tail = ani.begin('ani', ['tail'], '')
    const json = ani.begin('ani', ['tail', '--json', '--after', '0'], '')

    expect(await ani.ssh('ani', ['say', 'halo', 'semua'])).toMatchObject({ code: 0, errors: '' })
    expect(await ani.ssh('ani', ['say'], 'satu\n\ndua\r\n')).toMatchObject({ code: 0, errors: '' })
    await until('what ani said', () => heard.length === 3)
    expect(heard).toEqual(['ani: halo semua', 'ani: satu', 'ani: dua'])
    await until(`tail to tell: ${tail.errors}`, () => tail.out.includes('<ani> dua'))
    await until('tail --json to tell', () => json.out.includes('"dua"'))
    expect(JSON.parse(json.out.split('\n')[0] ?? '')).toMatchObject({
      type: 'said',
      by: { name: 'ani' },
      text: 'halo semua',
    })

    const bytes = randomBytes(300_000)
    const put = await ani.ssh('ani', ['put', 'a b.bin'], bytes)
    expect([put.code, put.out.toString()]).toEqual([0, `${sha256Of(bytes)}  a b.bin\n`])
    const got = await ani.ssh('ani', ['get', 'a b.bin'])
    expect([got.code, got.out.equals(bytes)]).toEqual([0, true])
    expect((await ani.ssh('ani', ['get', 'SHA256SUMS'])).out.toString()).toBe(`${sha256Of(bytes)}  a b.bin\n`)
    expect((await ani.ssh('ani', ['ls'])).out.toString()).toContain('a b.bin')
    const wrong = `${sha256Of(Buffer.from('x'))}  a b.bin`
    const other = await SshUser.at(port)
    expect(await other.ssh('citra', ['got', wrong])).toMatchObject({ code: 5 })
    expect((await other.ssh('citra', ['got', `${sha256Of(bytes)} none`])).code).toBe(5)
    const sum = `${sha256Of(bytes)}  ./a b.bin\n`
    expect(await other.ssh('citra', ['got'], sum)).toMatchObject({ code: 0, errors: '' })
    await until('the receipt', () => heard.at(-1) === 'citra has a b.bin')
    expect((await ani.ssh('ani', ['who'])).out.toString()).toContain('budi')
    expect((await ani.ssh('ani', ['topic', 'makan', 'siang'])).code).toBe(0)
    expect((await ani.ssh('ani', ['history', '5'])).out.toString()).toContain('<ani> dua')
    expect((await ani.ssh('ani', ['help'])).out.toString()).toContain('tail [--json]')

    expect(await ani.ssh('ani', ['get', 'none'])).toMatchObject({
      code: 5,
      errors: expect.stringContaining('! NO_SUCH_FILE'),
    })
    expect(await ani.ssh('ani', ['rm', '-rf', '/'])).toMatchObject({
      code: 2,
      errors: expect.stringContaining('! BAD_COMMAND'),
    })
    expect(await ani.ssh('budi', ['say', 'x'])).toMatchObject({ code: 0 })
    expect(await other.ssh('budi', ['say', 'x'])).toMatchObject({
      code: 4,
      errors: expect.stringContaining('! NAME_TAKEN'),
    })
    expect(await other.ssh('a b', ['say', 'x'])).toMatchObject({
      code: 4,
      errors: expect.stringContaining('! BAD_NAME'),
    })
  })

  test('without a command it is the chat, with a terminal or line by line', async () => {
    needs('scp')
    const { port, tamtam } = await startHost()
    const budi = await tamtam.engine.join({ room: 'lobby', name: 'budi' })
    const heard: string[] = []
    budi.events$.subscribe((event) => {
      if (event.type === 'said') heard.push(`${event.by.name}: ${event.text}`)
    })
    const ani = await SshUser.at(port)
    const terminal = ani.begin('ani', [], undefined, ['-tt'])
    await until('the greeting', () => terminal.out.includes('lobby'))
    expect(budi.members.map(({ name }) => name)).toContain('ani')
    terminal.write('halx\u007fo se\u001b[Dmua\r')
    await until('what ani typed', () => heard.length === 1)
    await budi.send({ type: 'say', text: 'apa kabar' })
    await until('the answer', () => terminal.out.includes('<budi> apa kabar\r\n'))
    terminal.write('/who\r')
    await until('who is here', () => /2 in lobby/.test(terminal.out))
    terminal.write('\u0004')
    expect((await terminal.ended()).code).toBe(0)

    const lines = await ani.begin('ani', [], 'satu\n/me menari\n/nope\n', ['-T']).ended()
    expect([lines.code, lines.out.toString()]).toEqual([0, expect.stringMatching(/<ani> satu\n[\s\S]*! BAD_COMMAND/)])
    expect(heard).toEqual(['ani: halo semua', 'budi: apa kabar', 'ani: satu'])
  })
})
