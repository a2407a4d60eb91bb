import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SENTINEL } from '#server/line/sentinel.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { exact, files, random, room } from '../../harness/line-rooms.ts'

const MARK = SENTINEL.toString()

test('C30: a sized file that ends early is none', async () => {
  const { members } = await room(['ani', 'budi'])
  const [ani, budi] = members
  await ani.writeApart('/put 1000 a\n', random(999))
  ani.halfClose()
  await budi.until(/^\* a from ani is gone: /)
  await ani.until(/^! TRANSFER_CUT /)
})

test('C30: a file pipelined behind another is cut when its sender half-closes', async () => {
  const { members } = await room(['ani', 'budi'])
  const [ani, budi] = members
  ani.write(`SEND a\nA${MARK}SEND b\nhalf`).halfClose()
  await budi.until(/^\* b from ani is gone: /)
  await budi.until(files(1))
  expect(budi.files).toEqual([expect.objectContaining(exact('a', 'A'))])
})

test('C31: a file without an end is refused at the limit, and its sender stays', async () => {
  const data = await temporaryDirectory()
  const { members } = await room(['ani', 'budi'], { data, freeSpaceFloorBytes: 0, limits: { maxFileBytes: 1_000_000 } })
  const [ani, budi] = members
  ani.write('SEND a\n')
  const block = random(64 * 1024)
  let sent = 0
  while (ani.errors.length === 0) {
    await ani.writeApart(block)
    sent += block.length
  }
  expect(sent).toBeGreaterThan(1_000_000)
  await budi.until(/^\* a from ani is gone: /)
  await expect.poll(() => readdir(join(data, 'files'))).toEqual([])
  expect(ani.errors[0]).toMatch(/^! FILE_TOO_LARGE /)
  ani.write(`still the file${MARK}text again\n`)
  await budi.until('<ani> text again')
  expect(budi.files).toEqual([])
  expect(budi.talk).toEqual(['<ani> text again'])
})

test('C31: a file that says it is over the limit is refused at once, its bytes are read over', async () => {
  const { members } = await room(['ani', 'budi'], { stores: 'kept', limits: { maxFileBytes: 1000 } })
  const [ani, budi] = members
  const body = random(2000)
  ani.write('/put 2000 a\n').write(body).write('text again\n')
  await budi.until('<ani> text again')
  expect(budi.talk).toEqual(['<ani> text again'])
  expect(ani.errors).toEqual([expect.stringMatching(/^! FILE_TOO_LARGE /)])
})

test('C32: SEND, then silence: the upload fails, and the connection goes on at its mark', async () => {
  const { members, tamtam } = await room(['ani', 'budi'], { line: { uploadStallMs: 100 } })
  const [ani, budi] = members
  ani.write('SEND a\n')
  await budi.until(/^\* a from ani is gone: /)
  await ani.until(/^! TRANSFER_STALLED /)
  expect(tamtam.engine.uploads).toBe(0)
  ani.write(`too late${MARK}text\n`)
  await budi.until('<ani> text')
  expect(budi.files).toEqual([])
})

test('C114: only so many files arrive at once; the next is refused and may come later', async () => {
  const { members } = await room(['ani', 'budi', 'chandra'], { limits: { uploadsPerHost: 2 } })
  const [ani, budi, chandra] = members
  ani.write('SEND a\nA')
  budi.write('SEND b\nB')
  await chandra.until('* ani is sending a')
  await chandra.until('* budi is sending b')
  chandra.write(`SEND c\nC${MARK}text\n`)
  await chandra.until(/^! TOO_MANY_FILES /)
  ani.write(MARK)
  await chandra.until(files(1))
  chandra.write(`SEND c\nC${MARK}`)
  await ani.until(files(1))
  expect(ani.files).toEqual([expect.objectContaining(exact('c', 'C'))])
})
