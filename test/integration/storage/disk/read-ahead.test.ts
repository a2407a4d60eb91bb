import { expect, it } from 'vitest'
import { PAGE_BYTES } from '#storage/disk/page-cache.ts'
import { ReadAhead } from '#storage/disk/read-ahead.ts'

const PAGES = 4
const END = PAGES * PAGE_BYTES

/** A file whose pages are full of their number, counted from `first`; what was asked for is written down. */
function fileOf(first = 1) {
  const asked: number[] = []
  let number = first
  const read = async (into: Buffer, position: number): Promise<number> => {
    asked.push(position / PAGE_BYTES)
    into.fill(number + position / PAGE_BYTES)
    return into.length
  }
  const rewrite = (from: number) => {
    number = from
  }
  return { asked, read, rewrite }
}

it('reads the next page while its reader has one, and leaves the bytes that are lent alone', async () => {
  const { asked, read } = fileOf()
  const ahead = new ReadAhead()
  for (let page = 0; page < PAGES; page++) {
    const piece = await ahead.piece(page * PAGE_BYTES, PAGE_BYTES, END, read)
    expect(asked).toEqual([0, 1, 2, 3].slice(0, page + 2))
    expect([piece.length, piece[0], piece.at(-1)]).toEqual([PAGE_BYTES, page + 1, page + 1])
  }
  await ahead.end()
})

it('does not read beyond the end, and begins again where its reader goes elsewhere', async () => {
  const { asked, read } = fileOf()
  const ahead = new ReadAhead()
  await ahead.piece(0, PAGE_BYTES, PAGE_BYTES, read)
  expect(asked).toEqual([0])
  await ahead.piece(PAGE_BYTES, PAGE_BYTES, END, read)
  const elsewhere = await ahead.piece(3 * PAGE_BYTES, PAGE_BYTES, END, read)
  expect(asked).toEqual([0, 1, 2, 3])
  expect(elsewhere[0]).toBe(4)
})

it('reads again what it was told to forget', async () => {
  const { asked, read, rewrite } = fileOf()
  const ahead = new ReadAhead()
  await ahead.piece(0, PAGE_BYTES, END, read)
  rewrite(101)
  ahead.forget()
  expect((await ahead.piece(PAGE_BYTES, PAGE_BYTES, END, read))[0]).toBe(102)
  expect(asked).toEqual([0, 1, 1, 2])
})

it('tells of an error where the bytes are asked for, and not before', async () => {
  const { read } = fileOf()
  const failing = (into: Buffer, position: number) =>
    position === PAGE_BYTES ? Promise.reject(new Error('EIO')) : read(into, position)
  const ahead = new ReadAhead()
  expect((await ahead.piece(0, PAGE_BYTES, END, failing))[0]).toBe(1)
  await expect(ahead.piece(PAGE_BYTES, PAGE_BYTES, END, failing)).rejects.toThrow('EIO')
  await ahead.end()
})
