import type { WholeFile } from '#domain/room/events.ts'

/** What the addresses of the routes hold. */
export interface FileAddress {
  readonly room?: string
  readonly name?: string
  readonly id?: string
}

/** A whole file, for whoever has just sent it. */
export const wholeJson = (file: WholeFile, url: string) => ({
  id: file.id,
  name: file.name,
  size: file.size,
  sha256: file.sha256,
  url,
  ...(file.audience === undefined ? {} : { audience: file.audience }),
})
