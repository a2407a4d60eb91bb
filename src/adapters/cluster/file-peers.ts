import type { Digest } from '#domain/ports/file-store.ts'

/** What became of the wish to have a copy. `copying`: it is on its way; ask again. `refused`: that node cannot have one. */
export type CopyState = 'kept' | 'copying' | 'refused'

/** The files of the other nodes of a cluster. Each call rejects where the node cannot be reached. */
export interface FilePeers {
  /** The names of the nodes that live, but this one. */
  readonly others: readonly string[]
  /** For how long there has been none. */
  readonly aloneMs: number
  /**
   * The bytes of a file from `from` on, as it grows: they end where it is whole, and throw where they break off. Undefined: that node has nothing of it.
   * The signal ends them.
   */
  read(node: string, id: string, from: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined>
  /** Has the node get a copy from this one. With a digest the copy is to be whole, and to have that; answers after some seconds at the latest. */
  copy(node: string, id: string, digest?: Digest): Promise<CopyState>
  /** Those of these files that the node has not got whole. */
  lacking(node: string, ids: readonly string[]): Promise<readonly string[]>
}

/** What other nodes ask for. */
export interface NodeFiles {
  /** As `FilePeers.read`. `size`: of a whole file. */
  give(
    id: string,
    from: number,
  ): Promise<{ readonly bytes: AsyncIterable<Uint8Array>; readonly size?: number } | undefined>
  /** As `FilePeers.copy`, for the node `source`. */
  copyFrom(source: string, id: string, digest?: Digest): Promise<CopyState>
  lacking(ids: readonly string[]): Promise<readonly string[]>
}
