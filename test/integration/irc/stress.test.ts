import { connect } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryLog } from '#system/log.ts'
import { costsLittle, startHostProcess } from '../../harness/host.ts'
import { IrcClient } from '../../harness/irc-client.ts'
import { ircHost } from '../../harness/irc-host.ts'
import { until } from '../../harness/patience.ts'

describe('many and slow', () => {
  test('a reader that stalls is not thrown out: it gets every line in order, and is told who came and went meanwhile', async () => {
    const { port } = await ircHost({ line: { outboxMarkBytes: 64 * 1024 } })
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
    const { port, tamtam } = await ircHost({ listen: { connectionsPerAddress: 0 } })
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

  test('C57, C107: whatever is said in whatever order, the host has no error, and others read clean lines', async () => {
    const log = new MemoryLog()
    const { port } = await ircHost({ overrides: { log } })
    const ani = await IrcClient.enter(port, 'ani', ['lobby', 'b'])
    const verbs =
      'CAP NICK USER PASS AUTHENTICATE OPER JOIN PART PRIVMSG NOTICE TAGMSG TOPIC KICK MODE INVITE NAMES WHO'
    const words = [
      ...`${verbs} BATCH MONITOR SETNAME WHOWAS ADMIN LINKS WHOIS LIST AWAY ISON USERHOST CHATHISTORY HISTORY FILES SLOW COLLECT PING HELP GET LOCK`.split(
        ' ',
      ),
      ...[
        '#lobby',
        '#b',
        '#c',
        '0',
        '*',
        'ani',
        'evil',
        'boss',
        'PLAIN',
        'LS',
        'REQ',
        ':batch labeled-response',
        ':draft/multiline echo-message account-tag setname invite-notify',
        'draft/multiline',
        '+1',
        '-1',
        '%tcnar,1',
        '>1,*b*',
        '+k',
        '+o',
        '-b',
      ],
      ...[
        '+bbbb',
        'LATEST',
        'TARGETS',
        'msgid=lobby-1',
        'timestamp=x',
        '5',
        ',,',
        ':',
        ':a b',
        '\x01ACTION x\x01',
        '\x1b[2J',
        'é🏠',
      ],
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 5 }), { maxLength: 40 }),
        async (lines) => {
          const evil = await IrcClient.connect(port)
          evil.says(
            'NICK evil',
            'USER e 0 * :e',
            'JOIN #lobby',
            ...lines.map((line) => `@label=1;batch=1 ${line.join(' ')}`),
          )
          evil.says('PING the-end')
          await evil.until((client) => client.over !== 'open' || client.lines.some((line) => line.includes('the-end')))
          evil.leave()
        },
      ),
      { numRuns: 40 },
    )
    await ani.settled()
    for (const line of ani.heard) expect(line.replace(/\x01ACTION .*\x01$/, '')).toMatch(/^[^\x00-\x1f\x7f-\x9f]*$/)
    expect(log.lines.filter(({ level }) => level === 'error')).toEqual([])
  })

  test('C57, C107: hostile lines change nothing for others, and cost the host nothing', async () => {
    const { port } = await ircHost()
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

  test('C57, C107: a thousand hostile connections cost little while they last, and nothing afterwards', async () => {
    const { port, memory } = await startHostProcess({ listen: { connectionsPerAddress: 0 } })
    const inside = (nick: string, index: number) =>
      `NICK ${nick}${index}\r\nUSER n 0 * :n\r\nJOIN #a${index % 100},#b${index % 50}\r\n`
    const words: readonly ((index: number) => string)[] = [
      // Half a line, which never ends; half of what is encoded; more answers than it reads; more rooms than there may be.
      (index) => `NICK h${index}\r\n@${'t'.repeat(4000)}`,
      (index) =>
        `CAP LS\r\nNICK s${index}\r\nAUTHENTICATE PLAIN\r\n${`AUTHENTICATE ${'A'.repeat(400)}\r\n`.repeat(20)}`,
      (index) => `${inside('n', index)}${'MOTD\r\nHELP\r\nWHO x\r\n'.repeat(50)}`,
      (index) => `${inside('r', index)}JOIN ${'#x,'.repeat(100)}\r\n${'@a=b '.repeat(700)}\r\n`,
    ]
    const wave = async (size: number) => {
      const sockets = Array.from({ length: size }, () => connect(port, '127.0.0.1').pause())
      for (const [index, socket] of sockets.entries())
        socket.on('error', () => {}).write(words[index % words.length]?.(index) ?? '')
      const ani = await IrcClient.enter(port, 'ani')
      const people = async () => Number(/ are (\d+) /.exec((await ani.answers('LUSERS'))[0] ?? '')?.[1])
      await until('half of them are registered', async () => (await people()) > size / 2)
      const during = await memory()
      for (const socket of sockets) socket.destroy()
      await until('they are gone', async () => (await people()) === 1)
      ani.says('QUIT')
      await ani.closed()
      return during
    }
    await costsLittle(memory, 60, wave)
  })
})
