import { expect, onTestFinished, test } from 'vitest'
import { greetingOf, pageLink } from '#app/cli/greeting.ts'
import { connect } from '#app/index.ts'
import { linkTo } from '#i18n/format.ts'
import { translatorFor } from '#i18n/i18n.ts'
import { CliProcess, folderWith, hostForVerbs } from '../../harness/cli-process.ts'
import { ask } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'

/** A host that wants its token, and what it would print of itself. */
async function printed() {
  const { port, tamtam } = await hostForVerbs({ token: true })
  const token = tamtam.token ?? ''
  const facts = { host: '127.0.0.1', port, url: `tcp://127.0.0.1:${port}`, room: 'Lab', isTokenKept: true, qr: [] }
  const told = greetingOf({ ...facts, reachable: ['127.0.0.1'], token }, translatorFor('en')).join('\n')
  return { port, token, told, link: pageLink({ ...facts, address: '127.0.0.1', token }), url: facts.url }
}

test('every command takes what a host prints of itself, and the link of its page', async () => {
  const { port, token, told, link, url } = await printed()
  expect(told).toContain(link)
  const [, join = ''] = /tamtam join (\S+)/.exec(told) ?? []
  const [, drop = ''] = /curl .*(http:\S+)/.exec(told) ?? []
  const env = { TAMTAM_TOKEN: token }
  const { cwd } = await folderWith('a.txt', 100)
  const ends = await Promise.all([
    CliProcess.run(['say', link, 'one']),
    CliProcess.run(['say', url, 'two'], { env }),
    CliProcess.run(['say', join, 'three'], { env }),
    CliProcess.run(['say', drop, 'four'], { env }),
    CliProcess.run(['say', `ws://127.0.0.1:${port}/ws#${token}`, 'five']),
    CliProcess.run(['send', link, 'sent/a.txt', '--quiet'], { cwd }),
  ])
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0])
  const [tail, ls] = await Promise.all([
    CliProcess.run(['tail', link, '--no-follow', '--json']),
    CliProcess.run(['ls', link]),
  ])
  const joined = await CliProcess.run(['join', link, '--plain'], { input: 'six\n', cwd })
  expect(tail.said.flatMap(({ type, text }) => (type === 'said' ? [text] : [])).sort()).toEqual([
    'four',
    'one',
    'three',
  ])
  expect(ls.out.toString()).toContain('a.txt')
  expect(joined.code).toBe(0)
  // No other word of ours has the token in it (C121).
  for (const { out, errors } of [...ends, tail, ls, joined]) expect(out.toString() + errors).not.toContain(token)
  expect(ends[0]?.errors).toContain('TAMTAM_TOKEN')
})

test('the link of a file brings it, also one that opens it by itself; other commands say what it is', async () => {
  const { port, token, link } = await printed()
  const { cwd, bytes, read } = await folderWith('a b.txt', 100)
  const { said } = await CliProcess.run(['send', link, 'sent/a b.txt', '--json'], { cwd })
  const { id } = said.at(-1) as { id: string }
  const shown = { headers: { Authorization: `Bearer ${token}` } }
  const { json } = await ask(port, `POST /files/${id}/links`, shown)
  const base = `http://127.0.0.1:${port}`
  const open = `${base}${(json as { url: string }).url}`
  expect((await CliProcess.run(['get', open, '-o', 'one'], { cwd })).code).toBe(0)
  expect((await CliProcess.run(['get', `${base}/files/${id}/a%20b.txt#t=${token}`, '-o', 'two'], { cwd })).code).toBe(0)
  expect((await CliProcess.run(['get', link, id.slice(0, 8), '-o', 'three'], { cwd })).code).toBe(0)
  for (const name of ['one', 'two', 'three']) expect(await read(name)).toEqual(bytes)
  const say = await CliProcess.run(['say', open, 'halo'])
  expect([say.code, say.errors]).toEqual([2, expect.stringContaining('tamtam get')])
})

test('links of a host with a public URL begin there, and open a file by themselves', async () => {
  const publicUrl = 'https://chat.example.org/x'
  const { port, tamtam } = await hostForVerbs({
    token: true,
    line: { publicUrl, files: 'links' },
    http: { basePath: '/x' },
  })
  const owner = await tamtam.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
  const budi = await LineClient.connect(port, { keepBytes: false })
  onTestFinished(() => budi.leave())
  budi.write(`/token ${tamtam.token}\n`)
  const shown = { headers: { Authorization: `Bearer ${tamtam.token}` }, body: 'halo' }
  await ask(port, 'PUT /lobby/halo.txt', shown)
  const [found] = await owner.listFiles()
  if (found === undefined) throw new Error('the room has no file')
  const own = linkTo(publicUrl, tamtam.fileLink(owner, found.file))
  await budi.until(({ lines }) => lines.some((line) => line.includes(publicUrl)))
  const [told = ''] = /https:\S+/.exec(budi.lines.find((line) => line.includes(publicUrl)) ?? '') ?? []
  for (const link of [own, told]) {
    const { pathname, search } = new URL(link)
    expect((await ask(port, `GET ${pathname}`)).status).toBe(404)
    expect((await ask(port, `GET ${pathname}${search}`)).text).toBe('halo')
  }
  // The same at a terminal elsewhere.
  const typed = await CliProcess.run(['join', `http://127.0.0.1:${port}/x/lobby`, '--plain'], {
    input: '/link halo.txt\n',
    env: { TAMTAM_TOKEN: tamtam.token },
  })
  const [link = ''] = /http:\S+/.exec(typed.out.toString() + typed.errors) ?? []
  const { pathname, search } = new URL(link)
  expect((await ask(port, `GET ${pathname}${search}`)).text).toBe('halo')
})

test('a file is meant by its name as its sender spelt it', async () => {
  const { at } = await hostForVerbs()
  const { cwd, bytes, read } = await folderWith('my file?.txt', 100)
  expect((await CliProcess.run(['send', at, 'sent/my file?.txt', '--quiet'], { cwd })).code).toBe(0)
  expect((await CliProcess.run(['get', at, 'my file?.txt'], { cwd })).code).toBe(0)
  expect(await read('my file_.txt')).toEqual(bytes)
})

test('the library takes the link of a page, with its token and its room', async () => {
  const { link, port } = await printed()
  const ani = await connect(link, { name: 'ani' })
  onTestFinished(() => ani.close())
  expect(ani.room).toBe('lab')
  await expect(connect(`http://127.0.0.1:${port}/files/ab12/a.txt`)).rejects.toMatchObject({
    rejected: { code: 'BAD_REQUEST' },
  })
})
