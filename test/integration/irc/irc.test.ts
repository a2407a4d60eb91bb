import { describe, expect, test } from 'vitest'
import { MemorySecretStore } from '#storage/memory/secret-store.ts'
import { OWNER } from '../../harness/den.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { type HostOptions, startHost } from '../../harness/host.ts'
import { ask } from '../../harness/http-client.ts'
import { IrcClient } from '../../harness/irc-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { until } from '../../harness/patience.ts'
import { SessionClient } from '../../harness/session-client.ts'

/** A host with an owner in the lobby, who makes ops. */
async function hosted(options: HostOptions = {}) {
  const host = await startHost(options)
  const boss = await host.tamtam.engine.join({ room: 'lobby', name: 'boss', role: 'owner' })
  const op = (name: string) => boss.send({ type: 'op', name })
  return { ...host, boss, op }
}

describe('registration', () => {
  test('a client is welcomed once it has said who it is, and has chosen its capabilities', async () => {
    const { port } = await hosted()
    const ani = await IrcClient.connect(port)
    ani.says(
      'CAP LS 302',
      'JOIN #lobby',
      'CAP REQ :server-time echo-message',
      'CAP REQ :server-time no-such',
      'NICK ani',
    )
    ani.says('USER ani 0 * :Ani')
    await ani.until(/ CAP \* NAK :server-time no-such/)
    expect(ani.heard.some((line) => line.includes(' 001 '))).toBe(false)
    ani.says('CAP END')
    await ani.until(/ 376 ani /)
    const numerics = ani.heard.flatMap((line) => / (\d{3}) /.exec(line)?.[1] ?? [])
    expect([...new Set(numerics)]).toEqual('451 001 002 003 004 005 251 254 255 265 375 372 376'.split(' '))
    expect(ani.heard[0]).toContain('this is IRC; for plain lines connect again')
    expect(ani.heard).toContain(':tamtam.irc CAP * ACK :server-time echo-message')
    for (const line of ani.heard) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(510)
  })

  test('a nick that cannot be used, or is taken, is refused with the reason, and is held from then on', async () => {
    const { port } = await hosted()
    const ani = await IrcClient.connect(port)
    ani.says('NICK ani', 'USER a 0 * :A')
    await ani.until(/ 376 /)
    const other = await IrcClient.connect(port)
    other.says('NICK ani', 'NICK 1.2.3.4', 'NICK', 'USER a 0 * :A')
    await other.until(/ 431 /)
    expect(other.heard.filter((line) => / 43\d /.test(line))).toEqual([
      expect.stringMatching(/ 433 \* ani :somebody here has that name/),
      expect.stringMatching(/ 432 \* 1\.2\.3\.4 :This name looks like a network address/),
      expect.stringMatching(/ 431 \* :/),
    ])
    const line = await LineClient.connect(port)
    await line.ask('/nick ani', /^! NAME_TAKEN/)
    ani.says('QUIT :bye')
    await ani.closed()
    await line.ask('/nick ani', '* you are now ani')
  })

  test('C68: it has its time', async () => {
    const { port } = await hosted({ line: { handshakeMs: 100 } })
    const slow = await IrcClient.connect(port)
    slow.says('NICK slow')
    await slow.closed()
    expect(slow.heard.at(-1)).toBe('ERROR :Closing link: registration took too long')
  })

  test('C107, C122: a host with a token lets in who shows it as the password, wherever PASS stands', async () => {
    const { port, tamtam } = await hosted({ token: true, http: { guessFloorMs: 0 } })
    const token = tamtam.token ?? ''
    const before = await IrcClient.connect(port)
    before.says('NICK x', 'JOIN #lobby', 'PRIVMSG #lobby :early', 'LIST', 'HISTORY #lobby', 'CAP LS')
    await before.until(/ CAP x LS /)
    expect(before.heard.filter((line) => / 451 /.test(line))).toHaveLength(4)
    for (const password of ['', 'wrong']) {
      const stranger = await IrcClient.connect(port)
      stranger.says(...(password === '' ? [] : [`PASS ${password}`]), 'NICK y', 'USER a 0 * :A', 'JOIN #lobby')
      await stranger.closed()
      expect(stranger.heard.at(-2)).toContain(' 464 y :')
      expect(stranger.heard.at(-1)).toMatch(/^ERROR :/)
    }
    const ani = await IrcClient.connect(port)
    ani.says('NICK ani', `PASS ${token}`, 'USER a 0 * :A', 'JOIN #lobby')
    await ani.until(/ 366 ani #lobby /)
    expect(ani.bytes.includes(token)).toBe(false)
  })
})

describe('in a room', () => {
  test('what each verb is answered with', async () => {
    const { port, op } = await hosted()
    const ani = await IrcClient.enter(port, 'ani')
    await op('ani')
    await ani.until(/MODE #lobby \+o ani/)
    const budi = await IrcClient.enter(port, 'budi')
    const transcript: string[] = []
    const lines = [
      ...[
        'NAMES #lobby',
        'WHO #lobby',
        'WHO budi',
        'WHOIS budi',
        'WHOIS zoro',
        'TOPIC #lobby',
        'TOPIC #lobby :News: all',
      ],
      ...[
        'TOPIC #lobby',
        'TOPIC #lobby :',
        'TOPIC #lobby',
        'MODE #lobby',
        'MODE ani',
        'MODE budi',
        'MODE #lobby +b',
        'MODE #lobby +x',
        'MODE #lobby -n',
      ],
      ...['JOIN #lobby', 'JOIN lobby', 'JOIN #a/b', 'JOIN #Other', 'PART #other :enough', 'PART #other', 'PART #a/b'],
      ...['PRIVMSG', 'PRIVMSG #lobby', 'PRIVMSG zoro :x', 'PRIVMSG #nowhere :x', 'PRIVMSG #lobby :\x01VERSION\x01'],
      ...['NICK ani', 'NICK anisa', 'NICK ani', 'AWAY :lunch', 'AWAY', 'USERHOST budi', 'ISON budi zoro', 'NONSENSE x'],
      ...['PING', 'PING x', 'MODE #lobby +o budi', 'MODE #lobby -o budi', 'MODE #lobby +b zoro', 'MODE #lobby -b zoro'],
      ...[
        'MODE #lobby +b m:zoro!*@*',
        'MODE #lobby b',
        'MODE #lobby -b m:zoro',
        'HISTORY #lobby 1',
        'SLOW 5',
        'SLOW off',
      ],
      ...[
        'KICK #lobby boss :no',
        'KICK #lobby zoro',
        'PASS x',
        'USER a b c d',
        'CAP LIST',
        'CAP NONSENSE',
        'FILES #lobby',
      ],
    ]
    for (const line of lines) transcript.push(`> ${line}`, ...(await ani.answers(line)), '')
    await expect(transcript.join('\n')).toMatchFileSnapshot('./golden/verbs.txt')
    const heard = await budi.answers('PING x')
    expect(heard).toHaveLength(1)
    await expect(
      `${budi
        .since(0)
        .join('\n')
        .replace(/:\d+\/lobby/, ':8268/lobby')}\n`,
    ).toMatchFileSnapshot('./golden/read-by-another.txt')
  })

  test('everybody reads what the others say, once and in one order, whatever they speak', async () => {
    const { port } = await hosted()
    const irc = await IrcClient.enter(port, 'irc')
    const echo = await IrcClient.enter(port, 'echo', ['lobby'], { capabilities: 'echo-message' })
    const line = await LineClient.join(port, 'line')
    const session = await SessionClient.join(port, 'frames', 'session')
    irc.says('PRIVMSG #lobby :from irc', 'PRIVMSG #lobby :\x01ACTION waves\x01')
    await line.until('* irc waves')
    line.write('from line\n')
    await irc.until(/:from line/)
    await session.say('two\nlines')
    await irc.until(/:lines/)
    await ask(port, 'POST /rooms/lobby/messages', {
      as: 'curl',
      body: 'from curl',
      headers: { 'Content-Type': 'text/plain' },
    })
    echo.says('PRIVMSG #lobby :\x02from\x02 echo')
    for (const each of [irc, echo]) await each.until(/:from echo/)
    const talk = (client: IrcClient) =>
      client.heard.flatMap((each) => /^:(\S+?)!\S+ PRIVMSG #lobby :(.*)$/.exec(each)?.slice(1).join(': ') ?? [])
    const others = ['line: from line', 'session: two', 'session: lines', 'curl: from curl', 'echo: from echo']
    expect(talk(echo)).toEqual(['irc: from irc', 'irc: \x01ACTION waves\x01', ...others])
    expect(talk(irc)).toEqual(others)
    await session.until(() => session.texts.length === 6)
    expect(session.texts).toEqual(['from irc', 'waves', 'from line', 'two\nlines', 'from curl', 'from echo'])
  })

  test('a whisper reaches one person, over IRC and from elsewhere', async () => {
    const { port } = await hosted()
    const ani = await IrcClient.enter(port, 'ani', ['lobby'], { capabilities: 'echo-message server-time message-tags' })
    const budi = await IrcClient.enter(port, 'budi')
    const line = await LineClient.join(port, 'citra')
    ani.says('PRIVMSG budi,citra :psst')
    await line.until('* ani whispers: psst')
    await budi.until(/^:ani!~ani@\d+\.tamtam PRIVMSG budi :psst/)
    await ani.until(/^@time=\S+;msgid=lobby-\d+ :ani!~ani@\d+\.tamtam PRIVMSG citra :psst/)
    line.write('/msg ani hush\n')
    await ani.until(/^@\S+ :citra!tamtam@\d+\.tamtam PRIVMSG ani :hush/)
    await budi.settled()
    expect(budi.heard.some((each) => each.includes('hush'))).toBe(false)
  })

  test('a file comes as a link that curl can use, and one for some only with a ticket of theirs', async () => {
    const { port } = await hosted()
    const ani = await IrcClient.enter(port, 'ani')
    const budi = await IrcClient.enter(port, 'budi')
    await ask(port, 'PUT /lobby/talk.txt', { as: 'curl', body: 'hello' })
    const told = await ani.until(/NOTICE #lobby :file \[\w+\] talk\.txt from curl: 5 B, sha256/)
    const link = /http:\/\/\S+?(\/files\/\S+)/.exec(told)?.[1] ?? ''
    expect((await ask(port, `GET ${link}`)).text).toBe('hello')
    const session = await SessionClient.join(port, 'frames', 'session')
    await session.say('next')
    await ask(port, 'PUT /lobby/own.txt?to=ani', { as: 'curl', body: 'secret' })
    const personal = await ani.until(/own\.txt from curl.*ticket=/)
    const path = /http:\/\/\S+?(\/files\/\S+)/.exec(personal)?.[1] ?? ''
    expect((await ask(port, `GET ${path}`)).text).toBe('secret')
    await budi.settled()
    expect(budi.heard.some((each) => each.includes('own.txt'))).toBe(false)
  })

  test('one who shares two rooms is told once of another name, and of being away', async () => {
    const { port } = await hosted()
    const rooms = ['lobby', 'other']
    const ani = await IrcClient.enter(port, 'ani', rooms, { capabilities: 'away-notify' })
    const budi = await IrcClient.enter(port, 'budi', rooms)
    const from = ani.lines.length
    budi.says('NICK budiman', 'AWAY :lunch', 'PRIVMSG #lobby :done', 'PRIVMSG #other :done')
    await ani.until(/PRIVMSG #lobby :done/, from)
    await ani.until(/PRIVMSG #other :done/, from)
    expect(ani.since(from).filter((line) => !line.includes('PRIVMSG'))).toEqual([
      ':budi!~budi@host NICK :budiman',
      ':budiman!~budi@host AWAY :lunch',
    ])
    budi.says('QUIT :sleep')
    await ani.until(/^:budiman!\S+ QUIT :sleep/)
    const other = await IrcClient.enter(port, 'other', rooms)
    await ani.until(/^:other!\S+ JOIN #other/)
    expect(ani.heard.filter((line) => line.includes(' QUIT '))).toHaveLength(1)
    other.says('NOTICE #lobby :beep', 'NOTICE ani :boop', 'PART #lobby :enough')
    await ani.until(/^:other!\S+ PART #lobby :enough/)
    expect(ani.since(0).filter((line) => line.includes(' NOTICE ') && line.includes('other!'))).toEqual([
      ':other!~other@host NOTICE #lobby :beep',
      ':other!~other@host NOTICE ani :boop',
    ])
    await budi.until(/ NICK :budiman/)
    expect(budi.heard.filter((line) => line.includes(' NICK '))).toHaveLength(1)
  })

  test('a kicked client is told by whom and why, keeps its other rooms, and may come back', async () => {
    const { port, op } = await hosted()
    const ani = await IrcClient.enter(port, 'ani')
    await op('ani')
    const budi = await IrcClient.enter(port, 'budi', ['lobby', 'other'])
    ani.says('KICK #lobby budi :be nice')
    for (const each of [ani, budi]) await each.until(/^:ani!\S+ KICK #lobby budi :be nice/)
    budi.says('PRIVMSG #lobby :x', 'PRIVMSG #other :y', 'JOIN #lobby')
    await budi.until(/ 442 budi #lobby /)
    await budi.until((client) => client.lines.filter((line) => line.includes(' 366 budi #lobby ')).length === 2)
    expect(budi.heard.filter((line) => line.includes(' KICK '))).toHaveLength(1)
    ani.says('MODE #lobby +b budi!*@*')
    await budi.until(/^:tamtam\.irc KICK #lobby budi :banned by ani/)
    expect(budi.heard.some((line) => line.includes(' PART '))).toBe(false)
    budi.says('JOIN #lobby')
    await budi.until(/ 474 budi #lobby :/)
    expect(await ani.answers('MODE #lobby +b')).toEqual([
      ':tamtam.irc 367 ani #lobby budi!*@* tamtam.irc',
      ':tamtam.irc 368 ani #lobby :End of channel ban list',
    ])
  })
})

describe('login', () => {
  const plain = (name: string, word: string) => Buffer.from(`\0${name}\0${word}`).toString('base64')
  async function loggedIn(port: number, nick: string, name: string, word: string, rooms: readonly string[] = []) {
    const client = await IrcClient.connect(port)
    client.says('CAP LS 302', `NICK ${nick}`, `USER ${nick} 0 * :x`, 'CAP REQ :sasl', 'AUTHENTICATE PLAIN')
    await client.until(/^AUTHENTICATE \+/)
    client.says(`AUTHENTICATE ${plain(name, word)}`, 'CAP END')
    await client.until(/ 376 /)
    for (const room of rooms) await client.ask(`JOIN #${room}`, new RegExp(` 366 \\S+ #${room} `))
    return client
  }

  test('the same name and word are the same person: an op is an op again, and another word is somebody else', async () => {
    const { port, op } = await hosted()
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
    const { port } = await hosted()
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

  test('the token is a word of SASL too, and the key of the owner makes the owner', async () => {
    const secretStore = new MemorySecretStore()
    await secretStore.write('owner', OWNER)
    const { port, tamtam } = await hosted({ token: true, overrides: { secretStore }, http: { guessFloorMs: 0 } })
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
    await line.ask('/history 1', '* end of history')
    const capabilities = 'server-time message-tags'
    const past = async (port: number) => {
      const ani = await IrcClient.enter(port, 'ani', ['lobby'], { capabilities })
      await ani.until(/PRIVMSG #lobby :line 30/)
      return ani.heard.filter((each) => each.includes(' PRIVMSG #lobby :'))
    }
    const before = await past(first.port)
    expect(before).toHaveLength(20)
    expect(before[0]).toMatch(/^@time=\d{4}-\S+Z;msgid=lobby-11 :line!tamtam@\d+\.tamtam PRIVMSG #lobby :line 11$/)
    await first.stop()
    const second = await startHost({ data, freeSpaceFloorBytes: 0 })
    expect(await past(second.port)).toEqual(before)
  })
})

describe('labels and history', () => {
  const capabilities = 'batch labeled-response echo-message message-tags draft/chathistory server-time'

  test('one line of answer carries the label, several stand in a batch, none is an ACK, and an echo has its own', async () => {
    const { port } = await hosted()
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
    const { port } = await hosted()
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

describe('many and slow', () => {
  test('a reader that stalls is not thrown out: it gets every line in order, and is told who came and went meanwhile', async () => {
    const { port } = await hosted({ line: { outboxMarkBytes: 64 * 1024 } })
    const slow = await IrcClient.enter(port, 'slow')
    const gone = await IrcClient.enter(port, 'gone')
    await slow.until(/^:gone!\S+ JOIN #lobby/)
    slow.pause()
    const ani = await IrcClient.enter(port, 'ani', ['lobby', 'other'])
    const text = 'x'.repeat(400)
    const count = 10_000
    for (let index = 0; index < count; index += 100) {
      const lines = Array.from({ length: 100 }, (_, at) => `PRIVMSG #lobby :${index + at} ${text}`)
      ani.says(...lines)
      await ani.settled()
    }
    gone.says('QUIT')
    const late = await IrcClient.enter(port, 'late')
    late.says('NICK later')
    await late.until(/ NICK :later/)
    slow.resume()
    await slow.until((client) => client.lines.some((line) => line.includes(`:${count - 1} `)))
    await slow.until(/^:later!\S+ JOIN #lobby/)
    const numbers = slow.heard.flatMap((line) => / PRIVMSG #lobby :(\d+) x/.exec(line)?.[1] ?? [])
    expect(numbers).toEqual(Array.from({ length: count }, (_, index) => String(index)))
    const presence = slow.heard.filter((line) => / (JOIN|PART|QUIT|NICK) /.test(line)).map((line) => line.split('!')[0])
    expect(presence).toEqual([':slow', ':gone', ':ani', ':gone', ':later'])
  })

  test('a thousand members join, and each is told of once', async () => {
    const { port, tamtam } = await hosted({ listen: { connectionsPerAddress: 0 } })
    const ani = await IrcClient.enter(port, 'ani')
    const all = Array.from({ length: 1000 }, (_, index) => `m${index}`)
    await Promise.all(all.map((name) => tamtam.engine.join({ room: 'lobby', name })))
    await until('all have come', () => ani.heard.filter((line) => line.includes(' JOIN ')).length > 1000)
    const joined = ani.heard.flatMap((line) => /^:(\S+?)!\S+ JOIN #lobby$/.exec(line)?.[1] ?? [])
    expect(joined.toSorted()).toEqual(['ani', ...all].toSorted())
    const names = (await ani.answers('NAMES #lobby')).flatMap(
      (line) => / 353 .*:(.*)$/.exec(line)?.[1]?.split(' ') ?? [],
    )
    expect(names.toSorted()).toEqual(['~boss', 'ani', ...all].toSorted())
  })

  test('C57, C107: hostile lines change nothing for others, and cost the host nothing', async () => {
    const { port } = await hosted()
    const ani = await IrcClient.enter(port, 'ani')
    const evil = await IrcClient.enter(port, 'evil')
    evil.write('PRIVMSG #lobby :\xff\xfe\r\n')
    evil.write(Buffer.concat([Buffer.from('PRIVMSG #lobby :'), Buffer.alloc(2_000_000, 'x'), Buffer.from('\n')]))
    evil.write(`${'@'.repeat(9000)}\n:::\n\0\0\nJOIN ${'#a,'.repeat(150)}\n`)
    evil.says('PRIVMSG #lobby :\x1b]52;c;AAAA\x07\x9b2J', `TOPIC #lobby :a\x00b\x07c`, 'NICK :a b', 'QUIT :bye\x1b[2J')
    await ani.until(/^:evil!\S+ QUIT :bye/)
    for (const line of ani.heard) expect(line).toMatch(/^[^\x00-\x1f\x7f-\x9f]*$/)
    expect(ani.heard.some((line) => line.includes('PRIVMSG #lobby :␛]52'))).toBe(true)
  })
})
