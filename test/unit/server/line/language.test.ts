import { expect, it } from 'vitest'
import { openLineHouse } from '../../../harness/line-house.ts'

it('the line server speaks Indonesian where its host does, with the same codes, words and first columns', async () => {
  const house = await openLineHouse({ line: { language: 'id' } })
  const ani = await house.enter('ani')
  const answer = async (line: string) => {
    ani.take()
    ani.type(line)
    await house.calm()
    return ani.take()
  }
  expect(await answer('/nick budi')).toBe('* nama Anda sekarang budi\n')
  expect(await answer('/who')).toBe('* 1 di lobby:\n*   budi\n')
  expect(await answer('/msg')).toMatch(/^! BAD_COMMAND ketik \/msg name text\n$/)
  expect(await answer('/join den')).toBe('* Anda adalah budi di den: 1 di sini. Ketik /help untuk melihat perintah\n')
  expect(await answer('/help')).toMatch(/^\* \/nick name {13}pakai nama ini\n/)
  expect(await answer('/put 4 a.txt\nhalo')).toMatch(/^\* \[\w{8}\] a\.txt sudah ada di ruang ini: 4 B, sha256 /)
})
