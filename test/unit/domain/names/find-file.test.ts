import { expect, test } from 'vitest'
import { wantedFile } from '#domain/names/file-name.ts'

const file = (id: string, name: string) => ({ id: id.padEnd(32, '0'), name })
const FILES = [
  file('ab11', 'my file_.txt'),
  file('ab12', 'caf\u00e9.txt'),
  file('cd34', 'Laporan.PDF'),
  file('ef56', 'laporan.pdf'),
  file('0123', 'terima_x.txt'),
  file('4567', 'ab11'),
]

test.each([
  ['its name', 'my file_.txt', 0],
  ['the name as its sender spelt it', 'my file?.txt', 0],
  ['a path to it', '/home/ani/my file?.txt', 0],
  ['the name as it was saved', 'terima_my file_.txt', 0],
  ['the name as readers in band see it', 'my_file_.txt', 0],
  ['other forms of its letters', 'cafe\u0301.txt', 1],
  ['another case, where none has this one', 'LAPORAN.pdf', 2],
  ['the very case', 'laporan.pdf', 3],
  ['a name that looks as if it were saved', 'terima_x.txt', 4],
  ['a name that looks like an id', 'ab11', 5],
  ['the first signs of its id', 'EF56', 3],
  ['the whole id', file('cd34', '').id, 2],
])('a file is meant by %s', (_case, wanted, index) => {
  expect(wantedFile(FILES, wanted)).toBe(FILES[index])
})

test.each(['', 'ab1', '..', 'a\0b', 'nothing', 'my file'])('none is meant by %j', (wanted) => {
  expect(wantedFile(FILES, wanted)).toBe('none')
})

test('of several of a name the newest is meant; an id must be of one only', () => {
  const files = [file('aaaa1', 'a'), file('aaaa2', 'a')]
  expect(wantedFile(files, 'a')).toBe(files[0])
  expect(wantedFile(files, 'aaaa')).toBe('several')
})
