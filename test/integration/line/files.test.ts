import { expect, test } from 'vitest'
import { SENTINEL } from '#server/line/sentinel.ts'
import { sha256Of } from '../../harness/bytes.ts'
import { caughtUp } from '../../harness/line-client.ts'
import { exact, files, random, room } from '../../harness/line-rooms.ts'

const MARK = SENTINEL.toString()

test('C18, C19: a SEND line split anywhere begins a file, and what follows it in a segment is its body', async () => {
  const { members } = await room(['ani', 'budi'])
  const [ani, budi] = members
  const line = 'SEND a\n'
  for (let at = 1; at < line.length; at++) await ani.writeApart(line.slice(0, at), `${line.slice(at)}DATA${MARK}`)
  await budi.until(files(line.length - 1))
  for (const file of budi.files) expect(file).toMatchObject(exact('a', 'DATA'))
  expect(budi.talk).toEqual([])
  expect(ani.files).toEqual([])
  expect(ani.lines.filter((each) => each.includes('is in the room: 4 B'))).toHaveLength(line.length - 1)
})

test('C20: the end mark ends a file wherever it is split, and byte by byte', async () => {
  const { members } = await room(['ani', 'budi'])
  const [ani, budi] = members
  const body = random(100)
  for (let at = 1; at < MARK.length; at++)
    await ani.writeApart('SEND a\n', Buffer.concat([body, SENTINEL.subarray(0, at)]), SENTINEL.subarray(at))
  await ani.writeByteByByte(Buffer.concat([Buffer.from('SEND a\n'), body, SENTINEL, Buffer.from('and text\n')]))
  await budi.until('<ani> and text')
  expect(budi.files).toHaveLength(MARK.length)
  for (const file of budi.files) expect(file).toMatchObject(exact('a', body))
})

test('C21: a beginning of the mark in front of the mark belongs to the file', async () => {
  const { members } = await room(['ani', 'budi'])
  const [ani, budi] = members
  const bodies = ['/', '//AGUEL', '//AGUEL//TAMTA', '//AGUEL//']
  for (const body of bodies) await ani.writeApart('SEND a\n', `${body}${MARK}`)
  await budi.until(files(bodies.length))
  expect(budi.files).toEqual(bodies.map((body) => expect.objectContaining(exact('a', body))))
})

test('C22: what follows the mark in the same segment is the next line, or the next file', async () => {
  const { members } = await room(['ani', 'budi'])
  const [ani, budi] = members
  ani.write(`SEND a\nA${MARK}next\nSEND b\nB${MARK}SEND c\nC${MARK}last\n`)
  await budi.until('<ani> last')
  expect(budi.files.map(({ name, sha256 }) => [name, sha256])).toEqual(
    ['a', 'b', 'c'].map((name) => [name, sha256Of(name.toUpperCase())]),
  )
  expect(budi.talk).toEqual(['<ani> next', '<ani> last'])
})

test('C23: a mark inside a body cuts the file, and what is behind it is not spoken', async () => {
  const { members } = await room(['ani', 'budi'])
  const [ani, budi] = members
  ani.write(Buffer.concat([Buffer.from(`SEND a\nA${MARK}`), Buffer.of(0, 1, 2, 0xff), Buffer.from('\nSEND x\n')]))
  await ani.closed()
  await budi.until(/^\* ani left/)
  expect(ani.errors.join('\n')).toContain('SUSPECT_END')
  expect(budi.files).toEqual([])
  expect(budi.talk).toEqual([])
  expect(budi.lines.some((line) => line.startsWith('* a from ani is gone: '))).toBe(true)
})

test('C23: where what is behind a mark inside could be text, the size shows that the file was cut', async () => {
  const { members } = await room(['ani', 'budi', 'chandra'])
  const [ani, budi, chandra] = members
  await chandra.ask('/files links', /^\* files come as a line/)
  ani.write(`SEND a\nA${MARK}B\nSEND x\n`)
  expect(await ani.until(/a is in the room: /)).toContain(`a is in the room: 1 B, sha256 ${sha256Of('A')}`)
  expect(await chandra.until(/^\* file \[/)).toContain(`a from ani: 1 B, sha256 ${sha256Of('A')}`)
  await budi.until('* ani is sending x')
  expect(budi.files).toEqual([expect.objectContaining(exact('a', 'A'))])
  expect(budi.talk).toEqual(['<ani> B'])
})

test.each([
  ['C24: with a mark inside', `before${MARK}after`],
  ['C25: with all but the last slash of a mark at the end', 'x//AGUEL//TAMTAM/'],
  ['C25: with all but the last two slashes of a mark at the end', 'x//AGUEL//TAMTAM'],
])('%s a file is announced, not streamed', async (_case, body) => {
  const { members } = await room(['ani', 'budi'])
  const [ani, budi] = members
  ani.write(`/put ${body.length} with mark\n${body}behind it\n`)
  await budi.until('<ani> behind it')
  expect(budi.files).toEqual([])
  const told = budi.lines.filter((line) => line.startsWith('* file ['))
  expect(told).toEqual([
    expect.stringMatching(
      new RegExp(`with mark from ani: ${body.length} B, sha256 ${sha256Of(body)} http://127.0.0.1:\\d+/files/\\w{32}/`),
    ),
  ])
  expect(budi.bytes.includes(MARK)).toBe(false)
})

test('C25: what only looks like the end of a mark is streamed', async () => {
  const { members } = await room(['ani', 'budi'])
  const [ani, budi] = members
  const bodies = ['x//AGUEL//TAMTA', '//AGUEL/', '/', 'AGUEL//TAMTAM//', '//AGUEL//TAMTAM/x']
  for (const body of bodies) ani.write(`/put ${body.length} a\n${body}`)
  await budi.until(files(bodies.length))
  expect(budi.files).toEqual(bodies.map((body) => expect.objectContaining(exact('a', body))))
})

test('C26, C113: an empty file is a file, and its digest is computed and told', async () => {
  const { members } = await room(['ani', 'budi'])
  const [ani, budi] = members
  ani.write(`SEND e\n${MARK}/put 0 f\nbehind\n`)
  await budi.until('<ani> behind')
  expect(budi.files).toEqual([exact('e', ''), exact('f', '')].map((file) => expect.objectContaining(file)))
  expect(ani.lines.filter((line) => line.includes(sha256Of('')))).toHaveLength(2)
})

const SIZES = [1, 2031, 2047, 2048, 2049, 4095, 4096, 2048 * 16, 65_535, 65_536, 65_537, 1_000_000]

test.each(['SEND', '/put'])('C27: files of all sizes around the borders arrive exact by %s', async (way) => {
  const { members } = await room(['ani', 'budi'], { stores: 'kept' })
  const [ani, budi] = members
  const bodies = SIZES.map(random)
  for (const [index, body] of bodies.entries()) {
    if (way === 'SEND') await ani.writeApart(`SEND f${index}\n`, body, SENTINEL)
    else await ani.writeApart(`/put ${body.length} f${index}\n`, body)
  }
  await budi.until(files(SIZES.length))
  expect(budi.files).toEqual(bodies.map((body, index) => expect.objectContaining(exact(`f${index}`, body))))
})

test('C28: what is said while a file is on the wire follows behind it, in order', async () => {
  const { members } = await room(['ani', 'budi', 'chandra'], { line: { apartMs: 300 } })
  const [ani, budi, chandra] = members
  const body = random(200_000)
  ani.write(`/put ${body.length} a\n`).write(body)
  // Budi's file is on the wire from here on, for half a second at least.
  await ani.until(/is in the room/)
  const lines = Array.from({ length: 500 }, (_, index) => `line ${index}`)
  chandra.write(lines.map((line) => `${line}\n`).join(''))
  budi.write('/topic in between\n')
  await budi.until('<chandra> line 499')
  await budi.until('* topic set')
  expect(budi.files).toEqual([expect.objectContaining(exact('a', body))])
  expect(budi.talk).toEqual(lines.map((line) => `<chandra> ${line}`))
  expect(budi.lines.indexOf('<chandra> line 0')).toBeGreaterThanOrEqual(budi.files[0]?.after as number)
  await ani.until('<chandra> line 499')
  expect(ani.talk).toEqual(lines.map((line) => `<chandra> ${line}`))
})

test('whoever pipes a file in is let go once it is answered, and does not wait for a reader’s time', async () => {
  const { members } = await room(['ani', 'budi'], { line: { halfCloseMs: 3_600_000 } })
  const [ani, budi] = members
  const body = random(3_000_000)
  await ani.writeApart(`/put ${body.length} a\n`, body)
  ani.halfClose()
  await ani.closed()
  expect(ani.lines.at(-1)).toMatch(/^\* \[.{8}\] a is in the room: 3 MB/)
  await budi.until(files(1))
  expect(budi.files).toEqual([expect.objectContaining(exact('a', body))])
})

test('C29: two files at once from two senders reach a third one after the other, both exact', async () => {
  const { members } = await room(['ani', 'budi', 'chandra'], { stores: 'kept' })
  const [ani, budi, chandra] = members
  const [one, two] = [random(3_000_000), random(3_000_000)]
  ani.write('SEND one\n')
  budi.write('SEND two\n')
  for (let at = 0; at < one.length; at += 100_000)
    await Promise.all([ani.writeApart(one.subarray(at, at + 100_000)), budi.writeApart(two.subarray(at, at + 100_000))])
  ani.write(SENTINEL)
  budi.write(SENTINEL)
  await Promise.all([chandra.until(files(2)), ani.until(files(1)), budi.until(files(1))])
  expect(chandra.files).toHaveLength(2)
  expect(chandra.files).toEqual(
    expect.arrayContaining([exact('one', one), exact('two', two)].map((file) => expect.objectContaining(file))),
  )
  expect(ani.files).toEqual([expect.objectContaining(exact('two', two))])
  expect(budi.files).toEqual([expect.objectContaining(exact('one', one))])
})

test.each(['reset', 'halfClose'] as const)('C30: of a file whose sender goes (%s) nobody gets a byte', async (way) => {
  const { members, tamtam } = await room(['ani', 'budi', 'chandra'])
  const [ani, budi, chandra] = members
  await ani.writeApart('SEND a\n', random(100_000))
  await budi.until('* ani is sending a')
  ani[way]()
  await budi.until(/^\* a from ani is gone: /)
  budi.write('/files\n')
  await budi.until('* 0 files in lobby; /get brings one here')
  budi.write('behind it\n')
  await chandra.until('<budi> behind it')
  for (const { bytes, files } of [budi, chandra]) expect([files, bytes.includes(MARK)]).toEqual([[], false])
  expect(tamtam.engine.uploads).toBe(0)
})

test('C28: /files links asks for a line instead of bytes, /get for the bytes after all', async () => {
  const { members } = await room(['ani', 'budi'])
  const [ani, budi] = members
  await budi.ask('/files links', /^\* files come as a line/)
  const body = random(5000)
  ani.write('/put 5000 my file\n').write(body)
  const told = await budi.until(/^\* file \[/)
  expect(told).toMatch(
    new RegExp(`my file from ani: 5 kB, sha256 ${sha256Of(body)} http://127.0.0.1:\\d+/files/\\w{32}/my%20file$`),
  )
  expect(budi.files).toEqual([])
  budi.write(`/get ${told.slice(8, 16)}\n`)
  await budi.until(files(1))
  expect(budi.files).toEqual([expect.objectContaining(exact('my_file', body))])
  await caughtUp(ani, budi)
})
