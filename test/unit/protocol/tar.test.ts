import fc from 'fast-check'
import { Header, Pax } from 'tar'
import { expect, test } from 'vitest'
import { headersOf, MODES, sumsNameBeside, type TarMember } from '#protocol/tar.ts'

const TYPES = { file: 'File', link: 'SymbolicLink', folder: 'Directory' } as const

/** As another program writes it, whose archives are on hosts already. */
function asBefore(member: TarMember): Buffer {
  const { type } = member
  const path = type === 'folder' ? `${member.path}/` : member.path
  const size = type === 'file' ? member.size : 0
  const link = type === 'link' ? { linkpath: member.target } : {}
  const mtime = new Date(member.modified * 1000)
  const mode = MODES[type === 'file' && member.executable ? 'executable' : type]
  const nobody = { uid: 0, gid: 0, uname: '', gname: '' }
  const header = new Header({ path, size, mtime, ...link, mode, ...nobody, type: TYPES[type] })
  const isLong = header.encode()
  const block = header.block as Buffer
  return isLong ? Buffer.concat([new Pax({ path, size, mtime, ...link }).encode(), block]) : block
}

const letters = ['a', 'B', '.', ' ', 'é', '家', '😀', '_']
const part = fc.oneof(
  fc.array(fc.constantFrom(...letters), { minLength: 1, maxLength: 60 }).map((all) => `n${all.join('')}`),
  fc.integer({ min: 1, max: 255 }).map((length) => 'n'.repeat(length)),
  fc.integer({ min: 1, max: 85 }).map((length) => '家'.repeat(length)),
)
const path = fc.array(part, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('/'))
const modified = fc.integer({ min: 0, max: 8 ** 11 - 1 })
const size = fc.oneof(fc.nat(2000), fc.constantFrom(0, 8 ** 11 - 1, 8 ** 11, 2 ** 40 + 5, Number.MAX_SAFE_INTEGER))
const member: fc.Arbitrary<TarMember> = fc.oneof(
  fc.record({ type: fc.constant('file' as const), path, modified, size, executable: fc.boolean() }),
  fc.record({ type: fc.constant('folder' as const), path, modified }),
  fc.record({ type: fc.constant('link' as const), path, modified, target: path }),
)

test('the same member has the same header as ever, so that an interrupted upload goes on', () => {
  fc.assert(
    fc.property(member, (each) => {
      expect(Buffer.from(headersOf(each)).equals(asBefore(each))).toBe(true)
    }),
    { numRuns: 3000 },
  )
})

test('the digests have a name that no member has on any system', () => {
  const of = (...paths: string[]) => sumsNameBeside(paths.map((each) => ({ path: each })))
  expect(of('a', 'b/SHA256SUMS')).toBe('SHA256SUMS')
  expect(of('sha256sums')).toBe('SHA256SUMS (2)')
  expect(of('SHA256SUMS/a', 'SHA256SUMS (2)')).toBe('SHA256SUMS (3)')
})
