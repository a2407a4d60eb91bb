import { expect, it, test } from 'vitest'
import { PAGE_BYTES, PageCache, ReadAhead } from '#storage/disk/page-cache.ts'

/** A file of bytes that are told apart by the page they are in, and how often it was read. */
const file = () => {
  const reads: number[] = []
  const read = async (into: Buffer, position: number): Promise<number> => {
    reads.push(position)
    await new Promise((resolve) => setImmediate(resolve))
    into.fill(position / PAGE_BYTES)
    return into.length
  }
  return { reads, read }
}

test('ten readers of a page cause one read, and get the same memory', async () => {
  const { reads, read } = file()
  const pages = new PageCache()
  const readers = Array.from({ length: 10 }, () => pages.piece('a', 7 * PAGE_BYTES + 5, 8 * PAGE_BYTES, read))
  const pieces = await Promise.all(readers)
  expect(reads).toEqual([7 * PAGE_BYTES])
  expect(new Set(pieces.map(({ bytes }) => bytes.buffer)).size).toBe(1)
  for (const { bytes } of pieces) expect(bytes).toHaveLength(PAGE_BYTES - 5)
})

test('a page of a file that grows is read on from where it ended, and nobody gets more than there was', async () => {
  const { reads, read } = file()
  const pages = new PageCache()
  const ask = async (at: number, end: number): Promise<number> => (await pages.piece('a', at, end, read)).bytes.length
  expect(await Promise.all([ask(0, 100), ask(0, 100), ask(50, 300), ask(200, 300)])).toEqual([100, 100, 50, 100])
  expect(await ask(90, 95)).toBe(5)
  expect(await ask(300, 5 * PAGE_BYTES)).toBe(PAGE_BYTES - 300)
  expect(reads).toEqual([0, 100, 300])
})

test('eight pages are kept, those that were used last, of all files together', async () => {
  const { reads, read } = file()
  const pages = new PageCache()
  const ask = (id: string, page: number) => pages.piece(id, page * PAGE_BYTES, (page + 1) * PAGE_BYTES, read)
  for (let page = 0; page < 7; page += 1) await ask('a', page)
  await ask('b', 0)
  await ask('a', 0)
  await ask('b', 1)
  reads.length = 0
  for (const page of [0, 6]) await ask('a', page)
  expect(reads).toEqual([])
  await ask('a', 1)
  expect(reads).toEqual([PAGE_BYTES])
})

test('what was dropped is read again, and a read that failed is tried by the next', async () => {
  const { reads, read } = file()
  const pages = new PageCache()
  await pages.piece('a', 0, 10, read)
  await pages.piece('b', 0, 10, read)
  pages.drop('a')
  await pages.piece('a', 0, 10, read)
  await pages.piece('b', 0, 10, read)
  expect(reads).toEqual([0, 0, 0])
  const fails = pages.piece('b', 10, 20, () => Promise.reject(new Error('unreadable')))
  const waits = pages.piece('b', 10, 20, read)
  await Promise.all([expect(fails).rejects.toThrow('unreadable'), expect(waits).rejects.toThrow('unreadable')])
  expect((await pages.piece('b', 10, 20, read)).bytes).toHaveLength(10)
})

test('memory that was given back is the next page, but none that somebody has or keeps', async () => {
  const { read } = file()
  const pages = new PageCache()
  const ask = (page: number) => pages.piece('a', page * PAGE_BYTES, (page + 1) * PAGE_BYTES, read)
  const kept = await ask(0)
  const lent = await ask(1)
  const twice = await ask(1)
  lent.end()
  // Eight others push both out of the pages that are remembered.
  for (let page = 2; page < 10; page += 1) (await ask(page)).end()
  const next = await ask(10)
  for (const { bytes } of [kept, twice]) expect(next.bytes.buffer).not.toBe(bytes.buffer)
  expect(new Set([...kept.bytes])).toEqual(new Set([0]))
  expect(new Set([...twice.bytes])).toEqual(new Set([1]))
  twice.end()
  expect((await ask(11)).bytes.buffer).not.toBe(kept.bytes.buffer)
  expect((await ask(12)).bytes.buffer).not.toBe(kept.bytes.buffer)
  const seen = new Set<ArrayBufferLike>()
  for (let page = 20; page < 60; page += 1) {
    const borrowed = await ask(page)
    seen.add(borrowed.bytes.buffer)
    borrowed.end()
  }
  expect(seen.size).toBeLessThanOrEqual(10)
})

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
