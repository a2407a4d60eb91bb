import { describe, expect, test } from 'vitest'
import { bytesOf } from '#protocol/amounts.ts'
import { COMMANDS, commandsAt, type FrontEnd } from '#protocol/commands.ts'
import { parseCommand, parseLine } from '#protocol/parse-command.ts'

test.each([
  ['', { type: 'nothing' }],
  ['  ', { type: 'nothing' }],
  ['halo', { type: 'say', text: 'halo' }],
  ['//quit', { type: 'say', text: '/quit' }],
  ['/home/u/x', { type: 'say', text: '/home/u/x' }],
  ['/etc/hosts is what I mean', { type: 'say', text: '/etc/hosts is what I mean' }],
  ['/join/x', { type: 'say', text: '/join/x' }],
  ['/send /home/u/x', { type: 'send', file: '/home/u/x' }],
  ['/etc', { type: 'unknown', word: 'etc', near: undefined }],
  ['\ufeff/quit', { type: 'quit' }],
  ['\ufeffSEND a', { type: 'send', file: 'a' }],
  ['\ufeffhalo', { type: 'say', text: '\ufeffhalo' }],
  ['a /quit', { type: 'say', text: 'a /quit' }],
  ['/me menari\ndan menyanyi', { type: 'act', text: 'menari\ndan menyanyi' }],
  ['/msg ani  satu dua', { type: 'whisper', to: 'ani', text: 'satu dua' }],
  ['/msg ani', { type: 'wrong', usage: '/msg name text' }],
  ['/topic', { type: 'topic', topic: undefined }],
  ['/topic kopi pagi', { type: 'topic', topic: 'kopi pagi' }],
  ['/send lagu merdu.mp3 ', { type: 'send', file: 'lagu merdu.mp3' }],
  ['/send @budi lagu merdu.mp3', { type: 'send', file: 'lagu merdu.mp3', to: 'budi' }],
  ['/send @budi', { type: 'send', file: '@budi' }],
  ['/send ./@budi x', { type: 'send', file: './@budi x' }],
  ['/slow 10', { type: 'ask', command: { type: 'setSlowMode', seconds: 10 } }],
  ['/slow 90s', { type: 'ask', command: { type: 'setSlowMode', seconds: 90 } }],
  ['/slow 1m', { type: 'ask', command: { type: 'setSlowMode', seconds: 60 } }],
  ['/slow off', { type: 'ask', command: { type: 'setSlowMode', seconds: 0 } }],
  ['/slow 0', { type: 'ask', command: { type: 'setSlowMode', seconds: 0 } }],
  ['/slow', { type: 'wrong', usage: '/slow seconds|off' }],
  ['/expire 7d', { type: 'ask', command: { type: 'setExpiry', seconds: 604_800 } }],
  ['/expire 12h', { type: 'ask', command: { type: 'setExpiry', seconds: 43_200 } }],
  ['/expire off', { type: 'ask', command: { type: 'setExpiry', seconds: 0 } }],
  ['/expire', { type: 'wrong', usage: '/expire 7d|12h|off' }],
  ['/expire 7w', { type: 'wrong', usage: '/expire 7d|12h|off' }],
  ['/slow soon', { type: 'wrong', usage: '/slow seconds|off' }],
  ['/collect', { type: 'submissions' }],
  ['/collect on', { type: 'ask', command: { type: 'startCollection' } }],
  ['/collect off', { type: 'ask', command: { type: 'endCollection' } }],
  ['/collect now', { type: 'wrong', usage: '/collect [on|off]' }],
  ['SEND lagu merdu.mp3', { type: 'send', file: 'lagu merdu.mp3' }],
  ['SENDING', { type: 'say', text: 'SENDING' }],
  ['/history', { type: 'history', count: undefined }],
  ['/history 999999', { type: 'history', count: 500 }],
  ['/history x', { type: 'wrong', usage: '/history [n]', most: 500 }],
  ['/bell all', { type: 'bell', rule: 'all' }],
  ['/bell loud', { type: 'wrong', usage: '/bell off|mention|all' }],
  ['/time off', { type: 'time', shown: false }],
  ['/away', { type: 'ask', command: { type: 'away' } }],
  ['/away  makan siang ', { type: 'ask', command: { type: 'away', reason: 'makan siang' } }],
  ['/back', { type: 'ask', command: { type: 'back' } }],
  ['/kick budi terlalu ramai', { type: 'ask', command: { type: 'kick', name: 'budi', reason: 'terlalu ramai' } }],
  ['/ban budi', { type: 'ask', command: { type: 'ban', name: 'budi' } }],
  ['/op budi', { type: 'ask', command: { type: 'op', name: 'budi' } }],
  ['/op', { type: 'wrong', usage: '/op name' }],
  ['/lock now', { type: 'wrong', usage: '/lock [entry|topic]' }],
  ['/nick', { type: 'wrong', usage: '/nick name' }],
  ['/me', { type: 'wrong', usage: '/me text' }],
  ['/limit', { type: 'limit', of: 'host', bytes: undefined }],
  ['/limit 5M', { type: 'limit', of: 'host', bytes: 5_000_000 }],
  ['/limit each 500k', { type: 'limit', of: 'transfer', bytes: 500_000 }],
  ['/limit off', { type: 'limit', of: 'host', bytes: 0 }],
  ['/limit each', { type: 'wrong', usage: '/limit [[each] 5M|off]' }],
  ['/limit fast', { type: 'wrong', usage: '/limit [[each] 5M|off]' }],
  ['/password buka pintu', { type: 'access', request: { type: 'setPassword', password: 'buka pintu' } }],
  ['/password off', { type: 'access', request: { type: 'setPassword', password: undefined } }],
  ['/password', { type: 'wrong', usage: '/password word|off' }],
  ['/invite', { type: 'access', request: { type: 'invite' } }],
  ['/invite list', { type: 'access', request: { type: 'listInvitations' } }],
  ['/invite off 1a2b', { type: 'access', request: { type: 'revoke', id: '1a2b' } }],
  ['/invite list x', { type: 'wrong', usage: '/invite [list|off id]' }],
  ['/part', { type: 'elsewhere', word: 'part', near: undefined }],
  ['/quitting', { type: 'unknown', word: 'quitting', near: 'quit' }],
  ['/hsitory', { type: 'unknown', word: 'hsitory', near: 'history' }],
  ['/histo', { type: 'unknown', word: 'histo', near: 'history' }],
  ['/qit', { type: 'unknown', word: 'qit', near: 'quit' }],
  ['/xyzzy', { type: 'unknown', word: 'xyzzy', near: undefined }],
  ['/', { type: 'unknown', word: '', near: undefined }],
])('%j is %j', (line, typed) => {
  expect(parseLine(line, { at: 'host' })).toEqual(typed)
})

test.each([
  ['nick', '', { type: 'nick', name: '' }],
  ['me', '', { type: 'act', text: '' }],
  ['get', ' a b ', { type: 'get', file: 'a b' }],
  ['join', ' den buka pintu ', { type: 'join', room: 'den', password: 'buka pintu' }],
  ['files', 'links', { type: 'fileMode', mode: 'links' }],
  ['files', 'sideways', { type: 'wrong', usage: '/files [links|inline]' }],
  ['history', '9', { type: 'history', count: 3 }],
  ['history', '0', { type: 'wrong', usage: '/history [n]', most: 3 }],
  ['token', ' abc ', { type: 'token', token: 'abc' }],
  ['send', 'a', { type: 'elsewhere', word: 'send', near: undefined }],
  ['topc', '', { type: 'unknown', word: 'topc', near: undefined }],
])('/%s %j on the line protocol', (word, rest, parsed) => {
  expect(parseCommand(word, rest, { at: 'line', maxHistoryLines: 3 })).toEqual(parsed)
})

test('only the limits of the host and its token are not for the page', () => {
  const here = new Set<string>(commandsAt('page').map(({ word }) => word))
  const elsewhere = [...new Set<string>(COMMANDS.map(({ word }) => word))].filter((word) => !here.has(word))
  expect(elsewhere).toEqual(['limit', 'token'])
  for (const word of elsewhere)
    expect(parseCommand(word, 'x', { at: 'page' })).toMatchObject({ type: 'elsewhere', word })
})

test.each([
  ['send', '', { type: 'send', file: '' }],
  ['send', '@ani', { type: 'send', file: '', to: 'ani' }],
  ['bell', 'mention', { type: 'bell', rule: 'mention' }],
  ['bell', 'all', { type: 'wrong', usage: '/bell off|mention' }],
])('/%s %j in the page', (word, rest, parsed) => {
  expect(parseCommand(word, rest, { at: 'page' })).toEqual(parsed)
})

describe('the table', () => {
  const frontEnds: readonly FrontEnd[] = ['line', 'terminal', 'host', 'page']

  test('has each word once at a front end, and its usage begins with it', () => {
    for (const at of frontEnds) {
      const words = commandsAt(at).map(({ word }) => word)
      expect(new Set(words).size).toBe(words.length)
    }
    for (const { word, usage } of COMMANDS) expect(usage.split(' ')[0]).toBe(`/${word}`)
  })

  test('lets nothing in before authentication but what brings somebody in, or out', () => {
    const early = COMMANDS.filter((row) => 'beforeAuth' in row).map(({ word }) => word)
    expect(early).toEqual(['join', 'token', 'quit'])
  })
})

for (const [text, bytes] of [
  ['0', 0],
  ['1000', 1000],
  ['5M', 5_000_000],
  ['1.5 gb', 1_500_000_000],
  ['500k', 500_000],
  ['2T', 2e12],
] as const)
  test(`${text} is ${bytes} bytes`, () => expect(bytesOf(text)).toBe(bytes))
test.each(['', 'M', '-1', '1e3', '5X', '5MM', '1,5M', '0x10', '99999999999T', '5M x'])('%j is no size', (text) =>
  expect(bytesOf(text)).toBeUndefined(),
)
