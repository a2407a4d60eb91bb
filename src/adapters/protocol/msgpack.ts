import { Packr, Unpackr } from 'msgpackr'

/** msgpack, as `msgpack-in-pages.ts` does it in browsers: `#msgpack` in package.json names both. */

const packr = new Packr({ useRecords: false, variableMapSize: true })
const unpackr = new Unpackr({ useRecords: false, copyBuffers: true, mapsAsObjects: true, int64AsType: 'number' })

/** In a buffer of its own: the packer answers a view on one that is much larger, and that it goes on to use. */
export const pack = (value: object): Uint8Array => new Uint8Array(packr.pack(value))

/** For bytes that the prescan has passed. Throws where it cannot be decoded. */
export const unpack = (bytes: Uint8Array): unknown => unpackr.unpack(bytes)
