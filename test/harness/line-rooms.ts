import { randomBytes } from 'node:crypto'
import { sha256Of } from './bytes.ts'
import { type HostOptions, startHost } from './host.ts'
import { type InBandFile, LineClient } from './line-client.ts'

// What belongs together on the wire is kept apart by this much, so that a test is not a minute of silences.
const APART_MS = 5

/** A host, and those of these names with netcat in its room. */
export async function room(names: readonly string[], options: HostOptions = {}) {
  const host = await startHost({ ...options, line: { apartMs: APART_MS, ...options.line } })
  const members: LineClient[] = []
  for (const name of names) members.push(await LineClient.join(host.port, name))
  return { ...host, members: members as [LineClient, LineClient, LineClient, LineClient] }
}

export const files = (count: number) => (client: LineClient) => client.files.length >= count
export const exact = (name: string, content: Uint8Array | string): Partial<InBandFile> => ({
  name,
  size: Buffer.byteLength(content),
  sha256: sha256Of(content),
})
export const random = (bytes: number): Buffer => randomBytes(bytes)

/** A host, and two with netcat in its room. */
export async function pair(options: HostOptions = {}) {
  const { members, ...host } = await room(['ani', 'budi'], options)
  const [ani, budi] = members
  return { ...host, ani, budi }
}
