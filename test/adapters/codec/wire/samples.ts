import type { ClientMessage, HostMessage } from '../../../../src/adapters/codec/wire/messages.ts'

const ani = { id: 'aaaaaaaaaaaaaaaaaaaaaa', name: 'ani' }
const budi = { id: 'bbbbbbbbbbbbbbbbbbbbbb', name: 'Budi' }
const at = 1_780_000_000_000
const sha256 = '9f'.repeat(32)

export const clientSamples: Readonly<Record<string, ClientMessage>> = {
  hello: { type: 'hello', version: 1, key: '0123456789abcdef0123456789abcdef', name: 'ani', token: 's3cret' },
  'hello-bare': { type: 'hello', version: 1, key: 'f'.repeat(32) },
  join: { type: 'join', room: 'lobby' },
  'join-after': { type: 'join', room: 'lobby', after: 4_294_967_296 },
  say: { type: 'command', ref: 1, command: { type: 'say', text: 'halo, dünya 👋', id: 'k7-1' } },
  'say-unanswered': { type: 'command', command: { type: 'say', text: 'halo' } },
  act: { type: 'command', ref: 2, command: { type: 'act', text: 'waves' } },
  whisper: { type: 'command', ref: 3, command: { type: 'whisper', to: 'Budi', text: 'psst', id: '~' } },
  setTopic: { type: 'command', ref: 4, command: { type: 'setTopic', topic: 'tea' } },
  rename: { type: 'command', ref: 5, command: { type: 'rename', name: 'Ani' } },
  receiveFile: { type: 'command', ref: 6, command: { type: 'receiveFile', file: 'ffffffffffffffffffffff' } },
  ping: { type: 'ping', ref: 7 },
  leave: { type: 'leave' },
}

export const hostSamples: Readonly<Record<string, HostMessage>> = {
  welcome: { type: 'welcome', version: 1, capabilities: ['rooms'], host: 'tamtam/0.1.0' },
  joined: { type: 'joined', room: 'lobby', member: ani, members: [budi, ani], count: 2, topic: 'tea', last: 70_000 },
  batch: {
    type: 'batch',
    events: [
      { type: 'said', seq: 1, at, by: ani, text: 'halo' },
      { type: 'acted', seq: 2, at, by: ani, text: 'waves' },
      { type: 'whispered', seq: 3, at, by: ani, to: budi, text: 'psst' },
      { type: 'topicSet', seq: 4, at, by: budi, topic: 'tea' },
    ],
  },
  'batch-files': {
    type: 'batch',
    events: [
      { type: 'fileOffered', seq: 5, at, by: ani, file: { id: 'f1', name: 'a.txt' } },
      { type: 'fileOffered', seq: 6, at, by: ani, file: { id: 'f2', name: 'b.txt', size: 2 ** 40, sha256 } },
      { type: 'fileCompleted', seq: 7, at, by: ani, file: { id: 'f2', name: 'b.txt', size: 2 ** 40, sha256 } },
      { type: 'fileWithdrawn', seq: 8, at, by: ani, file: { id: 'f1', name: 'a.txt' }, reason: 'cancelled' },
      { type: 'fileReceived', seq: 9, at, by: budi, file: { id: 'f2', name: 'b.txt', size: 2 ** 40 } },
    ],
  },
  'batch-presence': {
    type: 'batch',
    events: [
      { type: 'joined', by: budi },
      { type: 'renamed', by: budi, from: 'b' },
      { type: 'left', by: budi, reason: 'left' },
      { type: 'missed', from: 1, to: 9 },
    ],
  },
  ack: { type: 'ack', ref: 1, seq: 300, duplicate: false },
  rejected: { type: 'rejected', ref: 2, code: 'NAME_TAKEN', message: 'somebody here has that name' },
  'rejected-join': { type: 'rejected', code: 'BAD_ROOM', message: 'no such name' },
  pong: { type: 'pong', ref: 7 },
  bye: { type: 'bye', code: 'RESTART', message: 'the host stops' },
}
