import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import type { ImportLimits } from '#app/cli/import.ts'
import { encodeManifest, encodeSums, type Manifest, type Part } from '#bundle/manifest.ts'
import { paddingOf, tarHeader } from '#bundle/tar.ts'
import { TAR_END } from '#protocol/tar.ts'
import { sha256Of } from '../../../../harness/bytes.ts'
import { fileId, person, Shelf } from './carry.ts'

const BYTES = Buffer.from('some bytes of a file')
const FILE = { id: fileId('a'), name: 'a.txt', size: BYTES.length, sha256: sha256Of(BYTES) }
const SAID = { type: 'said', seq: 1, at: 10, by: person('ani'), text: 'halo' }
const COMPLETED = { type: 'fileCompleted', seq: 2, at: 11, by: person('ani'), file: FILE }

/** A bundle of whatever lines and files somebody wants, with every digest right. */
function forged(lines: readonly unknown[], change: (manifest: Manifest) => Manifest = (same) => same): Buffer {
  const text = Buffer.from(lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''))
  const room = {
    path: 'rooms/00001.jsonl',
    name: 'lobby',
    entries: lines.length,
    size: text.length,
    sha256: sha256Of(text),
  }
  const file = { path: `files/${FILE.sha256}`, size: BYTES.length, sha256: FILE.sha256 }
  const manifest = change({ rooms: [room], files: [file] })
  const list = encodeManifest(manifest)
  return archive([
    ['manifest.json', list],
    ...manifest.rooms.map(({ path }): [string, Uint8Array] => [path, text]),
    ...manifest.files.map(({ path }): [string, Uint8Array] => [path, BYTES]),
    ['SHA256SUMS', encodeSums(manifest, sha256Of(list))],
  ])
}

const archive = (files: readonly [string, Uint8Array][]): Buffer =>
  Buffer.concat([
    ...files.flatMap(([path, bytes]) => [
      tarHeader(path, bytes.length),
      bytes,
      new Uint8Array(paddingOf(bytes.length)),
    ]),
    TAR_END,
  ])

const good = () => forged([SAID, COMPLETED])

/** It must be refused, and nothing of it be there. */
async function refused(bundle: Uint8Array, code = 'BAD_BUNDLE', limits: Partial<ImportLimits> = {}): Promise<void> {
  const shelf = new Shelf()
  await expect(shelf.import(bundle, limits)).rejects.toMatchObject({ code })
  expect((await shelf.journal.rooms()).size).toBe(0)
  expect(await shelf.fileStore.size(FILE.id)).toBeUndefined()
  expect(await shelf.fileStore.durable(FILE.id)).toBeUndefined()
}

test('the forger of this test makes bundles that are taken', async () => {
  expect(await new Shelf().import(good())).toEqual({ rooms: 1, messages: 1, files: 1 })
})

test('a bundle with any one bit flipped is refused, and leaves nothing behind', async () => {
  const bundle = good()
  for (let at = 0; at < bundle.length; at++) {
    const flipped = Buffer.from(bundle)
    flipped[at]! ^= 1 << (at % 8)
    await refused(flipped)
  }
})

test('a bundle that ends early is refused at every length, and leaves nothing behind', async () => {
  const bundle = good()
  for (let length = 0; length < bundle.length; length += 7) await refused(bundle.subarray(0, length))
  await refused(bundle.subarray(0, -1))
})

test('empty space behind the end is what archives have; anything else, or too much of it, is refused', async () => {
  expect(await new Shelf().import(Buffer.concat([good(), Buffer.alloc(9216)]))).toMatchObject({ rooms: 1 })
  await refused(Buffer.concat([good(), Buffer.from([1])]))
  await refused(Buffer.concat([good(), Buffer.alloc(20_000)]), 'BAD_BUNDLE', { fillBytes: 10_000 })
})

describe('C38 a part may be named nothing but what it is', () => {
  const named = (path: string) =>
    forged([SAID, COMPLETED], ({ rooms, files }) => ({
      rooms,
      files: files.map((file: Part) => ({ ...file, path })),
    }))
  test.each(['../../etc/passwd', '/etc/passwd', 'files/../x', `files/${'0'.repeat(64)}`, 'rooms/00001.jsonl'])(
    '%s',
    (path) => refused(named(path)),
  )
})

describe('what the list of contents may not be', () => {
  test.each<[string, (manifest: Manifest) => Manifest]>([
    ['a room twice', ({ rooms, files }) => ({ rooms: [...rooms, { ...rooms[0]!, path: 'rooms/00002.jsonl' }], files })],
    ['a file twice', ({ rooms, files }) => ({ rooms, files: [...files, ...files] })],
    ['without the file it speaks of', ({ rooms }) => ({ rooms, files: [] })],
    ['a room that no room can be called', ({ rooms, files }) => ({ rooms: [{ ...rooms[0]!, name: '../x' }], files })],
    ['more entries than there are', ({ rooms, files }) => ({ rooms: [{ ...rooms[0]!, entries: 3 }], files })],
    ['fewer entries than there are', ({ rooms, files }) => ({ rooms: [{ ...rooms[0]!, entries: 1 }], files })],
    ['another size', ({ rooms, files }) => ({ rooms, files: [{ ...files[0]!, size: 1 }] })],
    ['a size beyond numbers', ({ rooms, files }) => ({ rooms, files: [{ ...files[0]!, size: 1e300 }] })],
    ['another digest', ({ rooms, files }) => ({ rooms: [{ ...rooms[0]!, sha256: '0'.repeat(64) }], files })],
  ])('%s', (_, change) => refused(forged([SAID, COMPLETED], change)))

  test('too long', () => refused(good(), 'BAD_BUNDLE', { manifestBytes: 100 }))
  test('more entries than a host takes', () => refused(good(), 'BAD_BUNDLE', { entries: 1 }))
})

describe('what a line may not be', () => {
  test.each<[string, unknown]>([
    ['no JSON', '{'],
    ['no entry', 'null'],
    ['deep', '['.repeat(50_000)],
    ['longer than a line may be', JSON.stringify({ ...SAID, text: 'x'.repeat(200_000) })],
    ['a text that no room would keep', { ...SAID, text: 'x'.repeat(17_000) }],
    ['half a character', { ...SAID, text: '\ud800' }],
    ['an empty text', { ...SAID, text: '' }],
    ['a name that acts on a terminal', { ...SAID, by: { ...SAID.by, name: '\u001b[2J' } }],
    ['a member id with a line end', { ...SAID, by: { ...SAID.by, id: 'a\nb' } }],
    ['a time that no date has', { ...SAID, at: 9e15 }],
    ['a negative time', { ...SAID, at: -1 }],
    ['somebody made an op', { type: 'opped', seq: 1, at: 1, by: SAID.by, to: SAID.by, person: 'p' }],
    ['presence', { type: 'joined', by: SAID.by }],
    ['an id that is a path', { ...COMPLETED, file: { ...FILE, id: '../../../etc/passwd' } }],
    ['a name that is a folder', { ...COMPLETED, file: { ...FILE, name: '..' } }],
    ['a size that the file has not', { ...COMPLETED, file: { ...FILE, size: 1 } }],
    [
      'a receipt of a file that is not in it',
      { ...COMPLETED, type: 'fileReceived', file: { ...FILE, id: fileId('z') } },
    ],
  ])('%s', (_, line) => refused(forged([line])))
})

test('C104 a line cannot reach beyond itself', async () => {
  const shelf = new Shelf()
  await shelf.import(forged([`{"__proto__":{"polluted":1},${JSON.stringify(SAID).slice(1)}`, COMPLETED]))
  expect(Object.keys((await shelf.entries('lobby'))[0]!)).not.toContain('polluted')
  expect('polluted' in {}).toBe(false)
})

test('C39 the name of a file is made safe', async () => {
  const shelf = new Shelf()
  await shelf.import(forged([{ ...COMPLETED, file: { ...FILE, name: '..\\..\\evil\u202e.exe' } }]))
  expect(await shelf.entries('lobby')).toMatchObject([{ file: { name: 'evil.exe' } }])
})

test('a file that another room has is not taken over', async () => {
  const shelf = new Shelf()
  await shelf.put(FILE.id, BYTES)
  await shelf.add('yard', { type: 'fileCompleted', at: 1, by: person('ani'), file: FILE })
  await expect(shelf.import(good())).rejects.toMatchObject({ code: 'BAD_BUNDLE' })
  expect(await shelf.fileStore.size(FILE.id)).toBe(BYTES.length)
})

describe('C114 what has no room is refused before anything is there', () => {
  test('the quota of a room', () => refused(good(), 'DISK_FULL', { roomQuotaBytes: BYTES.length - 1 }))
  test('the files of a host', () =>
    refused(forged([COMPLETED, { ...COMPLETED, file: { ...FILE, id: fileId('b') } }]), 'TOO_MANY_FILES', {
      filesPerHost: 1,
    }))
})

test('what a killed import left in the file store, whole or not, is no obstacle to the next one', async () => {
  for (const left of [BYTES, Buffer.from('other bytes')]) {
    const shelf = new Shelf()
    await shelf.put(FILE.id, left)
    expect(await shelf.import(good())).toMatchObject({ files: 1 })
    const pieces: Uint8Array[] = []
    for await (const piece of shelf.fileStore.read(FILE.id)) pieces.push(piece)
    expect(Buffer.concat(pieces)).toEqual(BYTES)
  }
})

test('a store that fails at the last step takes the files back', async () => {
  const shelf = new Shelf()
  shelf.journal.append = async () => ({ status: 'readOnly', message: 'the disk is full' })
  await expect(shelf.import(good())).rejects.toMatchObject({ code: 'DISK_FULL' })
  expect(await shelf.fileStore.size(FILE.id)).toBeUndefined()
})

test('the size of a file beyond 8 GiB is written as other archivers read it', () => {
  for (const size of [8 ** 11 - 1, 8 ** 11, 123_456_789_012]) {
    // No bytes follow: tar lists the header and then says that the archive is short.
    const { stdout } = spawnSync('tar', ['--numeric-owner', '-tvf', '-'], { input: tarHeader('files/a', size) })
    expect(stdout.toString()).toMatch(new RegExp(`^-rw------- 0/0 +${size} .* files/a\n`))
  }
})
