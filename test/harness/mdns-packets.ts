/** Packets of multicast DNS (RFC 1035, 6762), made by hand. */

const [PTR, TXT, SRV, A, ANY] = [12, 16, 33, 1, 255]
const SERVICE = '_tamtam._tcp.local'

const short = (...numbers: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(numbers.length * 2)
  for (const [index, number] of numbers.entries()) bytes.writeUInt16BE(number, index * 2)
  return bytes
}
const nameOf = (name: string): Buffer =>
  Buffer.concat([
    ...name.split('.').map((label) => Buffer.concat([Buffer.of(Buffer.byteLength(label)), Buffer.from(label)])),
    Buffer.of(0),
  ])
const question = (name: string, type: number): Buffer => Buffer.concat([nameOf(name), short(type, 1)])
const record = (name: string, type: number, data: Buffer): Buffer =>
  Buffer.concat([nameOf(name), short(type, 1, 0, 120, data.length), data])

/** A question for hosts. */
export const asking = (times = 1): Buffer =>
  Buffer.concat([short(0, 0, times, 0, 0, 0), ...Array.from({ length: times }, () => question(SERVICE, PTR))])

/** What a host says of itself. */
export function announcing(name: string, port: number): Buffer {
  const fqdn = `${name}.${SERVICE}`
  return Buffer.concat([
    short(0, 0x8400, 0, 4, 0, 0),
    record(SERVICE, PTR, nameOf(fqdn)),
    record(fqdn, SRV, Buffer.concat([short(0, 0, port), nameOf('host.local')])),
    record(fqdn, TXT, Buffer.concat([Buffer.of(5), Buffer.from('tls=1'), Buffer.of(7), Buffer.from('token=0')])),
    record('host.local', A, Buffer.of(10, 77, 0, 1)),
  ])
}

const samples = (name: string): readonly Buffer[] => [
  asking(),
  Buffer.concat([short(0, 0, 1, 0, 0, 0), question(`${name}.${SERVICE}`, ANY)]),
  announcing(name, 8268),
]

/** Bytes that mean something here: lengths, pointers to other names, types, flags. */
const SPECIAL = [0, 1, 12, 16, 33, 41, 47, 250, 255, 0x3f, 0x40, 0x80, 0xc0, 0x84]

/** A packet in which a few bytes are others, are gone, stand twice, or come from another packet; sometimes nothing but noise. */
export function mutatedPacket(random: () => number): Buffer {
  const pick = <T>(from: readonly T[]): T => from[random() % from.length] as T
  if (random() % 16 === 0) return Buffer.from(Array.from({ length: random() % 200 }, () => random() % 256))
  const known = samples(`x${random() % 100}`)
  let bytes: Buffer = Buffer.from(pick(known))
  for (let times = random() % 5; times > 0; times--) {
    const at = random() % Math.max(1, bytes.length)
    switch (random() % 5) {
      case 0:
        bytes[at] = random() % 256
        break
      case 1:
        bytes[at] = pick(SPECIAL)
        break
      case 2:
        bytes = bytes.subarray(0, at)
        break
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at + (random() % 40)), bytes.subarray(at)])
        break
      default: {
        const other = pick(known)
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(random() % other.length)])
      }
    }
  }
  return bytes
}
