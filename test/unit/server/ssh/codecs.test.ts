import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseScp, ScpDecoder, type ScpMessage } from '#server/ssh/scp/codec.ts'
import { dataOf, dataPacket, namesPacket, roomForData, SftpDecoder, statusPacket } from '#server/ssh/sftp/codec.ts'

const text = (value: string | Buffer) => {
  const bytes = Buffer.from(value)
  return Buffer.concat([uint32(bytes.length), bytes])
}
const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
const uint64 = (value: number) => Buffer.concat([uint32(Math.floor(value / 2 ** 32)), uint32(value % 2 ** 32)])
const packet = (type: number, ...fields: readonly Buffer[]) => {
  const body = Buffer.concat([Buffer.from([type]), ...fields])
  return Buffer.concat([uint32(body.length), body])
}

const SESSION = Buffer.concat([
  packet(1, uint32(3)),
  packet(3, uint32(1), text('/lobby/a b.pdf'), uint32(26), uint32(0)),
  packet(6, uint32(2), text('1'), uint64(5_000_000_000), text('halo')),
  packet(5, uint32(3), text('1'), uint64(2 ** 60), uint32(32768)),
  packet(10, uint32(4), text('1'), uint32(1), uint64(7)),
  packet(18, uint32(5), text('a.filepart'), text('a')),
  packet(200, uint32(6), text('limits@openssh.com')),
  packet(99, uint32(7)),
])

const decoded = (pieces: readonly Buffer[]) => {
  const decoder = new SftpDecoder()
  return pieces.flatMap((piece) => decoder.push(piece))
}

describe('the codec of SFTP', () => {
  test('finds the same requests, wherever their bytes are split', () => {
    const whole = decoded([SESSION])
    expect(whole).toMatchObject([
      { type: 'init', version: 3 },
      { id: 1, type: 'open', path: '/lobby/a b.pdf', flags: 26 },
      { id: 2, type: 'write', handle: '1', offset: 5_000_000_000, data: Buffer.from('halo') },
      { id: 3, type: 'read', offset: Number.POSITIVE_INFINITY, length: 32768 },
      { id: 4, type: 'fsetstat', size: 7 },
      { id: 5, type: 'rename', path: 'a.filepart', to: 'a' },
      { id: 6, type: 'extended', name: 'limits@openssh.com' },
      { id: 7, type: 'unknown' },
    ])
    for (let at = 0; at <= SESSION.length; at++)
      expect(decoded([SESSION.subarray(0, at), SESSION.subarray(at)])).toEqual(whole)
    expect(decoded(Array.from(SESSION, (byte) => Buffer.from([byte])))).toEqual(whole)
  })

  test('takes nothing behind a packet that is none: too long, too short, or empty', () => {
    for (const bad of [uint32(256 * 1024 + 1), uint32(0), packet(3, uint32(1), uint32(9))])
      expect(decoded([bad, SESSION])).toMatchObject([{ type: 'malformed' }])
  })

  test('never fails, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 12 }), fc.nat(), (pieces, at) => {
        const bytes = Buffer.concat([SESSION, ...pieces])
        bytes[at % bytes.length] = at % 256
        decoded([bytes.subarray(0, at % bytes.length), bytes.subarray(at % bytes.length)])
      }),
      { numRuns: 2000 },
    )
  })

  test('writes packets as the draft has them', () => {
    expect(statusPacket(9, 'eof', 'x')).toEqual(packet(101, uint32(9), uint32(1), text('x'), text('')))
    const data = roomForData(8)
    dataOf(data).write('halo')
    expect(dataPacket(9, data, 4)).toEqual(packet(103, uint32(9), text('halo')))
    const listed = { name: 'a', by: 'ani lestari', attributes: { type: 'file', size: 5, modified: 86_400 } } as const
    const names = namesPacket(9, [listed])
    expect(names.subarray(0, 18)).toEqual(
      Buffer.concat([uint32(names.length - 4), packet(104, uint32(9), uint32(1), text('a')).subarray(4)]),
    )
    expect(names.toString()).toContain('-r--r--r-- 1 ani_lestari tamtam            5 1970-01-02 00:00 a')
  })
})

const SENT = Buffer.from('T1 0 1 0\nC0644 5 a b\nhalo!\0D0755 0 d\nE\n\u0001scp: cut\n')

const received = (pieces: readonly Buffer[]) => {
  const decoder = new ScpDecoder()
  const messages: (ScpMessage | string)[] = []
  for (const piece of pieces) {
    decoder.push(piece)
    for (let message = decoder.next(); message !== undefined; message = decoder.next()) {
      if (message.type === 'file') decoder.accept(message.size)
      const last = messages.at(-1)
      if (message.type !== 'bytes') messages.push(message)
      else if (typeof last === 'string') messages[messages.length - 1] = last + message.bytes.toString('latin1')
      else messages.push(message.bytes.toString('latin1'))
    }
  }
  return messages
}

describe('the codec of scp', () => {
  test('finds the same messages, wherever their bytes are split', () => {
    const whole = received([SENT])
    const file = { type: 'file', name: 'a b', size: 5 }
    const folder = { type: 'folder', name: 'd' }
    const failed = { type: 'failed', text: 'scp: cut' }
    expect(whole).toEqual([{ type: 'times' }, file, 'halo!', { type: 'end' }, folder, { type: 'up' }, failed])
    for (let at = 0; at <= SENT.length; at++) expect(received([SENT.subarray(0, at), SENT.subarray(at)])).toEqual(whole)
  })

  test('takes no name that is a path, and nothing behind what it does not know', () => {
    for (const bad of ['C0644 5 a/b\n', 'C0644 -5 a\n', 'C0644 5\n', 'X\n', 'a'.repeat(9000)])
      expect(received([Buffer.from(`${bad}C0644 5 a\n`)])).toEqual([{ type: 'malformed' }])
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void received([Buffer.from(bytes)])),
      { numRuns: 2000 },
    )
  })

  test('knows the commands that scp runs, and no others', () => {
    expect(parseScp('scp -t lobby/')).toEqual({
      direction: 'receive',
      path: 'lobby/',
      isFolder: false,
      isRecursive: false,
    })
    expect(parseScp('scp -v -p -d -t -- a b')).toMatchObject({ direction: 'receive', path: 'a b', isFolder: true })
    expect(parseScp('scp -r -f lobby')).toMatchObject({ direction: 'send', isRecursive: true })
    for (const other of ['scp', 'scp a b', 'scpx -t a', 'say scp -t a']) expect(parseScp(other)).toBeUndefined()
  })
})
