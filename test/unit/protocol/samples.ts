import type { ClientMessage, HostMessage } from '#protocol/messages.ts'

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
  'say-notice': { type: 'command', ref: 1, command: { type: 'say', text: 'build 7 is done', notice: true } },
  act: { type: 'command', ref: 2, command: { type: 'act', text: 'waves' } },
  whisper: { type: 'command', ref: 3, command: { type: 'whisper', to: 'Budi', text: 'psst', id: '~' } },
  'whisper-member': {
    ...{ type: 'command', ref: 3 },
    command: { type: 'whisper', to: '10.0.0.9', member: budi.id, text: 'psst', notice: true },
  },
  setTopic: { type: 'command', ref: 4, command: { type: 'setTopic', topic: 'tea' } },
  rename: { type: 'command', ref: 5, command: { type: 'rename', name: 'Ani' } },
  receiveFile: { type: 'command', ref: 6, command: { type: 'receiveFile', file: 'ffffffffffffffffffffff' } },
  kick: { type: 'command', ref: 8, command: { type: 'kick', name: 'Budi', reason: 'flooding' } },
  'kick-bare': { type: 'command', ref: 8, command: { type: 'kick', name: 'Budi' } },
  'kick-member': { type: 'command', ref: 8, command: { type: 'kick', name: '10.0.0.9', member: budi.id } },
  mute: { type: 'command', ref: 9, command: { type: 'mute', name: 'Budi' } },
  unmute: { type: 'command', ref: 10, command: { type: 'unmute', name: 'Budi' } },
  ban: { type: 'command', ref: 11, command: { type: 'ban', name: 'Budi', reason: 'spam' } },
  unban: { type: 'command', ref: 12, command: { type: 'unban', name: 'Budi' } },
  op: { type: 'command', ref: 13, command: { type: 'op', name: 'Budi' } },
  deop: { type: 'command', ref: 14, command: { type: 'deop', name: 'Budi' } },
  lock: { type: 'command', ref: 15, command: { type: 'lock' } },
  unlock: { type: 'command', ref: 16, command: { type: 'unlock' } },
  startCollection: { type: 'command', ref: 19, command: { type: 'startCollection' } },
  endCollection: { type: 'command', ref: 20, command: { type: 'endCollection' } },
  setSlowMode: { type: 'command', ref: 21, command: { type: 'setSlowMode', seconds: 10 } },
  setExpiry: { type: 'command', ref: 22, command: { type: 'setExpiry', seconds: 604_800 } },
  voice: { type: 'command', ref: 23, command: { type: 'voice', name: 'Budi' } },
  unvoice: { type: 'command', ref: 24, command: { type: 'unvoice', name: 'Budi' } },
  setInviteOnly: { type: 'command', ref: 25, command: { type: 'setInviteOnly', on: true } },
  setTopicLock: { type: 'command', ref: 26, command: { type: 'setTopicLock', on: false } },
  setModeratorsSpeak: { type: 'command', ref: 27, command: { type: 'setModeratorsSpeak', on: true } },
  setUnlisted: { type: 'command', ref: 28, command: { type: 'setUnlisted', on: true } },
  setMostMembers: { type: 'command', ref: 29, command: { type: 'setMostMembers', most: 30 } },
  away: { type: 'command', ref: 17, command: { type: 'away', reason: 'lunch' } },
  back: { type: 'command', ref: 18, command: { type: 'back' } },
  typing: { type: 'command', command: { type: 'typing' } },
  ping: { type: 'ping', ref: 7 },
  leave: { type: 'leave' },
  'leave-message': { type: 'leave', message: 'see you' },
}

export const hostSamples: Readonly<Record<string, HostMessage>> = {
  welcome: { type: 'welcome', version: 1, capabilities: ['rooms'], host: 'tamtam/0.1.0' },
  joined: { type: 'joined', room: 'lobby', member: ani, members: [budi, ani], count: 2, topic: 'tea', last: 70_000 },
  'joined-restrained': {
    ...{ type: 'joined', room: 'lobby', member: ani, members: [ani], count: 1, topic: '', locked: true, last: 3 },
    muted: { reason: 'flooding' },
  },
  self: { type: 'self', muted: {} },
  'self-free': { type: 'self' },
  batch: {
    type: 'batch',
    events: [
      { type: 'said', seq: 1, at, by: ani, text: 'halo' },
      { type: 'acted', seq: 2, at, by: ani, text: 'waves' },
      { type: 'whispered', seq: 3, at, by: ani, to: budi, text: 'psst' },
      { type: 'topicSet', seq: 4, at, by: budi, topic: 'tea' },
    ],
  },
  'batch-notices': {
    type: 'batch',
    events: [
      { type: 'said', seq: 1, at, by: ani, text: 'build 7 is done', notice: true },
      { type: 'whispered', seq: 2, at, by: ani, to: budi, text: 'psst', notice: true },
      { type: 'topicSet', seq: 3, at, by: ani, topic: '' },
      { type: 'left', by: budi, reason: 'left', message: 'see you', quit: true },
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
  'batch-served': {
    type: 'batch',
    events: [{ type: 'fileServed', seq: 10, at, by: budi, file: { id: 'f2', name: 'b.txt', size: 2 ** 40 } }],
  },
  'batch-rules': {
    type: 'batch',
    events: [
      { type: 'opped', seq: 10, at, by: ani, to: budi, person: 'p2' },
      { type: 'deopped', seq: 11, at, by: ani, name: 'Budi', person: 'p2' },
      { type: 'muted', seq: 12, at, by: ani, name: 'Budi', reason: 'flooding' },
      { type: 'unmuted', seq: 13, at, by: ani, name: 'Budi' },
      { type: 'banned', seq: 14, at, by: ani, name: 'Budi' },
      { type: 'unbanned', seq: 15, at, by: ani, name: 'Budi' },
      { type: 'locked', seq: 16, at, by: ani },
      { type: 'unlocked', seq: 17, at, by: ani },
    ],
  },
  'batch-switches': {
    type: 'batch',
    events: [
      { type: 'inviteOnlySet', seq: 30, at, by: ani, on: true },
      { type: 'topicLockSet', seq: 31, at, by: ani, on: false },
      { type: 'moderatorsSpeakSet', seq: 32, at, by: ani, on: true },
      { type: 'unlistedSet', seq: 33, at, by: ani, on: true },
      { type: 'mostMembersSet', seq: 34, at, by: ani, most: 30 },
      { type: 'voiced', seq: 35, at, by: ani, to: budi, person: 'p2' },
      { type: 'unvoiced', seq: 36, at, by: ani, name: 'Budi', person: 'p2' },
      { type: 'joined', by: { ...budi, voice: true } },
    ],
  },
  'joined-switches': {
    ...{ type: 'joined', room: 'lobby', member: ani, members: [ani], count: 1, topic: '', inviteOnly: true },
    ...{ topicLocked: true, moderatorsSpeak: true, unlisted: true, mostMembers: 30, locked: true, last: 3 },
  },
  'batch-removals': {
    type: 'batch',
    events: [
      { type: 'messageRemoved', seq: 26, at, by: ani, target: 1 },
      { type: 'messageRemoved', seq: 27, at, by: ani, target: 3, audience: { from: ani, to: budi } },
      { type: 'erased', seq: 1, at, by: ani },
      { type: 'cleared', seq: 28, at, by: ani, upTo: 27 },
      {
        ...{ type: 'fileWithdrawn', seq: 29, at, by: ani, file: { id: 'f2', name: 'b.txt' } },
        ...{ reason: 'removed by budi', removedBy: budi },
      },
    ],
  },
  'batch-folders': {
    type: 'batch',
    events: [
      {
        ...{ type: 'fileOffered', seq: 30, at, by: ani },
        file: { id: 'f5', name: 'photos', folder: { files: 214, bytes: 1.2e9 }, expiresAt: at + 3_600_000 },
      },
      {
        ...{ type: 'fileCompleted', seq: 31, at, by: ani },
        file: { id: 'f5', name: 'photos', size: 1.3e9, sha256, folder: { files: 214, bytes: 1.2e9 } },
      },
    ],
  },
  'batch-slow': {
    type: 'batch',
    events: [
      { type: 'slowModeSet', seq: 24, at, by: ani, seconds: 10 },
      { type: 'slowModeSet', seq: 25, at, by: ani, seconds: 0 },
    ],
  },
  'joined-slow': {
    ...{ type: 'joined', room: 'lobby', member: ani, members: [ani], count: 1, topic: '', slowSeconds: 10, last: 0 },
  },
  'batch-expiry': {
    type: 'batch',
    events: [
      { type: 'expirySet', seq: 26, at, by: ani, seconds: 604_800 },
      { type: 'expirySet', seq: 27, at, by: ani, seconds: 0 },
    ],
  },
  'joined-expiry': {
    ...{ type: 'joined', room: 'lobby', member: ani, members: [ani], count: 1, topic: '' },
    ...{ expirySeconds: 604_800, last: 0 },
  },
  'batch-passwords': {
    type: 'batch',
    events: [
      { type: 'passwordSet', seq: 22, at, by: ani },
      { type: 'passwordRemoved', seq: 23, at, by: ani },
    ],
  },
  'joined-password': {
    ...{ type: 'joined', room: 'lobby', member: ani, members: [ani], count: 1, topic: '', hasPassword: true, last: 0 },
  },
  'joined-collecting': {
    ...{
      type: 'joined',
      room: 'lobby',
      member: ani,
      members: [ani],
      count: 1,
      topic: '',
      collectingSince: at,
      last: 70_000,
    },
  },
  'batch-audiences': {
    type: 'batch',
    events: [
      { type: 'collectionStarted', seq: 18, at, by: ani },
      {
        ...{ type: 'fileCompleted', seq: 19, at, by: ani },
        file: { id: 'f3', name: 'c.txt', size: 3, sha256: 'cd'.repeat(32), audience: { from: ani, to: budi } },
      },
      {
        ...{ type: 'fileReceived', seq: 20, at, by: ani },
        file: { id: 'f4', name: 'd.txt', size: 4, audience: { from: budi, to: 'staff' } },
      },
      { type: 'collectionEnded', seq: 21, at, by: ani },
    ],
  },
  'batch-moments': {
    type: 'batch',
    events: [
      { type: 'joined', by: { ...ani, role: 'op' } },
      { type: 'renamed', by: { ...budi, away: 'lunch' }, from: 'b' },
      { type: 'left', by: budi, reason: 'kicked by ani', kickedBy: ani },
      { type: 'away', by: ani, reason: '' },
      { type: 'back', by: ani },
      { type: 'typing', by: ani, at, forMs: 6000 },
      { type: 'fileProgressed', by: ani, file: { id: 'f2', name: 'b.txt', size: 2 ** 40 }, bytes: 2 ** 39 },
    ],
  },
  'batch-expiring': { type: 'batch', events: [{ type: 'filesExpiring', files: 3 }] },
  'batch-space': { type: 'batch', events: [{ type: 'fileSpaceLow', used: 2 ** 33, quota: 2 ** 40 }] },
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
  'rejected-slow': { type: 'rejected', ref: 2, code: 'SLOW_MODE', message: 'wait', retrySeconds: 6 },
  'rejected-join': { type: 'rejected', code: 'BAD_ROOM', message: 'no such name' },
  pong: { type: 'pong', ref: 7 },
  bye: { type: 'bye', code: 'RESTART', message: 'the host stops' },
}
