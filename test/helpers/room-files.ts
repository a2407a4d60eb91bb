import { ask } from './http-client.ts'

export interface ListedFile {
  readonly id: string
  readonly name: string
  readonly status: 'whole' | 'arriving' | 'paused'
  readonly size?: number
  readonly sha256?: string
  readonly offset?: number
  readonly verified: number
}

/** What a room has, as the host lists it. */
export async function filesOf(port: number, room = 'lobby'): Promise<readonly ListedFile[]> {
  const { json } = await ask(port, `GET /rooms/${room}/files`)
  return (json as { files: ListedFile[] }).files
}
