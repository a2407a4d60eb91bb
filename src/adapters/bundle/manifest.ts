import { checkRoomName } from '#domain/names/room-name.ts'
import { BadMessage, Fields } from '#protocol/fields.ts'
import { BadBundle } from './bad-bundle.ts'

/** One file of the archive. */
export interface Part {
  readonly path: string
  readonly size: number
  /** 64 hexadecimal digits. */
  readonly sha256: string
}

export interface RoomPart extends Part {
  readonly name: string
  readonly entries: number
}

/** What a bundle holds, in the order in which it comes. */
export interface Manifest {
  readonly rooms: readonly RoomPart[]
  readonly files: readonly Part[]
}

/** What a reader takes of a bundle. */
export interface BundleLimits {
  readonly manifestBytes: number
  readonly lineBytes: number
  /** Of all rooms together. */
  readonly entries: number
  /** Bytes of empty space that may follow the end: archives are filled up to whole records. */
  readonly fillBytes: number
}

export const MANIFEST = 'manifest.json'
export const SUMS = 'SHA256SUMS'
const FORMAT = 'tamtam-bundle'
const VERSION = 1
const SHA256 = /^[0-9a-f]{64}$/

export const roomPath = (index: number): string => `rooms/${String(index + 1).padStart(5, '0')}.jsonl`
export const filePath = (sha256: string): string => `files/${sha256}`

export const partsOf = ({ rooms, files }: Manifest): readonly Part[] => [...rooms, ...files]

export const encodeManifest = ({ rooms, files }: Manifest): Uint8Array =>
  Buffer.from(`${JSON.stringify({ format: FORMAT, version: VERSION, rooms, files })}\n`)

/** As `sha256sum -c` reads it: for people who have an archive and no tamtam. */
export const encodeSums = (manifest: Manifest, manifestSha256: string): Uint8Array =>
  Buffer.from(
    [{ path: MANIFEST, sha256: manifestSha256 }, ...partsOf(manifest)]
      .map(({ path, sha256 }) => `${sha256}  ${path}\n`)
      .join(''),
  )

/** Throws `BadBundle` on what this version does not write. */
export function decodeManifest(bytes: Uint8Array): Manifest {
  try {
    const fields = new Fields(JSON.parse(Buffer.from(bytes).toString()))
    if (fields.text('format') !== FORMAT) throw new BadBundle('it is not one of tamtam')
    if (fields.count('version') !== VERSION) throw new BadBundle('a newer tamtam made it; import it with that one')
    const names = new Set<string>()
    const rooms = fields.list('rooms').map((each, index) => {
      const room = new Fields(each)
      const name = room.text('name')
      if (checkRoomName(name) !== name) throw new BadBundle('a room in it has a name that no room can have')
      if (names.size === names.add(name).size) throw new BadBundle('a room is in it twice')
      return { name, entries: room.count('entries'), ...partFrom(room, roomPath(index)) }
    })
    const digests = new Set<string>()
    const files = fields.list('files').map((each) => {
      const file = new Fields(each)
      const sha256 = file.shaped('sha256', SHA256)
      if (digests.size === digests.add(sha256).size) throw new BadBundle('a file is in it twice')
      return partFrom(file, filePath(sha256))
    })
    return { rooms, files }
  } catch (cause) {
    if (cause instanceof BadMessage || cause instanceof SyntaxError)
      throw new BadBundle('its list of contents is damaged', { cause })
    throw cause
  }
}

/** Paths are ours to make: what the list says must be just that. */
function partFrom(fields: Fields, path: string): Part {
  if (fields.text('path') !== path) throw new BadBundle('a part of it has another name than it must have')
  return { path, size: fields.count('size'), sha256: fields.shaped('sha256', SHA256) }
}
