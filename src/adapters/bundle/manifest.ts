import * as v from 'valibot'
import { checkRoomName } from '#domain/names/room-name.ts'
import { count, map, parsed, sha256, text } from '#protocol/schema.ts'
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

/** The contents of a bundle, in their order. */
export interface Manifest {
  readonly rooms: readonly RoomPart[]
  readonly files: readonly Part[]
}

/** A reader's limits for a bundle. */
export interface BundleLimits {
  /** Bytes of the manifest, and of one line of a room. */
  readonly manifestBytes: number
  readonly lineBytes: number
  /** Entries of all rooms together. */
  readonly entries: number
  /** Bytes of empty space that may follow the end: archives are filled up to whole records. */
  readonly fillBytes: number
}

export const MANIFEST = 'manifest.json'
export const SUMS = 'SHA256SUMS'
const FORMAT = 'tamtam-bundle'
const VERSION = 1

export const roomPath = (index: number): string => `rooms/${String(index + 1).padStart(5, '0')}.jsonl`
export const filePath = (sha256: string): string => `files/${sha256}`

export const partsOf = ({ rooms, files }: Manifest): readonly Part[] => [...rooms, ...files]

export const encodeManifest = ({ rooms, files }: Manifest): Uint8Array =>
  Buffer.from(`${JSON.stringify({ format: FORMAT, version: VERSION, rooms, files })}\n`)

/** In the format of `sha256sum -c`: for people with an archive and no tamtam. */
export const encodeSums = (manifest: Manifest, manifestSha256: string): Uint8Array =>
  Buffer.from(
    [{ path: MANIFEST, sha256: manifestSha256 }, ...partsOf(manifest)]
      .map(({ path, sha256 }) => `${sha256}  ${path}\n`)
      .join(''),
  )

const head = map({ format: text, version: count })
const part = { path: text, size: count, sha256 }
const contents = map({ rooms: v.array(map({ name: text, entries: count, ...part })), files: v.array(map(part)) })

/** Throws `BadBundle` on anything that this version does not write. */
export function decodeManifest(bytes: Uint8Array): Manifest {
  const value = jsonIn(bytes)
  const about = parsed(head, value)
  if (about !== undefined && about.format !== FORMAT) throw new BadBundle('it is not one of tamtam')
  if (about !== undefined && about.version !== VERSION)
    throw new BadBundle('a newer tamtam made it; import it with that one')
  const manifest = about && parsed(contents, value)
  if (manifest === undefined) throw new BadBundle('its list of contents is damaged')
  const names = new Set<string>()
  for (const [index, { name, path }] of manifest.rooms.entries()) {
    if (checkRoomName(name) !== name) throw new BadBundle('a room in it has a name that no room can have')
    if (names.size === names.add(name).size) throw new BadBundle('a room is in it twice')
    checkPath(path, roomPath(index))
  }
  const digests = new Set<string>()
  for (const { sha256, path } of manifest.files) {
    if (digests.size === digests.add(sha256).size) throw new BadBundle('a file is in it twice')
    checkPath(path, filePath(sha256))
  }
  return manifest
}

function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch (cause) {
    throw new BadBundle('its list of contents is damaged', { cause })
  }
}

/** Paths are ours to make: the list must have just these. */
function checkPath(path: string, ours: string): void {
  if (path !== ours) throw new BadBundle('a part of it has another name than it must have')
}
