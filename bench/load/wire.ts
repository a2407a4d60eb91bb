/** How one kind of server is spoken to: what goes around a payload on the way in and on the way out. */
export interface Wire {
  readonly name: 'line' | 'nats'
  /** Sent at once; without it the server has nothing to go by. */
  readonly hello: string
  readonly before: string
  readonly after: string
  /** Bytes in front of and behind a payload that is delivered: the same for every member, so lines are found by counting. */
  readonly deliveredBefore: number
  readonly deliveredAfter: number
  /** The first byte of a delivery and of no other line. */
  readonly mark: number
  /** What to answer to any other line; `failed` where it is an error. */
  answer(line: string): string | undefined | 'failed'
}

export type WireName = Wire['name'] | 'bare'

/** `payload` in bytes. `bare` is the line protocol of a server that needs no hello. */
export function wireOf(name: WireName, payload: number): Wire {
  if (name === 'nats') return nats(payload)
  return {
    name: 'line',
    hello: name === 'bare' ? '' : '/files inline\n',
    before: '',
    after: '\n',
    deliveredBefore: '<127.0.0.1> '.length,
    deliveredAfter: 1,
    mark: 0x3c,
    answer: (line) => (line.startsWith('!') ? 'failed' : undefined),
  }
}

const nats = (payload: number): Wire => ({
  name: 'nats',
  hello: 'CONNECT {"verbose":false,"pedantic":false,"echo":false}\r\nSUB room 1\r\n',
  before: `PUB room ${payload}\r\n`,
  after: '\r\n',
  deliveredBefore: `MSG room 1 ${payload}\r\n`.length,
  deliveredAfter: 2,
  mark: 0x4d,
  answer: (line) => (line.startsWith('-ERR') ? 'failed' : line.startsWith('PING') ? 'PONG\r\n' : undefined),
})
