import { expect, test } from 'vitest'
import { ScpDecoder, type ScpMessage } from '#server/ssh/scp/codec.ts'
import { type Init, type Malformed, type Request, SftpDecoder } from '#server/ssh/sftp/codec.ts'
import { seededNumbers } from '../../../harness/seeded-numbers.ts'

const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
/** Packets of SFTP, and as many lines of scp. */
const count = Number(process.env['FUZZ_COUNT'] ?? 1_000_000)
/** Of one session, which is decoded whole and again in pieces. */
const AT_ONCE = 1000
/** Different packets; those of a session are drawn from them. */
const PACKETS = 2000

const next = seededNumbers(seed)
const oneOf = <Each>(all: readonly Each[]): Each => all[next(all.length)] as Each
const bytesOf = (length: number): Buffer => Buffer.from(Array.from({ length }, () => next(256)))

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}
const text = (bytes: Buffer): Buffer => Buffer.concat([uint32(bytes.length), bytes])

/** Any type, any fields behind it, in their length. */
function packet(): Buffer {
  const fields = Array.from({ length: next(5) }, () =>
    next(3) === 0 ? uint32(next(2 ** 31)) : text(bytesOf(next(24))),
  )
  const body = Buffer.concat([Buffer.from([oneOf([next(30), 200, next(256)])]), uint32(next(2 ** 31)), ...fields])
  return text(Buffer.concat([body, Buffer.alloc(next(40))]))
}

type Item = Request | Init | Malformed | ScpMessage

/** As a text, for two runs to be compared. */
const sumOf = (item: Item): string => {
  const { type } = item
  if ('data' in item) return `${type} ${item.id} ${item.offset} ${item.data.toString('latin1')}`
  return JSON.stringify(item)
}

function inPieces(bytes: Buffer, most: number, take: (piece: Buffer) => void): void {
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + next(most)
    take(bytes.subarray(at, end))
    at = end
  }
}

test(`the codec of SFTP takes any bytes, however they are split (seed ${seed})`, () => {
  const isMalformed = (bytes: Buffer) => new SftpDecoder().push(bytes)[0]?.type === 'malformed'
  const all = Array.from({ length: PACKETS * 3 }, packet)
  const [packets, bad] = [all.filter((each) => !isMalformed(each)), all.filter(isMalformed)]
  // Of 6,000 about 1,000 are the rarer kind, whatever the seed.
  expect(Math.min(packets.length, bad.length)).toBeGreaterThan(PACKETS / 4)
  for (let run = 0; run < count / AT_ONCE; run++) {
    const bytes = Buffer.concat(Array.from({ length: AT_ONCE }, () => oneOf(next(3000) === 0 ? bad : packets)))
    const whole = new SftpDecoder().push(bytes)
    const decoder = new SftpDecoder()
    let seen = 0
    inPieces(bytes, 400, (piece) => {
      for (const item of decoder.push(piece)) {
        const same = whole[seen++]
        if (same === undefined || item.type !== same.type || (run % 8 === 0 && sumOf(item) !== sumOf(same)))
          expect.fail(`seed ${seed}, run ${run}: packet ${seen} is another in pieces`)
      }
    })
    if (seen !== whole.length) expect.fail(`seed ${seed}, run ${run}: ${seen} in pieces, ${whole.length} whole`)
  }
})

const LINES = ['C0644 5 a b\nhalo!\0', 'D0755 0 d\n', 'E\n', 'T1 0 1 0\n', '\0', '\u0001cut\n', 'C0600 0 é\n\0'].map(
  (line) => Buffer.from(line),
)

test(`the codec of scp takes any bytes, however they are split (seed ${seed})`, () => {
  const decoded = (decoder: ScpDecoder, into: ScpMessage[]) => {
    for (let message = decoder.next(); message !== undefined; message = decoder.next()) {
      if (message.type === 'file') decoder.accept(message.size)
      // How many pieces the bytes of a file come in is nobody's promise.
      if (message.type !== 'bytes') into.push(message)
    }
  }
  for (let run = 0; run < count / AT_ONCE; run++) {
    const parts = Array.from({ length: AT_ONCE }, () => (next(3000) === 0 ? bytesOf(1 + next(40)) : oneOf(LINES)))
    const bytes = Buffer.concat(parts)
    const [whole, pieces]: [ScpMessage[], ScpMessage[]] = [[], []]
    const [one, other] = [new ScpDecoder(), new ScpDecoder()]
    one.push(bytes)
    decoded(one, whole)
    inPieces(bytes, 400, (piece) => {
      other.push(piece)
      decoded(other, pieces)
    })
    if (whole.length !== pieces.length) expect.fail(`seed ${seed}, run ${run}: ${pieces.length} of ${whole.length}`)
    for (const [index, message] of whole.entries())
      if (message.type !== pieces[index]?.type || (run % 8 === 0 && sumOf(message) !== sumOf(pieces[index] as Item)))
        expect.fail(`seed ${seed}, run ${run}: message ${index} is another in pieces`)
  }
})
