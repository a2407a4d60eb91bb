import { describe, expect, test } from 'vitest'
import { MemorySecretStore } from '#storage/memory/secret-store.ts'
import { OWNER } from '../../harness/den.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { startHost } from '../../harness/host.ts'
import { ask } from '../../harness/http-client.ts'
import { IrcClient } from '../../harness/irc-client.ts'
import { ircHost } from '../../harness/irc-host.ts'
import { LineClient } from '../../harness/line-client.ts'

describe('login', () => {
  const plain = (name: string, word: string) => Buffer.from(`\0${name}\0${word}`).toString('base64')
  const bearer = (token: string) => ({ Authorization: `Bearer ${token}` })
  async function loggedIn(
    port: number,
    nick: string,
    name: string,
    word: string,
    rooms: readonly string[] = [],
    token = '',
  ) {
    const client = await IrcClient.connect(port)
    if (token !== '') client.says(`PASS ${token}`)
    client.says('CAP LS 302', `NICK ${nick}`, `USER ${nick} 0 * :x`, 'CAP REQ :sasl', 'AUTHENTICATE PLAIN')
    await client.until(/^AUTHENTICATE \+/)
    client.says(`AUTHENTICATE ${plain(name, word)}`, 'CAP END')
    await client.until(/ 376 /)
    for (const room of rooms) await client.ask(`JOIN #${room}`, new RegExp(` 366 \\S+ #${room} `))
    return client
  }

  test('the same name and word are the same person: an op is an op again, and another word is somebody else', async () => {
    const { port, op } = await ircHost()
    const first = await loggedIn(port, 'ani', 'ani', 'rahasia', ['lobby'])
    expect(first.heard.some((line) => line.includes(' CAP * LS :') && line.includes('sasl=PLAIN'))).toBe(true)
    const [shown] = first.heard.filter((line) => line.includes(' 900 '))
    await op('ani')
    await first.until(/MODE #lobby \+o ani/)
    first.says('QUIT :bye')
    await first.closed()
    const again = await loggedIn(port, 'ani', 'ani', 'rahasia', ['lobby'])
    expect(again.heard.filter((line) => line.includes(' 900 '))).toEqual([shown])
    await again.until(/ 353 ani = #lobby :.*@ani/)
    const other = await loggedIn(port, 'budi', 'ani', 'rahasi', ['lobby'])
    expect(other.heard.filter((line) => line.includes(' 900 '))).not.toEqual([shown])
    await other.until(/ 353 budi = #lobby :(.* )?budi( |\r|$)/)
  })

  test('a second connection of a person has the name of the first, and both are in the room as one member', async () => {
    const { port } = await ircHost()
    const budi = await IrcClient.enter(port, 'budi')
    const one = await loggedIn(port, 'ani', 'ani', 'rahasia', ['lobby'])
    const two = await loggedIn(port, 'anisa', 'ani', 'rahasia', ['lobby'])
    await two.until(/^:anisa!\S+ NICK :ani/)
    budi.says('PRIVMSG ani :psst')
    for (const each of [one, two]) await each.until(/PRIVMSG ani :psst/)
    one.says('QUIT')
    await one.closed()
    two.says('PRIVMSG #lobby :still here', 'QUIT :all of me')
    await budi.until(/^:ani!\S+ QUIT :all of me/)
    const presence = budi.heard.filter((line) => / (JOIN|PART|QUIT|NICK) /.test(line)).map((line) => line.split('@')[0])
    expect(presence).toEqual([':budi!~budi', ':ani!~ani', ':ani!~ani'])
  })

  test('a file that is posted to FILEHOST with the login goes into the room in which its sender spoke last, and its link is not said again', async () => {
    const { port, tamtam } = await ircHost({ token: true, http: { guessFloorMs: 0 } })
    const token = tamtam.token ?? ''
    const capabilities = 'echo-message labeled-response'
    const budi = await IrcClient.enter(port, 'budi', ['lobby', 'other'], { capabilities, password: token })
    expect(budi.heard.some((line) => line.includes('FILEHOST'))).toBe(false)
    const ani = await loggedIn(port, 'ani', 'ani', 'rahasia', ['other', 'lobby'], token)
    const at = / draft\/FILEHOST=http:\/\/[^/]+(\S+) soju\.im\/FILEHOST=/.exec(ani.heard.join('\n'))?.[1]
    expect(at).toBe('/filehost')
    const options = await ask(port, `OPTIONS ${at}`)
    expect([options.status, options.headers['accept-post']]).toEqual([204, '*/*'])
    const post = (word: string, body: string) =>
      ask(port, `POST ${at}`, {
        body,
        headers: {
          Authorization: `Basic ${Buffer.from(`ani:${word}`).toString('base64')}`,
          'Content-Type': 'text/plain',
          'Content-Disposition': "attachment; filename*=UTF-8''r%C3%A9sum%C3%A9.txt",
        },
      })
    expect(await post('wrong', 'abc')).toMatchObject({ status: 404, text: expect.stringContaining('over IRC') })
    await ani.answers('PRIVMSG #other :here')
    const posted = await post('rahasia', 'hello')
    expect(posted.status).toBe(201)
    const link = String(posted.headers.location)
    await budi.until(/NOTICE #other :file .*résumé\.txt from ani: 5 B, sha256/)
    expect((await ask(port, `GET ${new URL(link).pathname}`, { headers: bearer(token) })).text).toBe('hello')

    ani.says('CAP REQ :echo-message', `PRIVMSG #other :${link}`, `PRIVMSG #other :look: ${link}`)
    await budi.until(/PRIVMSG #other :look: http/)
    await ani.until(/PRIVMSG #other :look: http/)
    const said = (client: IrcClient) => client.heard.filter((line) => line.includes(' PRIVMSG #other :'))
    expect([said(budi).length, said(ani).length]).toEqual([2, 2])
    await ani.answers('PART #other')
    expect((await post('rahasia', 'second')).status).toBe(201)
    await budi.until(/NOTICE #lobby :file .*résumé\.txt from ani/)
    await ani.answers('PART #lobby')
    expect((await post('rahasia', 'third')).status).toBe(404)
  })

  test('the token is a word of SASL too, and the key of the owner makes the owner', async () => {
    const secretStore = new MemorySecretStore()
    await secretStore.write('owner', OWNER)
    const { port, tamtam } = await ircHost({ token: true, overrides: { secretStore }, http: { guessFloorMs: 0 } })
    const ani = await loggedIn(port, 'ani', 'ani', tamtam.token ?? '')
    expect(ani.heard.some((line) => line.includes(' 903 '))).toBe(true)
    expect(await ani.answers('OPER me wrong')).toEqual([expect.stringContaining(' 464 ani ')])
    expect(await ani.answers(`OPER me ${OWNER}`)).toEqual([expect.stringContaining(' 381 ani ')])
    expect(await ani.answers('JOIN #lobby')).toContain(':tamtam.irc 353 ani = #lobby :~boss ~ani')
    expect(ani.bytes.includes(OWNER)).toBe(false)
  })
})

describe('a room with a past', () => {
  test('who has server-time gets the newest entries with their times, then all that came since, the same after a restart', async () => {
    const data = await temporaryDirectory()
    const first = await startHost({ data, freeSpaceFloorBytes: 0 })
    const line = await LineClient.join(first.port, 'line')
    for (let count = 1; count <= 30; count++) line.write(`line ${count}\n`)
    await line.ask('/topic of that time', '* topic set')
    const capabilities = 'server-time message-tags'
    const past = async (port: number) => {
      const ani = await IrcClient.enter(port, 'ani', ['lobby'], { capabilities })
      await ani.until(/NOTICE #lobby :line set the topic: of that time/)
      expect(ani.heard.some((each) => / (TOPIC|MODE) /.test(each))).toBe(false)
      return ani.heard.filter((each) => each.includes(' PRIVMSG #lobby :'))
    }
    const before = await past(first.port)
    expect(before).toHaveLength(19)
    expect(before[0]).toMatch(/^@time=\d{4}-\S+Z;msgid=lobby-12 :line!tamtam@\d+\.tamtam PRIVMSG #lobby :line 12$/)
    await first.stop()
    const second = await startHost({ data, freeSpaceFloorBytes: 0 })
    expect(await past(second.port)).toEqual(before)
  })
})

describe('labels and history', () => {
  const capabilities = 'batch labeled-response echo-message message-tags draft/chathistory server-time'

  test('one line of answer carries the label, several stand in a batch, none is an ACK, and an echo has its own', async () => {
    const { port } = await ircHost()
    const ani = await IrcClient.enter(port, 'ani', ['lobby'], { capabilities })
    const said = async (line: string) => {
      await ani.settled()
      const from = ani.lines.length
      ani.says(line)
      await ani.settled()
      return ani.heard.slice(from).map((each) => each.replace(/\bb\d+\b/g, 'REF').replace(/time=[^; ]+;/, ''))
    }
    expect(await said('@label=1 PING x')).toEqual(['@label=1 :tamtam.irc PONG tamtam.irc :x'])
    expect(await said('@label=2 PONG x')).toEqual(['@label=2 :tamtam.irc ACK'])
    expect(await said('@label=3 NAMES #lobby')).toEqual([
      '@label=3 :tamtam.irc BATCH +REF labeled-response',
      '@batch=REF :tamtam.irc 353 ani = #lobby :~boss ani',
      '@batch=REF :tamtam.irc 366 ani #lobby :End of /NAMES list',
      ':tamtam.irc BATCH -REF',
    ])
    const [echo] = await said('@label=4 PRIVMSG #lobby :hi')
    expect(echo).toMatch(/^@label=4;msgid=lobby-1 :ani!~ani@\d+\.tamtam PRIVMSG #lobby :hi$/)
    expect((await said('@label=5 PRIVMSG #nowhere :hi'))[0]).toMatch(/^@label=5 :tamtam\.irc 442 /)
    expect(await said('PRIVMSG #lobby :unlabelled')).toHaveLength(1)
  })

  test('messages of the past are found by id and by time, and told in a batch', async () => {
    const { port } = await ircHost()
    const line = await LineClient.join(port, 'line')
    for (let count = 1; count <= 30; count++) line.write(`line ${count}\n`)
    await line.ask('/topic new', '* topic set')
    await ask(port, 'PUT /lobby/a.txt', { as: 'curl', body: 'abc' })
    const ani = await IrcClient.enter(port, 'ani', ['lobby'], { capabilities })
    expect(ani.heard.some((each) => each.includes('PRIVMSG #lobby :line'))).toBe(false)
    const told = async (asked: string) => {
      const lines = (await ani.answers(`CHATHISTORY ${asked}`)).filter((each) => !each.includes(' BATCH '))
      return lines.map((each) => / :line (\d+)$/.exec(each)?.[1] ?? / FAIL CHATHISTORY (\w+)/.exec(each)?.[1] ?? 'file')
    }
    expect(await told('LATEST #lobby * 4')).toEqual(['30', 'file'])
    expect(await told('LATEST #lobby msgid=lobby-28 9')).toEqual(['29', '30', 'file'])
    expect(await told('BEFORE #lobby msgid=lobby-4 2')).toEqual(['2', '3'])
    expect(await told('AFTER #lobby msgid=lobby-4 2')).toEqual(['5', '6'])
    expect(await told('AROUND #lobby msgid=lobby-4 3')).toEqual(['3', '4', '5'])
    expect(await told('BETWEEN #lobby msgid=lobby-4 msgid=lobby-7 9')).toEqual(['5', '6'])
    expect(await told('BETWEEN #lobby msgid=lobby-7 msgid=lobby-4 1')).toEqual(['6'])
    expect(await told('BEFORE #lobby timestamp=2099-01-01T00:00:00.000Z 3')).toEqual(['file'])
    expect(await told('AFTER #lobby timestamp=2001-01-01T00:00:00.000Z 2')).toEqual(['1', '2'])
    expect(await told('BEFORE #lobby timestamp=2001-01-01T00:00:00.000Z 2')).toEqual([])
    expect(await told('LATEST #nowhere * 2')).toEqual(['INVALID_TARGET'])
    expect(await told('LATEST #lobby * 0')).toEqual(['INVALID_PARAMS'])
    expect(await told('LATEST #lobby msgid=other-1 5')).toEqual(['INVALID_PARAMS'])
    const [, targets] = await ani.answers(
      'CHATHISTORY TARGETS timestamp=2001-01-01T00:00:00Z timestamp=2099-01-01T00:00:00Z 5',
    )
    expect(targets).toMatch(/CHATHISTORY TARGETS #lobby \d{4}-/)
  })
})

test('a text of several lines is one message both ways, and several lines to clients that know no better', async () => {
  const { port } = await ircHost()
  const capabilities = 'batch labeled-response echo-message message-tags draft/multiline draft/chathistory account-tag'
  const ani = await IrcClient.enter(port, 'ani', ['lobby'], { capabilities })
  const budi = await IrcClient.enter(port, 'budi')
  const line = await LineClient.join(port, 'line')
  const said = async (client: IrcClient, ...lines: readonly string[]) => {
    await client.settled()
    const from = client.lines.length
    client.says(...lines)
    await client.settled()
    return client.heard.slice(from).map((each) => each.replace(/\bb\d+\b/g, 'REF').replace(/@\d{10}\.tamtam/g, '@host'))
  }
  expect(
    await said(
      ani,
      '@label=7 BATCH +1 draft/multiline #lobby',
      '@batch=1 PRIVMSG #lobby :one',
      '@batch=1 PRIVMSG #lobby :',
      '@batch=1 PRIVMSG #lobby :two ',
      '@batch=1;draft/multiline-concat PRIVMSG #lobby :goes on',
      'BATCH -1',
    ),
  ).toEqual([
    '@label=7;msgid=lobby-1 :ani!~ani@host BATCH +REF draft/multiline #lobby',
    '@batch=REF :ani!~ani@host PRIVMSG #lobby :one',
    '@batch=REF :ani!~ani@host PRIVMSG #lobby :',
    '@batch=REF :ani!~ani@host PRIVMSG #lobby :two goes on',
    ':ani!~ani@host BATCH -REF',
  ])
  await budi.until(/PRIVMSG #lobby :two goes on/)
  expect(budi.heard.flatMap((each) => / PRIVMSG #lobby :(.*)/.exec(each)?.[1] ?? [])).toEqual(['one', 'two goes on'])
  const long = 'word '.repeat(200).trim()
  line.write(`${long}\n`)
  await ani.until(/ :line!\S+ BATCH \+/)
  await ani.settled()
  const pieces = ani.heard.flatMap((each) => /^@batch=\S+ :line!\S+ PRIVMSG #lobby :(.*)/.exec(each)?.[1] ?? [])
  expect([pieces.length > 1, pieces.join('')]).toEqual([true, long])
  expect(ani.heard.filter((each) => each.includes('draft/multiline-concat'))).toHaveLength(pieces.length - 1)
  // Each line of a batch of the past is in one batch, and no more.
  const past = await said(ani, 'CHATHISTORY LATEST #lobby * 5')
  expect(past.filter((each) => each.includes(' PRIVMSG ')).every((each) => /^@batch=REF(?:;|\s)/.test(each))).toBe(true)
  expect(past.filter((each) => /^@batch=REF;?\S* :\S+ BATCH \+REF draft\/multiline/.test(each))).toHaveLength(2)

  expect(await said(ani, 'BATCH +2 netjoin')).toEqual([expect.stringMatching(/ FAIL BATCH UNKNOWN_TYPE 2 netjoin :/)])
  expect(await said(ani, 'BATCH -3')).toEqual([expect.stringMatching(/ FAIL BATCH INVALID_REFTAG 3 :/)])
  const flood = (count: number, text: string) => Array.from({ length: count }, () => `@batch=4 PRIVMSG #lobby :${text}`)
  const [tooMany] = await said(ani, 'BATCH +4 draft/multiline #lobby', ...flood(101, 'x'))
  expect(tooMany).toMatch(/ FAIL BATCH MULTILINE_MAX_LINES 100 :/)
  const [tooLong] = await said(ani, 'BATCH +4 draft/multiline #lobby', ...flood(50, 'x'.repeat(400)))
  expect(tooLong).toMatch(/ FAIL BATCH MULTILINE_MAX_BYTES 16384 :/)
  const [other] = await said(ani, 'BATCH +4 draft/multiline #lobby', '@batch=4 PRIVMSG #other :x')
  expect(other).toMatch(/ FAIL BATCH MULTILINE_INVALID_TARGET #lobby #other :/)
  expect(await said(ani, 'PRIVMSG #lobby :alone')).toHaveLength(1)
})
