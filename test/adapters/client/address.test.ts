import { describe, expect, it } from 'vitest'
import { parseAddress } from '../../../src/adapters/client/address.ts'

describe('an address', () => {
  it.each([
    ['192.168.1.5', { host: '192.168.1.5', port: 8268, room: 'lobby', roomNamed: false }],
    ['kantor:9000', { host: 'kantor', port: 9000, room: 'lobby', roomNamed: false }],
    ['kantor/lab', { host: 'kantor', port: 8268, room: 'lab', roomNamed: true }],
    ['kantor/', { host: 'kantor', port: 8268, room: 'lobby', roomNamed: false }],
    ['kantor/lobby/', { host: 'kantor', port: 8268, room: 'lobby', roomNamed: true }],
    ['kantor/%23Lab', { host: 'kantor', port: 8268, room: 'lab', roomNamed: true }],
    ['ani@kantor:1/lab', { host: 'kantor', port: 1, room: 'lab', roomNamed: true, name: 'ani' }],
    ['p%40k@kantor', { host: 'kantor', port: 8268, room: 'lobby', roomNamed: false, name: 'p@k' }],
    ['[::1]', { host: '::1', port: 8268, room: 'lobby', roomNamed: false }],
    ['[::1]:8000/lab', { host: '::1', port: 8000, room: 'lab', roomNamed: true }],
    ['ani@[fe80::1%eth0]:65535', { host: 'fe80::1%eth0', port: 65535, room: 'lobby', roomNamed: false, name: 'ani' }],
    ['http://kantor:8268/lab', { host: 'kantor', port: 8268, room: 'lab', roomNamed: true }],
    ['HTTP://ani@kantor', { host: 'kantor', port: 80, room: 'lobby', roomNamed: false, name: 'ani' }],
    [
      'http://[::1]:8268/files/ab12/a%20b.pdf',
      { host: '::1', port: 8268, room: 'lobby', roomNamed: false, file: { id: 'ab12', name: 'a b.pdf' } },
    ],
    [
      'kantor/files/ab12',
      { host: 'kantor', port: 8268, room: 'lobby', roomNamed: false, file: { id: 'ab12', name: '' } },
    ],
  ])('%s', (text, address) => {
    expect(parseAddress(text)).toEqual(address)
  })

  it.each([
    ['', 'there is no host in it'],
    ['/lab', 'there is no host in it'],
    ['@kantor', 'there is no name before the @'],
    ['https://kantor', 'https:// is not spoken here'],
    ['ftp://kantor', 'ftp:// is not spoken here'],
    ['::1', 'goes into brackets: [::1]:8268'],
    ['fe80::1/lab', 'goes into brackets'],
    ['kantor:', 'is no host'],
    ['kantor:http', 'is no host'],
    ['kantor:0', '0 is no port'],
    ['kantor:65536', '65536 is no port'],
    ['kan tor', 'kan tor is no host'],
    ['kantor/a/b', '/a/b is no room'],
    ['kantor/..', 'This room name cannot be used'],
    ['kantor/%00', 'This room name cannot be used'],
  ])('%j is none, and the reason is told', (text, why) => {
    expect(parseAddress(text)).toMatchObject({ type: 'rejected', message: expect.stringContaining(why) })
  })

  it.each(['ani:rahasia@kantor', 'kantor/lab#t=rahasia', 'http://kantor/a/b?t=rahasia'])(
    'C121 holds no secret, and none is repeated: %s',
    (text) => {
      const refused = parseAddress(text)
      expect(refused).toMatchObject({ type: 'rejected' })
      expect(JSON.stringify(refused)).not.toContain('rahasia')
    },
  )
})
