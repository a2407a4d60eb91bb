import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { connect } from '#app/index.ts'
import { pieces, textOf } from '../../harness/bytes.ts'
import { startHost } from '../../harness/host.ts'
import { HostProcess } from '../../harness/host-process.ts'
import { until } from '../../harness/patience.ts'
import { keyOf, SessionClient } from '../../harness/session-client.ts'

const example = async (name: string) => (await promisify(execFile)(process.execPath, [`examples/${name}`])).stdout

describe('the examples run as they are', () => {
  it('01 embeds a room in memory, with two members and a file', async () => {
    const lines = (await example('01-embed.ts')).trim().split('\n')
    expect(lines.toSorted()).toEqual([
      '<ani> halo',
      'kept as number 1',
      'recipe.txt is in the room: 18 bytes',
      'recipe.txt: rice, coconut milk',
    ])
  })

  it('02 keeps the room in a journal of its own, which passes the contract', async () => {
    const [cases, ...transcript] = (await example('02-own-journal.ts')).trim().split('\n')
    expect(cases).toMatch(/^\d+ cases of the contract hold$/)
    expect(transcript).toEqual(['lobby 1 ani: halo', 'lobby 2 ani: apa kabar?'])
  })

  it('03 answers those who ask, as a member of another host’s room', async () => {
    const { port } = await startHost({ listen: { silentMs: 10_000 } })
    const address = `127.0.0.1:${port}/lobby`
    const bot = new HostProcess([address], { program: 'examples/03-bot.ts' })
    await bot.until('it to be there', () => bot.lines.includes('dice is in lobby'))
    const ani = await connect(`ani@${address}`)
    onTestFinished(() => ani.close())
    const texts: string[] = []
    ani.events$.subscribe((event) => event.type === 'said' && texts.push(`${event.by.name}: ${event.text}`))
    await ani.send({ type: 'say', text: '!roll 1' })
    await until('the answer', () => texts.length === 2)
    expect(texts).toEqual(['ani: !roll 1', 'dice: ani rolls 1 of 1'])
    bot.child.kill('SIGINT')
    expect(await bot.ended()).toBe(0)
    await until('the bot to be gone', () => ani.members.length === 1)
  })

  it('04 has rooms inside an HTTP service of its own', async () => {
    const shop = new HostProcess([], { program: 'examples/04-mount.ts' })
    await shop.until('its port', () => shop.lines.length > 0)
    const port = Number(/\d+$/.exec(shop.lines[0] ?? '')?.[0])
    const get = async (path: string) => await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
    expect(await get('/')).toBe('this is the shop\n')
    expect(await get('/roomservice')).toBe('this is the shop\n')
    const ani = await connect(`ani@127.0.0.1:${port}/shop`, { transport: 'websocket', after: 0 })
    const texts: string[] = []
    ani.events$.subscribe((event) => event.type === 'said' && texts.push(`${event.by.name}: ${event.text}`))
    await until('the welcome', () => texts.length > 0)
    expect(texts).toEqual(['clerk: welcome, ani'])
    const sent = await ani.upload(pieces('sa', 'te'), { name: 'menu.txt' }).done
    if ('type' in sent) throw new Error(sent.message)
    expect(await textOf(ani.download(sent.id))).toBe('sate')
    expect(JSON.parse(await get('/rooms/shop'))).toMatchObject({ name: 'shop', members: ['clerk', 'ani'] })
    await ani.close()
    shop.child.kill('SIGINT')
    expect(await shop.ended()).toBe(0)
  })

  it('06 tells an endpoint of each complete file, in order, and again where it does not take one', async () => {
    const told: { id: string; file: { name: string } }[] = []
    let refusals = 2
    const hook = createServer((request, response) => {
      request.on('data', (body: Buffer) => {
        if (refusals-- > 0) response.writeHead(503).end()
        else {
          told.push(JSON.parse(body.toString()))
          response.end()
        }
      })
    })
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void hook.close())
    const at = hook.address()
    const host = new HostProcess([`http://127.0.0.1:${typeof at === 'object' ? at?.port : ''}/`, '0'], {
      program: 'examples/06-webhook.ts',
    })
    await host.until('its port', () => host.lines.length > 0)
    const port = /port (\d+)/.exec(host.lines[0] ?? '')?.[1]
    for (const name of ['a.txt', 'b.txt'])
      await fetch(`http://127.0.0.1:${port}/lobby/${name}`, { method: 'PUT', body: name })
    await until('both files', () => told.length === 2)
    expect(told.map(({ file }) => file)).toMatchObject([
      { name: 'a.txt', size: 5 },
      { name: 'b.txt', size: 5 },
    ])
    expect(new Set(told.map(({ id }) => id)).size).toBe(2)
    host.child.kill('SIGINT')
    expect(await host.ended()).toBe(0)
  })

  it.each([
    ['08', 'Fastify', '08-own-login.ts'],
    ['09', 'Express', '09-express.ts'],
  ])('%s has rooms inside an application of %s with a login of its own', async (_number, _framework, program) => {
    const school = new HostProcess([], { program: `examples/${program}` })
    await school.until('its port', () => school.lines.length > 0)
    const at = /http:\S+/.exec(school.lines[0] ?? '')?.[0] ?? ''
    const get = (path: string, cookie = '') => fetch(`${at}${path}`, { headers: { Cookie: cookie } })
    const logIn = async (name: string) => (await get(`/login/${name}`)).headers.get('set-cookie')?.split(';')[0] ?? ''
    const [ani, budi] = [await logIn('ani'), await logIn('budi')]
    expect(await (await get('/')).text()).toBe('this is the school\n')
    expect((await get('/rooms/lobby')).status).toBe(404)
    const headers = { Cookie: budi, 'Content-Type': 'text/plain' }
    await fetch(`${at}/rooms/lobby/messages`, { method: 'POST', headers, body: 'halo' })
    expect(await (await get('/rooms/lobby/events', ani)).json()).toMatchObject({
      events: [{ type: 'said', by: { name: 'budi' }, text: 'halo' }],
    })
    expect((await get('/rooms/staff', ani)).status).toBe(200)
    expect(await (await get('/rooms/staff', budi)).json()).toMatchObject({ code: 'NOT_ALLOWED' })
    const page = await SessionClient.connect(Number(new URL(at).port), 'websocket', { headers: { Cookie: budi } })
    page.send({ type: 'hello', version: 1, key: keyOf('x'), name: 'somebody' })
    expect((await page.enter('lobby')).member.name).toBe('budi')
    const bytes = Buffer.alloc(300_000, 'essay')
    const put = { method: 'PUT', headers: { Cookie: budi }, body: bytes }
    const { url } = (await (await fetch(`${at}/rooms/lobby/files/essay.txt`, put)).json()) as { url: string }
    expect(Buffer.from(await (await get(url, ani)).arrayBuffer()).equals(bytes)).toBe(true)
    await get('/logout', budi)
    await page.closed()
    expect((await get('/rooms/lobby', budi)).status).toBe(404)
    school.child.kill('SIGINT')
    expect(await school.ended()).toBe(0)
  })

  it('10 tests a program in memory, and cuts its way to the host', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--test', 'examples/10-test.ts'])
    expect(stdout).toMatch(/pass 1\n/)
  })

  it('05 observes one room, and one file from its offer to its end', async () => {
    const lines = (await example('05-observe.ts')).trim().split('\n')
    expect(lines).toEqual([
      '1 <ani> the recipe is coming',
      'recipe.txt: offered',
      'recipe.txt: resumed',
      'recipe.txt: 5 of 23 bytes',
      'recipe.txt: completed',
      'the host has stopped',
    ])
  })
})
