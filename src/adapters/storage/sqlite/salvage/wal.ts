import { PAGE_SIZE } from '../schema.ts'

/** One version of one page. */
export interface Frame {
  readonly page: number
  readonly bytes: Buffer
}

/** What a write-ahead log holds, read by hand. */
export interface WalScan {
  /** The frames of whole commits, oldest first, those behind a damaged place too. */
  readonly frames: readonly Frame[]
  /** What is wrong, where commits that were complete lie behind a damaged place: SQLite would forget them. */
  readonly damage: string | undefined
  readonly bytes: Buffer
}

const HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24
const MAGIC_LITTLE_ENDIAN = 0x377f0682
/** A damaged commit's own mark and one more: commits follow each other only when the one before was synced. */
const COMMITS_THAT_PROVE_DAMAGE = 2

/** Reads a log as in https://sqlite.org/fileformat2.html#walformat. */
export const scanWal = (bytes: Buffer): WalScan => {
  if (bytes.length < HEADER_BYTES + FRAME_HEADER_BYTES + PAGE_SIZE) return { frames: [], damage: undefined, bytes }
  const [first, second] = sums(bytes, 0, 24, 0, 0)
  const headerHolds =
    bytes.readUInt32BE(0) === MAGIC_LITTLE_ENDIAN &&
    bytes.readUInt32BE(8) === PAGE_SIZE &&
    bytes.readUInt32BE(24) === first &&
    bytes.readUInt32BE(28) === second
  // Each run of the log has salts of its own; frames with others are left from an earlier run.
  const salts = bytes.subarray(headerHolds ? 16 : HEADER_BYTES + 8).subarray(0, 8)
  const frames: Frame[] = []
  let chain: readonly [number, number] | undefined = headerHolds ? [first, second] : undefined
  let committed = 0
  let commitsBehindDamage = 0
  for (
    let at = HEADER_BYTES;
    at + FRAME_HEADER_BYTES + PAGE_SIZE <= bytes.length;
    at += FRAME_HEADER_BYTES + PAGE_SIZE
  ) {
    const isOfThisRun = bytes.compare(salts, 0, 8, at + 8, at + 16) === 0
    if (chain !== undefined) chain = isOfThisRun ? continued(bytes, at, chain) : undefined
    if (!isOfThisRun) continue
    const body = at + FRAME_HEADER_BYTES
    frames.push({ page: bytes.readUInt32BE(at), bytes: bytes.subarray(body, body + PAGE_SIZE) })
    if (bytes.readUInt32BE(at + 4) === 0) continue
    committed = frames.length
    if (chain === undefined) commitsBehindDamage += 1
  }
  const isDamaged = commitsBehindDamage >= COMMITS_THAT_PROVE_DAMAGE
  return {
    frames: frames.slice(0, committed),
    damage: isDamaged ? 'the log is damaged in the middle' : undefined,
    bytes,
  }
}

/** The running checksum after the frame at `at`, undefined when the frame does not carry it. */
const continued = (bytes: Buffer, at: number, chain: readonly [number, number]): [number, number] | undefined => {
  const [header0, header1] = sums(bytes, at, at + 8, ...chain)
  const body = at + FRAME_HEADER_BYTES
  const [sum0, sum1] = sums(bytes, body, body + PAGE_SIZE, header0, header1)
  return bytes.readUInt32BE(at + 16) === sum0 && bytes.readUInt32BE(at + 20) === sum1 ? [sum0, sum1] : undefined
}

const sums = (bytes: Buffer, from: number, to: number, start0: number, start1: number): [number, number] => {
  let sum0 = start0
  let sum1 = start1
  for (let at = from; at < to; at += 8) {
    sum0 = (sum0 + bytes.readUInt32LE(at) + sum1) >>> 0
    sum1 = (sum1 + bytes.readUInt32LE(at + 4) + sum0) >>> 0
  }
  return [sum0, sum1]
}
