import { ask } from './http-client.ts'

export interface FileRow {
  readonly id: string
  readonly name: string
  readonly by: string
  readonly at: number
  readonly status: 'whole' | 'arriving' | 'paused'
  readonly size?: number
  readonly sha256?: string
  readonly offset?: number
  readonly url: string
  readonly verified: number
}

/** What a room shows of its files; a folder is one. */
export async function filesOf(port: number, room = 'lobby'): Promise<readonly FileRow[]> {
  const { json } = await ask(port, `GET /rooms/${room}/files?folders=1`)
  return (json as { files: readonly FileRow[] }).files
}

/** Puts a file into the lobby and answers what the host says of it. */
export async function putFile(port: number, name: string, body: string | Buffer): Promise<FileRow> {
  const { status, text } = await ask(port, `PUT /lobby/${encodeURIComponent(name)}`, { body })
  if (status !== 201) throw new Error(`PUT was answered ${status} ${text}`)
  return JSON.parse(text) as FileRow
}
