import { describe, expect, it, test } from 'vitest'
import { openLineHouse } from '../../../harness/line-house.ts'

/** Ani sends a file to somebody who has typed this; what that person gets. */
async function gets(typed: string, line = {}) {
  const house = await openLineHouse({ line: { files: 'auto', ...line } })
  const ani = await house.enter('ani')
  const other = house.connect(typed)
  await house.calm()
  const greeting = other.take()
  ani.type('/put 4 a SEND b\nDATAplease SEND it')
  await house.calm()
  return { ...house, ani, other, greeting, got: other.take() }
}

const LINK =
  /^\* ani is sending a S\u200bEND b \(4 B\)\n\* file \[\w+\] a S\u200bEND b from ani: 4 B, sha256 \w+\n<ani> please S\u200bEND it\n$/
const BYTES = '* ani is sending a S\u200bEND b (4 B)\nSEND a_SEND_b\nDATA//AGUEL//TAMTAM//<ani> please S\u200bEND it\n'

describe('whoever reads files as bytes until something else is known', () => {
  it.each([
    ['nothing', ''],
    ['text, as the user of the seed does', 'hello\n'],
    ['a way in, which the user of the seed needs too', '/join lobby\n'],
    ['a file as the seed sends it, and then a command', 'SEND x\nX//AGUEL//TAMTAM///who\n'],
  ])('gets bytes after %s', async (_, typed) => expect((await gets(typed)).got).toBe(BYTES))

  it.each([
    ['a nick', '/nick budi\n'],
    ['a command', 'hello\n/who\n'],
    ['a command that there is not', '/hlep\n'],
    ['a line of telnet', 'hello\r\n'],
    ['many lines of telnet', 'hello hello hello hello\r\n'.repeat(20)],
    ['Enter of telnet', 'hello\r\0'],
    ['a file with its size', '/put 1 x\nX'],
  ])('gets a link after %s', async (_, typed) => expect((await gets(typed)).got).toMatch(LINK))

  it('is told so when it comes in, unless it has shown already what it is', async () => {
    const told = '* files come as raw bytes, for programs, until you type a command such as /nick NAME; then as links\n'
    expect((await gets('')).greeting).toContain(told)
    expect((await gets('/nick budi\n')).greeting).not.toContain(told)
    expect((await gets('', { files: 'inline' })).greeting).not.toContain(told)
  })

  it('can ask for either, and for the bytes of one file', async () => {
    const { ani, calm, other } = await gets('/who\n/files inline\n/who\n')
    expect(other.bytes).toContain('SEND a_SEND_b\nDATA//AGUEL//TAMTAM//')
    other.type('/files links')
    await calm()
    other.take()
    ani.type('/put 4 b\nDATA')
    await calm()
    expect(other.take()).toMatch(/\* file \[\w+\] b from ani/)
    other.type('/get b')
    await calm()
    expect(other.take()).toBe('SEND b\nDATA//AGUEL//TAMTAM//')
  })
})

test('each connection has the language that it asks for, from the greeting on that of the host', async () => {
  const house = await openLineHouse({ line: { files: 'auto' } })
  const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
  ani.type('/lang id', '/hsitory', '/history x', '/get x', '/part', '/who', '/help orang')
  await house.calm()
  expect(ani.take().split('\n')).toEqual([
    '* jawaban sekarang dalam bahasa Indonesia',
    '! BAD_COMMAND perintah itu tidak ada: /help menampilkan daftarnya (untuk baris yang berawal garis miring, ketik // dulu)',
    '! BAD_COMMAND ketik /history [n], dengan n dari 1 sampai 500',
    '! NO_SUCH_FILE tidak ada tepat satu berkas dengan nama atau awal id itu; /files menampilkan yang ada',
    '* Anda keluar dari lobby; /join membawa Anda ke sebuah ruang',
    '! NOT_A_MEMBER Anda tidak berada di ruang mana pun; masuklah dengan /join',
    '* /who                   siapa saja yang di sini',
    '',
  ])
  ani.type('/join lobby')
  await house.calm()
  expect(ani.take()).toMatch(/^\* Anda adalah ani di lobby: 2 di sini/)
  budi.take()
  const cici = house.connect('halo\n')
  await house.calm()
  expect([ani.take(), budi.take()]).toEqual([
    '* 10.0.0.3 masuk\n<10.0.0.3> halo\n',
    '* 10.0.0.3 joined\n<10.0.0.3> halo\n',
  ])
  cici.type('/lang xx', '/lang id', '/lang en')
  await house.calm()
  expect(cici.take()).toMatch(/! BAD_COMMAND type \/lang en\|id\n\* jawaban .*\n\* answers are in English now\n$/)
})
