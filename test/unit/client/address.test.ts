import { describe, expect, it } from 'vitest'
import { parseAddress } from '#client/address.ts'

const TOKEN = 'abcdefghijkmnpqrstuvwxyz23'

describe('an address', () => {
  it.each([
    ['192.168.1.5', { host: '192.168.1.5', port: 8268, tls: false, room: 'lobby', roomNamed: false }],
    ['kantor:9000', { host: 'kantor', port: 9000, tls: false, room: 'lobby', roomNamed: false }],
    ['kantor.local.:9000', { host: 'kantor.local', port: 9000, tls: false, room: 'lobby', roomNamed: false }],
    ['kantor/lab', { host: 'kantor', port: 8268, tls: false, room: 'lab', roomNamed: true }],
    ['kantor/', { host: 'kantor', port: 8268, tls: false, room: 'lobby', roomNamed: false }],
    ['kantor/lobby/', { host: 'kantor', port: 8268, tls: false, room: 'lobby', roomNamed: true }],
    ['kantor/%23Lab', { host: 'kantor', port: 8268, tls: false, room: 'lab', roomNamed: true }],
    ['ani@kantor:1/lab', { host: 'kantor', port: 1, tls: false, room: 'lab', roomNamed: true, name: 'ani' }],
    ['p%40k@kantor', { host: 'kantor', port: 8268, tls: false, room: 'lobby', roomNamed: false, name: 'p@k' }],
    ['[::1]', { host: '::1', port: 8268, tls: false, room: 'lobby', roomNamed: false }],
    ['[::1]:8000/lab', { host: '::1', port: 8000, tls: false, room: 'lab', roomNamed: true }],
    [
      'ani@[fe80::1%eth0]:65535',
      { host: 'fe80::1%eth0', port: 65535, tls: false, room: 'lobby', roomNamed: false, name: 'ani' },
    ],
    ['http://kantor:8268/lab', { host: 'kantor', port: 8268, tls: false, http: true, room: 'lab', roomNamed: true }],
    [
      'HTTP://ani@kantor',
      { host: 'kantor', port: 80, tls: false, http: true, room: 'lobby', roomNamed: false, name: 'ani' },
    ],
    [
      'http://[::1]:8268/files/ab12/a%20b.pdf',
      {
        host: '::1',
        port: 8268,
        tls: false,
        http: true,
        room: 'lobby',
        roomNamed: false,
        file: { id: 'ab12', name: 'a b.pdf' },
      },
    ],
    [
      'kantor/files/ab12/photos/a%20b/c.jpg?ticket=x',
      {
        host: 'kantor',
        port: 8268,
        tls: false,
        room: 'lobby',
        roomNamed: false,
        file: { id: 'ab12', name: 'c.jpg', inside: 'photos/a b/c.jpg', ticket: 'x' },
      },
    ],
    [
      'kantor/files/ab12',
      { host: 'kantor', port: 8268, tls: false, room: 'lobby', roomNamed: false, file: { id: 'ab12', name: '' } },
    ],
    ['tls://ani@kantor/lab', { host: 'kantor', port: 8268, tls: true, room: 'lab', roomNamed: true, name: 'ani' }],
    ['https://kantor/lab', { host: 'kantor', port: 443, tls: true, http: true, room: 'lab', roomNamed: true }],
    [
      `TLS://[::1]:9/#SHA256:${'AB:'.repeat(31)}AB`,
      { host: '::1', port: 9, tls: true, fingerprint: `sha256:${'ab'.repeat(32)}`, room: 'lobby', roomNamed: false },
    ],
    ['tcp://127.0.0.1:9000', { host: '127.0.0.1', port: 9000, tls: false, room: 'lobby', roomNamed: false }],
    ['tcp://ani@kantor/lab', { host: 'kantor', port: 8268, tls: false, room: 'lab', roomNamed: true, name: 'ani' }],
    ['tcp://0.0.0.0:8268', { host: '127.0.0.1', port: 8268, tls: false, room: 'lobby', roomNamed: false }],
    ['tcp://[::]:8268', { host: '::1', port: 8268, tls: false, room: 'lobby', roomNamed: false }],
    [' kantor/lab\n', { host: 'kantor', port: 8268, tls: false, room: 'lab', roomNamed: true }],
    ['kantor/lab#', { host: 'kantor', port: 8268, tls: false, room: 'lab', roomNamed: true }],
    ['ws://kantor:9000/ws', { host: 'kantor', port: 9000, tls: false, http: true, room: 'lobby', roomNamed: false }],
    ['wss://kantor/ws', { host: 'kantor', port: 443, tls: true, http: true, room: 'lobby', roomNamed: false }],
    ['kantor/ws', { host: 'kantor', port: 8268, tls: false, room: 'ws', roomNamed: true }],
    ['http://kantor:1/rooms/Lab', { host: 'kantor', port: 1, tls: false, http: true, room: 'lab', roomNamed: true }],
    [
      'http://kantor:1/rooms/lab/files/',
      { host: 'kantor', port: 1, tls: false, http: true, room: 'lab', roomNamed: true },
    ],
    [
      'http://kantor:1/rooms/lab/events?after=3',
      { host: 'kantor', port: 1, tls: false, http: true, room: 'lab', roomNamed: true },
    ],
    ['http://kantor:1/#room=Lab', { host: 'kantor', port: 1, tls: false, http: true, room: 'lab', roomNamed: true }],
    [
      `http://kantor:1/#t=${TOKEN}&room=lab`,
      { host: 'kantor', port: 1, tls: false, http: true, token: TOKEN, room: 'lab', roomNamed: true },
    ],
    [
      `https://kantor:1/den#t=${TOKEN}&room=lab`,
      { host: 'kantor', port: 1, tls: true, http: true, token: TOKEN, room: 'den', roomNamed: true },
    ],
    [`kantor/den#${TOKEN}`, { host: 'kantor', port: 8268, tls: false, token: TOKEN, room: 'den', roomNamed: true }],
    [
      'http://[fe80::1%25eth0]:8268/files/ab12/a.pdf?ticket=x-_9',
      {
        host: 'fe80::1%eth0',
        port: 8268,
        tls: false,
        http: true,
        room: 'lobby',
        roomNamed: false,
        file: { id: 'ab12', name: 'a.pdf', ticket: 'x-_9' },
      },
    ],
    [
      'http://kantor/a/b~c/files/ab12/a.pdf?ticket=x',
      {
        ...{ host: 'kantor', port: 80, http: true, tls: false, basePath: '/a/b~c', room: 'lobby', roomNamed: false },
        file: { id: 'ab12', name: 'a.pdf', ticket: 'x' },
      },
    ],
  ])('%s', (text, address) => {
    expect(parseAddress(text)).toEqual(address)
  })

  it.each([
    'https://kantor/chat/lab',
    'https://kantor/chat/lab/',
    'https://kantor/chat/#room=lab',
    `https://kantor/chat/#t=${TOKEN}&room=lab`,
    'https://kantor/chat/rooms/lab/events?after=3',
    'wss://kantor/chat/ws#room=lab',
  ])('%s is of a host below a path', (text) => {
    const where = { host: 'kantor', port: 443, http: true, tls: true, basePath: '/chat' }
    expect(parseAddress(text)).toMatchObject({ ...where, room: 'lab', roomNamed: true })
  })

  it.each([
    ['', 'there is no host in it'],
    ['/lab', 'there is no host in it'],
    ['@kantor', 'there is no name before the @'],
    ['kantor#sha256:12', 'the part after the # is no fingerprint'],
    ['kantor#x=1', 'the part after the # is no fingerprint'],
    ['kantor#room=..', 'This room name cannot be used'],
    ['http://kantor/rooms/lab/x', 'is no room'],
    ['http://kantor/rooms/lab/files/a.txt', 'is no room'],
    ['kantor/My Room', 'This room name cannot be used'],
    [`kantor#sha256:${'ab'.repeat(32)}`, 'a fingerprint is for TLS'],
    ['ftp://kantor', 'ftp:// is not spoken here'],
    ['::1', 'goes into brackets: [::1]:8268'],
    ['fe80::1/lab', 'goes into brackets'],
    ['kantor:', 'is no host'],
    ['kantor:http', 'is no host'],
    ['kantor:0', '0 is no port'],
    ['kantor:65536', '65536 is no port'],
    ['kan tor', 'kan tor is no host'],
    ['kantor/a/b', '/a/b is no room'],
    ['http://kantor/a/../b', 'is no path of a host'],
    ['http://kantor/a b/c', 'is no path of a host'],
    ['http://kantor/a/files/..', 'is no room'],
    ['kantor/..', 'This room name cannot be used'],
    ['kantor/%00', 'This room name cannot be used'],
  ])('%j is none, and the reason is told', (text, why) => {
    expect(parseAddress(text)).toMatchObject({ type: 'rejected', message: expect.stringContaining(why) })
  })

  it.each(['%2f..%2fx', '..', 'a%1b[2J', 'a'.repeat(65)])('C38 takes no path for the id of a file: %s', (id) =>
    expect(parseAddress(`http://kantor/files/${id}/a.pdf`)).toMatchObject({ type: 'rejected' }),
  )

  it.each(['ani:rahasia@kantor', 'kantor/lab#rahasia', 'http://kantor/a/b?t=rahasia', 'kantor/..#t=rahasia'])(
    'C121 holds no secret, and none is repeated: %s',
    (text) => {
      const refused = parseAddress(text)
      expect(refused).toMatchObject({ type: 'rejected' })
      expect(JSON.stringify(refused)).not.toContain('rahasia')
    },
  )
})
