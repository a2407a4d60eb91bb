import { createHash } from 'node:crypto'
import { FRAMES_MAGIC, joinFrame } from '#protocol/frames.ts'
import { type ClientMessage, encodeMessage } from '#protocol/messages.ts'

/** The protocol of one kind of server: the bytes around a payload on the way in and on the way out. */
export interface Wire {
  readonly name: 'line' | 'nats' | 'irc' | 'frames' | 'websocket' | 'socket.io'
  /** The first bytes of member `index`, by which the server detects the protocol. Ours go into `room`, or else `lobby`. */
  hello(index: number, room?: string): string
  /** Where joining takes a handshake: the server's request, the member's answer, and the sign of success. */
  readonly handshake?: { readonly asked: Buffer; readonly answer: string; readonly done: Buffer }
  readonly before: string
  readonly after: string
  /** The bytes right in front of a delivered payload, where deliveries are searched instead of counted; authors get their own. */
  readonly deliveredAs?: Buffer
  /** Bytes in front of and behind a payload that is delivered: the same for every member, so lines are found by counting. */
  readonly deliveredBefore: number
  readonly deliveredAfter: number
  /** The first byte of a delivery and of no other line. */
  readonly sentinel: number
  /** The answer to any other line; `failed` where it is an error. */
  answer(line: string): string | undefined | 'failed'
}

export type WireName = Wire['name'] | 'bare'

/** `payload` in bytes. `bare` is the line protocol of a server that needs no hello. */
export function wireOf(name: WireName, payload: number): Wire {
  switch (name) {
    case 'nats':
      return nats(payload)
    case 'irc':
      return irc
    case 'frames':
      return frames(payload)
    case 'websocket':
      return webSocket(payload)
    case 'socket.io':
      return socketIo(payload)
  }
  return {
    name: 'line',
    hello: (_, room) => (name === 'bare' ? '' : `/files inline\n${room === undefined ? '' : `/join ${room}\n`}`),
    before: '',
    after: '\n',
    deliveredBefore: '<127.0.0.1> '.length,
    deliveredAfter: 1,
    sentinel: 0x3c,
    answer: (line) => (line.startsWith('!') ? 'failed' : undefined),
  }
}

const nats = (payload: number): Wire => ({
  name: 'nats',
  hello: () => 'CONNECT {"verbose":false,"pedantic":false,"echo":false}\r\nSUB room 1\r\n',
  before: `PUB room ${payload}\r\n`,
  after: '\r\n',
  deliveredBefore: `MSG room 1 ${payload}\r\n`.length,
  deliveredAfter: 2,
  sentinel: 0x4d,
  answer: (line) => (line.startsWith('-ERR') ? 'failed' : line.startsWith('PING') ? 'PONG\r\n' : undefined),
})

/** Nicks, and so masks, are of one length: one text stands so many bytes behind the other. */
const irc: Wire = {
  name: 'irc',
  hello: (index, room = 'lobby') => `NICK m${1000 + index}\r\nUSER m 0 * :m\r\nJOIN #${room}\r\n`,
  before: 'PRIVMSG #lobby :',
  after: '\r\n',
  deliveredAs: Buffer.from(' PRIVMSG #lobby :'),
  deliveredBefore: ':m1000!~m@0123456789.tamtam PRIVMSG #lobby :'.length,
  deliveredAfter: 2,
  sentinel: 0,
  answer: () => undefined,
}

/** A message around a payload that is put in later: a placeholder of the same length stands for it. */
function around(payload: number, framed: (message: Uint8Array) => string): { before: string; after: string } {
  const placeholder = '_'.repeat(payload)
  const [before = '', after = ''] = framed(
    encodeMessage({ type: 'command', command: { type: 'say', text: placeholder } }),
  ).split(placeholder)
  return { before, after }
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

const handshake = (index: number, room = 'lobby'): readonly ClientMessage[] => [
  { type: 'hello', version: 1, key: createHash('md5').update(`${process.pid} ${index}`).digest('hex') },
  { type: 'join', room },
]

/** Texts of this length are found by the bytes in front of them in msgpack: the key, and a head of two bytes. */
const inMessages = (payload: number) => ({
  deliveredAs: Buffer.concat([Buffer.from([0xa4]), Buffer.from('text'), Buffer.from([0xd9, payload])]),
  deliveredBefore: 0,
  deliveredAfter: 0,
  sentinel: 0,
  answer: () => undefined,
})

const frames = (payload: number): Wire => ({
  name: 'frames',
  ...inMessages(payload),
  ...around(payload, (message) => latin1(joinFrame(message))),
  hello: (index, room) =>
    latin1(FRAMES_MAGIC) +
    handshake(index, room)
      .map((message) => latin1(joinFrame(encodeMessage(message))))
      .join(''),
})

/** A client's frame of at most 125 bytes; a mask of zeros leaves them as they are. */
const masked = (head: number, message: string): string =>
  latin1(Uint8Array.of(head, 0x80 | message.length, 0, 0, 0, 0)) + message
const BINARY = 0x82
const TEXT = 0x81

const upgrade = (path: string, more: readonly string[] = []): string =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...more,
    '',
    '',
  ].join('\r\n')

const webSocket = (payload: number): Wire => ({
  name: 'websocket',
  ...inMessages(payload),
  ...around(payload, (message) => masked(BINARY, latin1(message))),
  hello: (index, room) =>
    upgrade('/ws', ['Sec-WebSocket-Protocol: tamtam.1']) +
    handshake(index, room)
      .map((message) => masked(BINARY, latin1(encodeMessage(message))))
      .join(''),
})

/** Engine.IO's packet 4, Socket.IO's packets 0 (connect) and 2 (event), on a WebSocket from the start. */
const socketIo = (payload: number): Wire => ({
  name: 'socket.io',
  hello: () => upgrade('/socket.io/?EIO=4&transport=websocket'),
  handshake: { asked: Buffer.from('"upgrades":'), answer: masked(TEXT, '40'), done: Buffer.from('40{"sid":') },
  before: masked(TEXT, `42["say","${'_'.repeat(payload)}"]`).split('_')[0] ?? '',
  after: '"]',
  deliveredAs: Buffer.from('"said","'),
  deliveredBefore: 0,
  deliveredAfter: 0,
  sentinel: 0,
  answer: () => undefined,
})
