import { describe, expect, test } from 'vitest'
import { ask } from '../../harness/http-client.ts'
import { IrcClient } from '../../harness/irc-client.ts'
import { ircHost } from '../../harness/irc-host.ts'
import { LineClient } from '../../harness/line-client.ts'
import { SessionClient } from '../../harness/session-client.ts'

describe('registration', () => {
  test('a client is welcomed once it has said who it is, and has chosen its capabilities', async () => {
    const { port } = await ircHost()
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
    expect([...new Set(numerics)]).toEqual('451 001 002 003 004 005 251 254 255 265 266 375 372 376'.split(' '))
    expect(ani.heard[0]).toContain('this is IRC; for plain lines connect again')
    expect(ani.heard).toContain(':tamtam.irc CAP * ACK :server-time echo-message')
    for (const line of ani.heard) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(510)
  })

  test('a nick that cannot be used, or is taken, is refused with the reason, and is held from then on', async () => {
    const { port } = await ircHost()
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
    const { port } = await ircHost({ line: { handshakeMs: 100 } })
    const slow = await IrcClient.connect(port)
    slow.says('NICK slow')
    await slow.closed()
    expect(slow.heard.at(-1)).toBe('ERROR :Closing link: registration took too long')
  })

  test('C107, C122: a host with a token lets in who shows it as the password, wherever PASS stands', async () => {
    const { port, tamtam } = await ircHost({ token: true, http: { guessFloorMs: 0 } })
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
    const { port, op } = await ircHost()
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
        'WHO #lobby %tcuhnfar,42',
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
        'HELP slow',
        'HELP nonsense',
        'SETNAME :Ani the first',
        'WHOIS ani',
        'WHOWAS zoro',
        'ADMIN',
        'LINKS',
        'LIST >5',
        'LIST <5,#l*y',
        'LIST !*lob*',
        'BATCH +1 x',
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

  test('who is here is told as it changes, whatever they speak, and who has gone over IRC is remembered', async () => {
    const { port } = await ircHost()
    const ani = await IrcClient.enter(port, 'ani', ['lobby'], { capabilities: 'setname extended-join' })
    expect(await ani.answers('MONITOR + budi,citra,ani')).toEqual([
      ':tamtam.irc 730 ani :ani',
      ':tamtam.irc 731 ani :budi,citra',
    ])
    const budi = await IrcClient.enter(port, 'budi')
    await ani.until(/^:tamtam\.irc 730 ani :budi/)
    await LineClient.join(port, 'citra')
    await ani.until(/^:tamtam\.irc 730 ani :citra/)
    expect(await ani.answers('ISON budi citra zoro')).toEqual([':tamtam.irc 303 ani :budi citra'])
    expect(await ani.answers('MONITOR L')).toEqual([
      ':tamtam.irc 732 ani :budi,citra,ani',
      ':tamtam.irc 733 ani :End of MONITOR list',
    ])
    await ani.answers('MONITOR - citra')
    expect(await ani.answers('MONITOR S')).toEqual([':tamtam.irc 730 ani :budi,ani'])
    const many = Array.from({ length: 100 }, (_, index) => `n${index}`).join(',')
    expect((await ani.answers(`MONITOR + ${many}`)).filter((line) => line.includes(' 734 '))).toEqual([
      ':tamtam.irc 734 ani 100 n98,n99 :Monitor list is full',
    ])

    await budi.answers('SETNAME :Budi of Bandung')
    await ani.until(/^:budi!\S+ SETNAME :Budi of Bandung/)
    // Requests of clients go to one person, and never to a room.
    budi.says('PRIVMSG ani :\x01VERSION\x01', 'PRIVMSG ani :\x01DCC SEND x 1 2 3\x01')
    await ani.until(/^:budi!\S+ PRIVMSG ani :\x01VERSION\x01/)
    ani.says('NOTICE budi :\x01VERSION tests\x01')
    await budi.until(/^:ani!\S+ NOTICE budi :\x01VERSION tests\x01/)
    await budi.until(/never by DCC/)
    expect(ani.heard.some((line) => line.includes('DCC'))).toBe(false)
    budi.says('QUIT')
    await ani.until(/^:tamtam\.irc 731 ani :budi/)
    expect(await ani.answers('WHOWAS budi')).toEqual([
      ':tamtam.irc 314 ani budi ~budi host * :Budi of Bandung',
      expect.stringMatching(/^:tamtam\.irc 312 ani budi tamtam\.irc :\d{4}-/),
      ':tamtam.irc 369 ani budi :End of WHOWAS',
    ])
  })

  test('everybody reads what the others say, once and in one order, whatever they speak', async () => {
    const { port } = await ircHost()
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
    const { port } = await ircHost()
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

  test('a whisper reaches somebody over IRC who shares no room, with their time and the label of its sender', async () => {
    const { port } = await ircHost()
    const capabilities = 'server-time message-tags echo-message batch labeled-response'
    const ani = await IrcClient.enter(port, 'ani', [], { capabilities })
    const budi = await IrcClient.enter(port, 'budi', [])
    await budi.answers('AWAY :makan')
    ani.says('@label=7 PRIVMSG Budi :\x02halo\x02 budi')
    await budi.until(/^:ani!~ani@\d+\.tamtam PRIVMSG budi :halo budi/)
    await ani.until(/^@label=7 :tamtam\.irc BATCH \+\w+ labeled-response/)
    await ani.until(/msgid=\*-1 :ani!\S+ PRIVMSG budi :halo budi/)
    await ani.until(/ 301 ani Budi :makan/)
    budi.says('NOTICE ani :sebentar', 'PRIVMSG ani :\x01PING 1\x01', 'PRIVMSG budi :catatan')
    await ani.until(/^@time=\S+;msgid=\*-2 :budi!\S+ NOTICE ani :sebentar/)
    await ani.until(/^:budi!\S+ PRIVMSG ani :\x01PING 1\x01/)
    await budi.until(/^:budi!\S+ PRIVMSG budi :catatan/)
    expect((await LineClient.join(port, 'citra')).bytes.toString()).not.toContain('halo')
    expect(await ani.answers('PRIVMSG citra :x')).toEqual([expect.stringContaining(' 401 ani citra ')])
  })

  test('a file comes as a link that curl can use, and one for some only with a ticket of theirs', async () => {
    const { port } = await ircHost()
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
    const { port } = await ircHost()
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
    const { port, op } = await ircHost()
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
