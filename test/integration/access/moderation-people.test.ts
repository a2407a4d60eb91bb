import { describe, expect, test } from 'vitest'
import { personOf } from '#server/connection/key-registry.ts'
import { hosted, OWNER } from '../../harness/den.ts'
import { ask, OpenAnswer, sayOverHttp } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { keyOf, SessionClient, type WireName } from '../../harness/session-client.ts'

const CARRIERS: readonly WireName[] = ['frames', 'websocket']
const asOwner = { 'Tamtam-Key': OWNER }

/** Somebody with a key, who says hello under a name or none; answers how asking for the room ended. */
async function enter(port: number, by: WireName, key: string, name?: string, password?: string) {
  const client = await SessionClient.connect(port, by)
  client.send({ type: 'hello', version: 1, key, ...(name === undefined ? {} : { name }) })
  client.send({ type: 'join', room: 'den', ...(password === undefined ? {} : { password }) })
  await client.until(() => client.of('joined').length + client.of('rejected').length > 0)
  const [why] = client.of('rejected')
  // Who is not let in frees the name again.
  if (why !== undefined) await client.send({ type: 'leave' }).closed()
  return { client, outcome: why?.code ?? 'joined' }
}

const TROLL = keyOf('troll')
const asTroll = { 'Tamtam-Key': TROLL }

/** A room with the owner, and one who has sent a file, has begun another, and has a link to the first. */
async function withTroll() {
  const host = await hosted()
  const { port, owner } = host
  const { client: troll } = await enter(port, 'frames', TROLL, 'troll')
  const put = await ask(port, 'PUT /den/a.txt', { body: 'abcdef', headers: asTroll })
  const { id } = put.json as { id: string }
  const created = await ask(port, 'POST /rooms/den/files', {
    headers: { ...asTroll, 'Tus-Resumable': '1.0.0', 'Upload-Length': '6', 'Upload-Metadata': 'filename Yi50eHQ=' },
  })
  const upload = created.headers.location as string
  const link = ((await ask(port, `POST /files/${id}/links`, { headers: asTroll })).json as { url: string }).url
  return { ...host, owner, troll, id, upload, link }
}

/** The bytes that are missing from the file that was begun. */
const goOn = (port: number, upload: string, headers: Record<string, string>) =>
  ask(port, `PATCH ${upload}`, {
    body: 'abcdef',
    headers: {
      ...headers,
      'Tus-Resumable': '1.0.0',
      'Upload-Offset': '0',
      'Content-Type': 'application/offset+octet-stream',
    },
  })

describe('a ban of somebody who shows a key', () => {
  test('holds for it at every server, under any name or none, and for nobody else', async () => {
    const { port, owner, troll } = await withTroll()
    expect(await owner.ask({ type: 'ban', name: 'troll', reason: 'spam' })).toMatchObject({ type: 'ack' })
    await troll.closed()
    for (const by of CARRIERS)
      for (const name of ['troll', 'trolltwo', undefined])
        expect([by, name, (await enter(port, by, TROLL, name)).outcome]).toEqual([by, name, 'BANNED'])
    for (const line of ['GET /rooms/den', 'GET /rooms/den/events', 'GET /rooms/den/files'])
      expect([line, (await ask(port, line, { headers: asTroll })).json]).toMatchObject([line, { code: 'BANNED' }])
    expect((await sayOverHttp(port, 'den', 'halo', { headers: asTroll })).json).toMatchObject({ code: 'BANNED' })
    expect((await enter(port, 'frames', keyOf('budi'), 'budi')).outcome).toBe('joined')
    // The name and what looks like it are held too; who shows no key has nothing else.
    expect((await enter(port, 'frames', keyOf('other'), 'TR0LL')).outcome).toBe('BANNED')
    expect((await sayOverHttp(port, 'den', 'halo', { as: 'troll' })).json).toMatchObject({ code: 'BANNED' })
    const netcat = await LineClient.join(port, 'troll')
    expect(await netcat.ask('/join den', /^! /)).toMatch(/^! BANNED /)
    await owner.ask({ type: 'unban', name: 'TROLL' })
    for (const name of ['trolltwo', 'trollthree'])
      expect((await enter(port, 'websocket', TROLL, name)).outcome).toBe('joined')
  })

  test.each(CARRIERS)('C65 holds no name for whoever was turned away and stays (%s)', async (by) => {
    const { port, owner } = await withTroll()
    await owner.ask({ type: 'ban', name: 'troll' })
    const turnedAway = await SessionClient.connect(port, by)
    for (const name of ['ani', 'budi']) {
      turnedAway.send({ type: 'hello', version: 1, key: TROLL, name }).send({ type: 'join', room: 'den' })
      const asked = turnedAway.of('rejected').length
      await turnedAway.until(() => turnedAway.of('rejected').length > asked)
    }
    for (const name of ['ani', 'budi']) expect((await enter(port, by, keyOf(name), name)).outcome).toBe('joined')
    expect(turnedAway.of('bye')).toEqual([])
  })

  test('C124 ends what they hold: links, streams, downloads, and uploads, which go on when it is taken back', async () => {
    const { port, owner, troll, id, upload, link } = await withTroll()
    const read = (line: string, headers = {}) => ask(port, line, { headers })
    expect((await read(`GET ${link}`)).text).toBe('abcdef')
    const sha256 = 'bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721'
    const receipt = { body: JSON.stringify({ sha256 }), headers: { ...asTroll, 'Content-Type': 'application/json' } }
    expect((await ask(port, `POST /files/${id}/receipts`, receipt)).status).toBe(201)
    const stream = await OpenAnswer.of(port, 'GET /rooms/den/events', {
      headers: { ...asTroll, Accept: 'application/x-ndjson' },
    })
    // It is followed as it grows, for as long as nothing comes.
    const growing = await OpenAnswer.of(port, `GET ${upload}`, { headers: asTroll })
    await owner.ask({ type: 'ban', name: 'troll' })
    await Promise.all([troll.closed(), stream.ended(), growing.ended()])
    expect((await read(`GET ${link}`)).json).toMatchObject({ code: 'BANNED' })
    expect((await read(`HEAD ${link}`)).headers['tamtam-code']).toBe('BANNED')
    for (const line of [`GET /files/${id}`, `GET /files/${id}/receipts`, `POST /files/${id}/links`])
      expect([line, (await read(line, asTroll)).json]).toMatchObject([line, { code: 'BANNED' }])
    expect((await ask(port, `POST /files/${id}/receipts`, receipt)).json).toMatchObject({ code: 'BANNED' })
    expect((await goOn(port, upload, asTroll)).json).toMatchObject({ code: 'BANNED' })
    expect((await read(`DELETE ${upload}`, asTroll)).json).toMatchObject({ code: 'BANNED' })
    // What was sent, and verified, before it stays.
    const kept = await read(`GET /files/${id}/receipts`, asOwner)
    expect(kept.json).toMatchObject({ verified: [{ name: 'troll' }] })
    await owner.ask({ type: 'unban', name: 'troll' })
    expect((await read(`GET ${link}`)).text).toBe('abcdef')
    expect((await enter(port, 'frames', TROLL, 'troll')).outcome).toBe('joined')
    expect((await goOn(port, upload, asTroll)).status).toBe(204)
  })

  test('of somebody who has just gone holds for them, too', async () => {
    const { port, owner, troll, link } = await withTroll()
    troll.leave()
    await owner.until(() => owner.events.some((event) => event.type === 'left' && event.by.name === 'troll'))
    await owner.ask({ type: 'ban', name: 'troll' })
    expect((await enter(port, 'frames', TROLL, 'trolltwo')).outcome).toBe('BANNED')
    expect((await ask(port, `GET ${link}`)).json).toMatchObject({ code: 'BANNED' })
  })

  test('ends the invitations that they gave and nobody has used, and leaves who came in by one', async () => {
    const { port, owner, troll } = await withTroll()
    await owner.ask({ type: 'op', name: 'troll' })
    const invite = async () => {
      const { json } = await ask(port, 'POST /rooms/den/invitations', { headers: asTroll })
      return (json as { code: string }).code
    }
    const [used, unused] = [await invite(), await invite()]
    await owner.ask({ type: 'lock' })
    const come = (name: string, code: string) => enter(port, 'frames', keyOf(name), name, code)
    const { client: friend } = await come('friend', used)
    expect(await friend.say('halo')).toMatchObject({ type: 'ack' })
    await owner.ask({ type: 'ban', name: 'troll' })
    await troll.closed()
    for (let time = 0; time < 2; time++) expect((await come('trolltwo', unused)).outcome).toBe('NO_SUCH_INVITATION')
    expect(await friend.say('still here')).toMatchObject({ type: 'ack' })
    friend.leave()
    expect((await come('friend', used)).outcome).toBe('joined')
  })

  test('is told without whom it holds for, wherever it is told', async () => {
    const { port, owner, troll } = await withTroll()
    const { client: budi } = await enter(port, 'websocket', keyOf('budi'), 'budi')
    const stream = await OpenAnswer.of(port, 'GET /rooms/den/events', { headers: { Accept: 'application/x-ndjson' } })
    await owner.ask({ type: 'lock' })
    await owner.ask({ type: 'mute', name: 'troll' })
    await owner.ask({ type: 'kick', name: 'troll' })
    await owner.ask({ type: 'ban', name: 'troll' })
    await owner.say('done')
    await budi.until(() => budi.texts.includes('done'))
    await stream.until(({ lines }) => lines.some((line) => line.includes('"done"')))
    const page = await ask(port, 'GET /rooms/den/events')
    const found = await ask(port, 'GET /rooms/den/search?q=troll')
    await troll.closed()
    const all = [budi.events, owner.events, stream.events, page.json, found.json]
    const rules = [budi.events, stream.events].map((events) =>
      (events as readonly { type: string }[]).map(({ type }) => type).filter((type) => /ed$/.test(type)),
    )
    for (const types of rules) expect(types).toEqual(expect.arrayContaining(['locked', 'muted', 'banned']))
    const told = JSON.stringify(all)
    for (const word of ['persons', 'shutOut', TROLL, OWNER, keyOf('budi')]) expect(told).not.toContain(word)
    // A member's id is made of the key, and stands where they are spoken of, as ever.
    expect(told).toContain(personOf(TROLL))
  })
})

test('C124 a kick cuts off what they have under way but for what runs by a link, and ends nothing else that they hold', async () => {
  const { port, owner, troll, id, upload, link } = await withTroll()
  const shown = { headers: asTroll }
  const stream = await OpenAnswer.of(port, 'GET /rooms/den/events', {
    headers: { ...asTroll, Accept: 'application/x-ndjson' },
  })
  const growing = await OpenAnswer.of(port, `GET ${upload}`, shown)
  await owner.ask({ type: 'kick', name: 'troll' })
  await Promise.all([troll.closed(), stream.ended(), growing.ended()])
  for (const line of [`GET /files/${id}`, 'GET /rooms/den'])
    expect([line, (await ask(port, line, shown)).json]).toMatchObject([line, { code: 'NOT_A_MEMBER' }])
  expect((await ask(port, `GET ${link}`)).text).toBe('abcdef')
  expect((await enter(port, 'frames', TROLL, 'troll')).outcome).toBe('joined')
  expect((await goOn(port, upload, asTroll)).status).toBe(204)
})

describe('a mute of somebody who shows a key', () => {
  test('holds for it under any name and over any carrier, also while it is being said', async () => {
    const { port, owner, troll, upload } = await withTroll()
    await owner.ask({ type: 'mute', name: 'troll' })
    expect(await troll.say('halo')).toMatchObject({ code: 'MUTED' })
    let last = troll
    let gone = 0
    /** While they are in the room, they keep the name that they have. */
    const leave = async () => {
      last.leave()
      gone++
      await owner.until(() => owner.events.filter(({ type }) => type === 'left').length === gone)
    }
    for (const by of CARRIERS)
      for (const name of ['trolltwo', 'trollthree']) {
        await leave()
        const { client, outcome } = await enter(port, by, TROLL, name)
        expect(outcome).toBe('joined')
        expect(client.of('joined')[0]?.member.name).toBe(name)
        last = client
        expect(await client.say('halo')).toMatchObject({ code: 'MUTED' })
        expect((await sayOverHttp(port, 'den', 'halo', { headers: asTroll })).json).toMatchObject({ code: 'MUTED' })
        expect((await ask(port, 'PUT /den/c.txt', { body: 'x', headers: asTroll })).json).toMatchObject({
          code: 'MUTED',
        })
        expect((await goOn(port, upload, asTroll)).json).toMatchObject({ code: 'MUTED' })
      }
    // By the name that they have now.
    expect(await owner.ask({ type: 'unmute', name: 'trollthree' })).toMatchObject({ type: 'ack' })
    await leave()
    const { client } = await enter(port, 'frames', TROLL, 'trollfour')
    expect(await client.say('halo')).toMatchObject({ type: 'ack' })
  })

  test('holds on the line server for as long as the connection lasts, whatever they call themselves elsewhere', async () => {
    const { port, owner } = await hosted()
    const netcat = await LineClient.join(port, 'loud')
    await netcat.ask('/join den', /^\* you are loud in den/)
    await owner.ask({ type: 'mute', name: 'loud' })
    await netcat.ask('/join hall', /^\* you are loud in hall/)
    await netcat.ask('/nick quiet', '* you are now quiet')
    await netcat.ask('/join den', /^\* you are quiet in den/)
    expect(await netcat.ask('halo', /^! /)).toMatch(/^! MUTED /)
    const other = await LineClient.join(port, 'other')
    await other.ask('/join den', /^\* you are other in den/)
    other.write('halo\n')
    await netcat.until('<other> halo')
  })
})

describe('who goes by the name of an op that is not here', () => {
  /** Ani is an op, and has gone; budi is one, and is here. */
  async function withAbsentOp() {
    const host = await hosted()
    const { port, owner } = host
    const ani = (await enter(port, 'frames', keyOf('ani'), 'ani')).client
    const budi = (await enter(port, 'frames', keyOf('budi'), 'budi')).client
    for (const name of ['ani', 'budi']) await owner.ask({ type: 'op', name })
    ani.leave()
    await owner.until(() => owner.events.some((event) => event.type === 'left' && event.by.name === 'ani'))
    return { ...host, budi }
  }

  test('can be muted and banned by another op, over any server, and the op is as before', async () => {
    const { port, budi, owner } = await withAbsentOp()
    expect(await budi.ask({ type: 'ban', name: 'ani' })).toMatchObject({ code: 'NOT_ALLOWED' })
    const netcat = await LineClient.join(port, 'an1')
    await netcat.ask('/join den', /^\* you are an1 in den/)
    expect(await budi.ask({ type: 'mute', name: 'an1' })).toMatchObject({ type: 'ack' })
    expect(await netcat.ask('halo', /^! /)).toMatch(/^! MUTED /)
    expect(await budi.ask({ type: 'ban', name: 'an1' })).toMatchObject({ type: 'ack' })
    await netcat.closed()
    const { client, outcome } = await enter(port, 'frames', keyOf('ani'), 'ani')
    expect(outcome).toBe('joined')
    expect(await client.say('halo')).toMatchObject({ type: 'ack' })
    expect(await client.ask({ type: 'setTopic', topic: 'mine' })).toMatchObject({ type: 'ack' })
    for (const type of ['kick', 'mute', 'ban'] as const)
      expect(await budi.ask({ type, name: 'ani' })).toMatchObject({ code: 'NOT_ALLOWED' })
    await owner.settled()
  })

  test('over HTTP too, where nobody is here for longer than a request', async () => {
    const { port, budi } = await withAbsentOp()
    expect((await sayOverHttp(port, 'den', 'I am ani', { as: 'ani' })).status).toBe(201)
    expect(await budi.ask({ type: 'mute', name: 'ani' })).toMatchObject({ type: 'ack' })
    expect((await sayOverHttp(port, 'den', 'I am ani', { as: 'ani' })).json).toMatchObject({ code: 'MUTED' })
    const { client } = await enter(port, 'frames', keyOf('ani'), 'ani')
    expect(await client.say('halo')).toMatchObject({ type: 'ack' })
  })
})

test('who is kicked out of a locked room does not come back, and all others who were inside do', async () => {
  const { port, owner } = await hosted()
  const names = ['ani', 'budi']
  const [ani, budi] = await Promise.all(names.map((name) => enter(port, 'frames', keyOf(name), name)))
  const netcat = await LineClient.join(port, 'netcat')
  await netcat.ask('/join den', /^\* you are netcat in den/)
  await owner.ask({ type: 'lock' })
  expect(await owner.ask({ type: 'kick', name: 'ani' })).toMatchObject({ type: 'ack' })
  await ani?.client.closed()
  budi?.client.leave()
  expect((await enter(port, 'websocket', keyOf('ani'), 'anita')).outcome).toBe('LOCKED')
  expect((await enter(port, 'websocket', keyOf('budi'), 'baik')).outcome).toBe('joined')
  // The line server knows nobody again but over the same connection.
  await netcat.ask('/join hall', /^\* you are netcat in hall/)
  await netcat.ask('/join den', /^\* you are netcat in den/)
  await owner.say('halo')
  await netcat.until('<boss> halo')
  const again = await LineClient.join(port, 'netcatt')
  expect(await again.ask('/join den', /^! /)).toMatch(/^! LOCKED /)
})

test('the expiry of files is told over every server to whoever joins', async () => {
  const { port, owner, troll } = await withTroll()
  expect(await troll.ask({ type: 'setExpiry', seconds: 604_800 })).toMatchObject({ code: 'NOT_ALLOWED' })
  expect(await owner.ask({ type: 'setExpiry', seconds: 60 })).toMatchObject({ code: 'BAD_COMMAND' })
  expect(await owner.ask({ type: 'setExpiry', seconds: 604_800 })).toMatchObject({ type: 'ack' })
  for (const by of CARRIERS) {
    const { client, outcome } = await enter(port, by, TROLL, 'another')
    expect([outcome, client.of('joined')[0]?.expirySeconds]).toEqual(['joined', 604_800])
  }
  expect((await ask(port, 'GET /rooms/den', { headers: asOwner })).json).toMatchObject({ expirySeconds: 604_800 })
  const netcat = await LineClient.join(port, 'eka', { from: '127.0.0.9' })
  await netcat.ask('/join den', '* files expire 7 days after they came')
  await owner.ask({ type: 'setExpiry', seconds: 0 })
  await netcat.until('* files do not expire (set by boss)')
  expect((await ask(port, 'GET /rooms/den', { headers: asOwner })).json).not.toHaveProperty('expirySeconds')
})

test('slow mode holds for a person over every server, which tell it and how long to wait', async () => {
  const { port, owner, troll } = await withTroll()
  expect(await owner.ask({ type: 'setSlowMode', seconds: 3600 })).toMatchObject({ type: 'ack' })
  expect(await troll.say('one')).toMatchObject({ type: 'ack' })
  for (const by of CARRIERS) {
    const { client, outcome } = await enter(port, by, TROLL, 'another')
    expect([outcome, client.of('joined')[0]?.slowSeconds]).toEqual(['joined', 3600])
    expect(await client.say('two')).toMatchObject({
      code: 'SLOW_MODE',
      message: expect.stringMatching(/in 3\d\d\d s$/),
      retrySeconds: expect.toSatisfy((seconds: number) => seconds > 3000 && seconds <= 3600),
    })
  }
  const posted = await sayOverHttp(port, 'den', 'two', { headers: asTroll })
  expect([posted.status, posted.json]).toMatchObject([429, { code: 'SLOW_MODE' }])
  expect(Number(posted.headers['retry-after'])).toBeGreaterThan(3000)
  const other = { 'Tamtam-Key': keyOf('other') }
  await enter(port, 'frames', keyOf('other'), 'other')
  // Of several lines none is said: a second try would say the first again.
  expect((await sayOverHttp(port, 'den', 'a\nb', { headers: other })).json).toMatchObject({ code: 'SLOW_MODE' })
  expect((await sayOverHttp(port, 'den', 'a', { headers: other })).status).toBe(201)
  expect((await sayOverHttp(port, 'den', 'a\nb', { headers: asOwner })).status).toBe(201)
  expect((await ask(port, 'GET /rooms/den', { headers: asOwner })).json).toMatchObject({ slowSeconds: 3600 })

  const netcat = await LineClient.join(port, 'eka', { from: '127.0.0.9' })
  await netcat.ask('/join den', '* slow mode: members may send one message in 1 hour')
  netcat.write('one\n')
  expect(await netcat.ask('/me waves', /^! /)).toMatch(/^! SLOW_MODE .* in 3\d\d\d s$/)
  await netcat.ask('/nick feri', '* you are now feri')
  expect(await netcat.ask('two', /^! /)).toMatch(/^! SLOW_MODE /)
  await netcat.ask('/msg host psst', /^\* to |^! NO_SUCH/)
  await owner.ask({ type: 'setSlowMode', seconds: 0 })
  expect((await sayOverHttp(port, 'den', 'two', { headers: asTroll })).status).toBe(201)
  expect((await ask(port, 'GET /rooms/den', { headers: asOwner })).json).not.toHaveProperty('slowSeconds')
})
