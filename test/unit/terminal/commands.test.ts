import { expect, test } from 'vitest'
import { typedLine } from '#terminal/commands.ts'
import { choicesFor, gapAt, type Sources } from '#terminal/completion.ts'

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
  ['/msg ani', { type: 'wrong', usage: '/msg nick text' }],
  ['/topic', { type: 'topic', topic: undefined }],
  ['/topic kopi pagi', { type: 'topic', topic: 'kopi pagi' }],
  ['/send lagu merdu.mp3 ', { type: 'send', file: 'lagu merdu.mp3' }],
  ['/send @budi lagu merdu.mp3', { type: 'send', file: 'lagu merdu.mp3', to: 'budi' }],
  ['/send @budi', { type: 'send', file: '@budi' }],
  ['/send ./@budi x', { type: 'send', file: './@budi x' }],
  ['/collect', { type: 'collection' }],
  ['/collect on', { type: 'rule', command: { type: 'startCollection' } }],
  ['/collect off', { type: 'rule', command: { type: 'endCollection' } }],
  ['/collect now', { type: 'wrong', usage: '/collect [on|off]' }],
  ['SEND lagu merdu.mp3', { type: 'send', file: 'lagu merdu.mp3' }],
  ['SENDING', { type: 'say', text: 'SENDING' }],
  ['/history', { type: 'history', count: 20 }],
  ['/history 999999', { type: 'history', count: 500 }],
  ['/history x', { type: 'wrong', usage: '/history [n]' }],
  ['/bell all', { type: 'bell', rule: 'all' }],
  ['/bell loud', { type: 'wrong', usage: '/bell off|mention|all' }],
  ['/time off', { type: 'time', shown: false }],
  ['/away', { type: 'away', name: '' }],
  ['/kick budi terlalu ramai', { type: 'rule', command: { type: 'kick', name: 'budi', reason: 'terlalu ramai' } }],
  ['/ban budi', { type: 'rule', command: { type: 'ban', name: 'budi' } }],
  ['/op budi', { type: 'rule', command: { type: 'op', name: 'budi' } }],
  ['/op', { type: 'wrong', usage: '/op nick' }],
  ['/limit 5M', { type: 'own', word: 'limit', rest: '5M' }],
  ['/hsitory', { type: 'unknown', word: 'hsitory', near: 'history' }],
  ['/histo', { type: 'unknown', word: 'histo', near: 'history' }],
  ['/qit', { type: 'unknown', word: 'qit', near: 'quit' }],
  ['/xyzzy', { type: 'unknown', word: 'xyzzy', near: undefined }],
  ['/', { type: 'unknown', word: '', near: undefined }],
])('%j is %j', (line, typed) => {
  expect(typedLine(line, ['limit'])).toEqual(typed)
})

const sources: Sources = {
  nicks: () => ['budi', 'Ayu', 'ani'],
  rooms: async () => ['lobby', 'warung'],
  files: async () => ['lagu merdu.mp3', 'foto.jpg'],
  paths: async (begun) => [`${begun}…`],
  own: ['limit'],
}

test.each([
  ['a', 'ani: ', 0],
  ['halo a', 'ani ', 5],
  ['halo @A', '@ani ', 5],
  ['halo x', undefined, 0],
  ['/wh', 'who ', 1],
  ['/li', 'limit ', 1],
  ['/msg bu', 'budi ', 5],
  ['/msg budi ay', 'Ayu ', 10],
  ['/join w', 'warung', 6],
  ['/get lagu m', 'lagu merdu.mp3', 5],
  ['/send a b', 'a b…', 6],
  ['/send @b', '@budi ', 6],
  ['/send @budi a b', 'a b…', 12],
  ['SEND a b', 'a b…', 5],
])('Tab behind %j offers %j first', async (text, first, from) => {
  const choices = await choicesFor(gapAt(text, text.length), sources)
  expect(choices?.texts[0]).toBe(first)
  if (first !== undefined) expect(choices).toMatchObject({ from, to: text.length })
})
