import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CliProcess } from '../../harness/cli-process.ts'
import { hosted, OWNER } from '../../harness/den.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { filesOf } from '../../harness/files.ts'
import { type Asked, ask } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { keyOf, SessionClient } from '../../harness/session-client.ts'

const SECRET = 'salah kirim: sandinya buka-pintu'

/** The den with its owner, ani at netcat, who has said something that she should not have, and budi, who shows a key. */
async function den() {
  const host = await hosted()
  const ani = await LineClient.join(host.port, 'ani')
  await ani.ask('/join den', /you are ani in den/)
  const budi = await SessionClient.join(host.port, 'frames', 'budi', 'den')
  ani.write(`${SECRET}\n`)
  await budi.until(() => budi.texts.includes(SECRET))
  const { seq } = budi.entries.find((entry) => 'text' in entry && entry.text === SECRET) ?? { seq: 0 }
  return { ...host, ani, budi, seq }
}

const by = (key: string, asked: Asked = {}): Asked => ({ ...asked, headers: { ...asked.headers, 'Tamtam-Key': key } })

async function historyOf(port: number): Promise<string> {
  return (await ask(port, 'GET /rooms/den/events?limit=500', by(OWNER))).text
}

describe('a message', () => {
  test('is removed by its author at netcat, and nobody reads it any more; a trace stays', async () => {
    const { port, ani, budi, seq } = await den()
    await ani.ask('/remove', '* it is gone')
    await budi.until(() => budi.events.some(({ type }) => type === 'messageRemoved'))
    expect(budi.entries.at(-1)).toMatchObject({ type: 'messageRemoved', target: seq, by: { name: 'ani' } })
    expect(await historyOf(port)).not.toContain('buka-pintu')
    expect(JSON.parse(await historyOf(port)).events).toContainEqual(
      expect.objectContaining({ type: 'erased', seq, by: expect.objectContaining({ name: 'ani' }) }),
    )
    const found = await ask(port, 'GET /rooms/den/search?q=buka', by(OWNER))
    expect(found.json).toEqual({ events: [] })
    const cici = await LineClient.join(port, 'cici')
    await cici.ask('/join den', /you are cici in den/)
    await cici.ask('/history 50', '* end of history')
    expect(cici.lines.join('\n')).not.toContain('buka-pintu')
    expect(cici.lines).toContain('* a message was removed by ani')
  })

  test('of somebody else is for operators, by number or by name', async () => {
    const { port, ani, budi, owner, seq } = await den()
    expect(await budi.ask({ type: 'removeMessage', seq })).toMatchObject({ type: 'rejected', code: 'NOT_ALLOWED' })
    const dedi = await LineClient.join(port, 'dedi')
    await dedi.ask('/join den', /you are dedi in den/)
    await dedi.ask('/remove @ani', /NOT_ALLOWED/)
    expect(await ask(port, `DELETE /rooms/den/messages/${seq}`, by(keyOf('budi')))).toMatchObject({ status: 403 })
    expect(await historyOf(port)).toContain('buka-pintu')
    expect(await ask(port, `DELETE /rooms/den/messages/${seq}`, by(OWNER))).toMatchObject({ status: 204 })
    await ani.until('* boss removed a message')
    expect(await historyOf(port)).not.toContain('buka-pintu')
    expect(await owner.ask({ type: 'removeMessage', seq })).toMatchObject({ code: 'NO_SUCH_MESSAGE' })
    for (const none of [0, 99_999])
      expect(await owner.ask({ type: 'removeMessage', seq: none })).toMatchObject({ code: 'NO_SUCH_MESSAGE' })
    await dedi.ask('/remove #99999', /NO_SUCH_MESSAGE/)
    await dedi.ask('/remove', /NO_SUCH_MESSAGE/)
  })

  test('that was whispered is removed by its author alone, and only the two hear of it', async () => {
    const { ani, budi, owner } = await den()
    expect(await budi.ask({ type: 'whisper', to: 'ani', text: 'psst' })).toMatchObject({ type: 'ack' })
    const whispered = budi.entries.find(({ type }) => type === 'whispered')
    const seq = whispered?.seq ?? 0
    expect(await owner.ask({ type: 'removeMessage', seq })).toMatchObject({ code: 'NO_SUCH_MESSAGE' })
    expect(await budi.ask({ type: 'removeMessage', seq })).toMatchObject({ type: 'ack' })
    await ani.until('* budi removed a message')
    await budi.ask({ type: 'say', text: 'sudah' })
    await owner.until(() => owner.texts.includes('sudah'))
    expect(owner.events.some(({ type }) => type === 'messageRemoved')).toBe(false)
  })
})

describe('a file', () => {
  test('is removed by its sender, who is known again by name and address, and by no other name', async () => {
    const { port, budi } = await hosted().then(async (host) => ({
      ...host,
      budi: await SessionClient.join(host.port, 'frames', 'budi', 'lobby'),
    }))
    const { json } = await ask(port, 'PUT /lobby/a.txt', { body: 'halo', as: 'ani' })
    const { id } = json as { id: string }
    expect(await ask(port, `DELETE /files/${id}`, { as: 'cici' })).toMatchObject({ status: 403 })
    expect(await budi.ask({ type: 'removeFile', file: id })).toMatchObject({ code: 'NOT_ALLOWED' })
    expect(await filesOf(port)).toHaveLength(1)
    expect(await ask(port, `DELETE /files/${id}`, { as: 'ani' })).toMatchObject({ status: 204 })
    await budi.until(() => budi.events.some(({ type }) => type === 'fileWithdrawn'))
    expect(budi.events.find(({ type }) => type === 'fileWithdrawn')).toMatchObject({
      by: { name: 'ani' },
      removedBy: { name: 'ani' },
      reason: 'removed by ani',
    })
    expect(await filesOf(port)).toEqual([])
    expect(await ask(port, `GET /files/${id}`)).toMatchObject({ status: 404 })
  })

  test('is removed at netcat by its name, also by an operator, and while it arrives', async () => {
    const { port, ani, owner } = await den()
    await ask(port, 'PUT /den/a.txt', by(OWNER, { body: 'halo' }))
    await ani.until(/a\.txt/)
    await ani.ask('/remove a.txt', /NOT_ALLOWED/)
    ani.write('/put 2 b.txt\nok')
    await owner.until(() => owner.events.some((event) => event.type === 'fileCompleted' && event.file.name === 'b.txt'))
    await ani.ask('/remove b.txt', '* it is gone')
    const created = await ask(port, 'POST /rooms/den/files', {
      headers: {
        'Tus-Resumable': '1.0.0',
        'Upload-Length': '10',
        'Upload-Metadata': `filename ${Buffer.from('c.txt').toString('base64')}`,
      },
    })
    const id = /[^/]+$/.exec(created.headers.location ?? '')?.[0] ?? ''
    expect(await owner.ask({ type: 'removeFile', file: id })).toMatchObject({ type: 'ack' })
    const left = await ask(port, 'GET /rooms/den/files', by(OWNER))
    expect((left.json as { files: { name: string }[] }).files.map(({ name }) => name)).toEqual(['a.txt'])
  })

  test('and a message are removed by tamtam rm', async () => {
    const { port } = await hosted()
    const at = `ani@127.0.0.1:${port}`
    await ask(port, 'PUT /lobby/a.txt', { body: 'halo', as: 'ani' })
    const removed = await CliProcess.run(['rm', '--json', at, 'a.txt'])
    expect(removed).toMatchObject({ code: 0, said: [{ type: 'removed', name: 'a.txt' }] })
    expect(await filesOf(port)).toEqual([])
    expect(await CliProcess.run(['rm', at, 'a.txt'])).toMatchObject({ code: 5 })
    expect(await CliProcess.run(['rm', at, '#7'])).toMatchObject({ code: 5, errors: expect.stringContaining('#7') })
    expect(await CliProcess.run(['rm', at, '7'])).toMatchObject({ errors: expect.stringContaining("'#7'") })
  })

  test('is removed by tamtam rm with the key of its sender, or of an operator, who are not in the room', async () => {
    const { port, owner, ani, budi } = await den()
    await ask(port, 'PUT /den/a.txt', by(keyOf('budi'), { body: 'halo' }))
    await ask(port, 'PUT /den/b.txt', by(keyOf('budi'), { body: 'wah' }))
    const said = owner.entries.find((entry) => 'text' in entry && entry.text === SECRET) ?? { seq: 0 }
    budi.leave()
    owner.leave()
    await ani.until(/boss left/)
    const cwd = await temporaryDirectory()
    const rm = async (name: string, key: string, what: readonly string[]) => {
      await writeFile(join(cwd, 'key'), `${key}\n`, { mode: 0o600 })
      const env = { TAMTAM_KEY_FILE: join(cwd, 'key') }
      return await CliProcess.run(['rm', `${name}@127.0.0.1:${port}/den`, ...what], { cwd, env })
    }
    expect(await rm('budi', keyOf('budi'), ['a.txt'])).toMatchObject({ code: 0, errors: 'removed a.txt\n' })
    expect(await rm('cici', keyOf('cici'), ['b.txt'])).toMatchObject({ code: 4 })
    expect(await rm('guru', OWNER, [`#${said.seq}`, 'b.txt'])).toMatchObject({ code: 0 })
    await ani.until(/guru removed b\.txt/)
    expect(await historyOf(port)).not.toContain('buka-pintu')
  })
})

describe('everything', () => {
  test('goes by the owner alone, and what comes after it stays', async () => {
    const { port, ani, budi, owner } = await den()
    await ask(port, 'PUT /den/a.txt', by(OWNER, { body: 'halo' }))
    await ani.ask('/clear', /NOT_ALLOWED/)
    expect(await budi.ask({ type: 'clear' })).toMatchObject({ code: 'NOT_ALLOWED' })
    expect(await owner.ask({ type: 'clear' })).toMatchObject({ type: 'ack' })
    await ani.until('* boss removed all messages and files')
    await budi.ask({ type: 'say', text: 'mulai lagi' })
    const history = await historyOf(port)
    expect(history).not.toContain('buka-pintu')
    expect(history).toContain('mulai lagi')
    const left = await ask(port, 'GET /rooms/den/files', by(OWNER))
    expect(left.json).toMatchObject({ files: [] })
  })
})

test('a file that is sent with a time to go, or is in a room of which files go, is listed with it', async () => {
  const { port, owner } = await hosted()
  const before = Date.now()
  const sent = await CliProcess.run(['send', '--expires', '2h', '--json', `ani@127.0.0.1:${port}`, '-'], {
    input: 'halo',
  })
  expect(sent).toMatchObject({ code: 0 })
  const [file] = (await filesOf(port)) as unknown as { expiresAt: number }[]
  expect(file?.expiresAt).toBeGreaterThanOrEqual(before + 2 * 3_600_000)
  const list = await CliProcess.run(['ls', `ani@127.0.0.1:${port}/lobby`])
  expect(list.out.toString()).toMatch(/verified by 0, gone in 2 hr\n/)
  expect(await owner.ask({ type: 'setExpiry', seconds: 3600 })).toMatchObject({ type: 'ack' })
  await ask(port, 'PUT /den/a.txt', { body: 'halo' })
  const ofRoom = await CliProcess.run(['ls', `127.0.0.1:${port}/den`])
  expect(ofRoom.out.toString()).toMatch(/gone in (?:60|59) min\n/)
  const ani = await LineClient.join(port, 'ani')
  await ani.ask('/join den', /you are ani in den/)
  await ani.ask('/files', /a\.txt from .* gone at \d{4}-\d\d-\d\d \d\d:\d\d UTC http/)
  expect(await CliProcess.run(['send', '--expires', 'soon', `127.0.0.1:${port}`, '-'])).toMatchObject({ code: 2 })
})
