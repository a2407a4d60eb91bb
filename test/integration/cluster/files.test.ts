import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { createTamtam, type Tamtam } from '#app/tamtam.ts'
import { hasNats, NatsServer } from '../../harness/nats.ts'
import { until } from '../../harness/patience.ts'

const isHere = hasNats()
const MIB = 1024 * 1024
const TUS = { 'Tus-Resumable': '1.0.0', 'Content-Type': 'application/offset+octet-stream' }

interface Node {
  readonly tamtam: Tamtam
  readonly at: string
}

describe.skipIf(!isHere)('files of a cluster', () => {
  let nats: NatsServer
  const nodes: Node[] = []
  const node = (index: number): Node => nodes[index] as Node

  const start = async (name: string): Promise<Node> => {
    const tamtam = createTamtam({ cluster: { servers: [nats.url], node: name, shards: 1 }, founders: true })
    await tamtam.start()
    const { port } = await tamtam.listen({ port: 0 })
    return { tamtam, at: `http://127.0.0.1:${port}` }
  }

  beforeAll(async () => {
    nats = (await NatsServer.start(1, 'sometimes'))[0] as NatsServer
    for (const name of ['a', 'b', 'c']) nodes.push(await start(name))
    return async () => {
      await Promise.all(nodes.map(({ tamtam }) => tamtam.stop()))
      await nats.kill()
    }
  })

  const put = async ({ at }: Node, name: string, bytes: Uint8Array) => {
    const answer = await fetch(`${at}/lobby/${name}`, { method: 'PUT', body: bytes })
    expect([answer.status, await answer.clone().text()]).toEqual([201, expect.anything()])
    return (await answer.json()) as { readonly id: string; readonly url: string; readonly sha256: string }
  }
  const get = async ({ at }: Node, id: string, headers: Record<string, string> = {}) => {
    let answer = await fetch(`${at}/files/${id}`, { headers })
    // What another node has appended is here in a moment.
    await until('the file', async () => {
      if (answer.status === 404) answer = await fetch(`${at}/files/${id}`, { headers })
      return answer.status !== 404
    })
    return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) }
  }

  test('what came in at one node is read at every other, whole, in part, and by many at once', async () => {
    const bytes = randomBytes(3 * MIB + 17)
    const { id } = await put(node(0), 'a.bin', bytes)
    const all = await Promise.all([1, 1, 2, 1].map((index) => get(node(index), id)))
    for (const { status, bytes: got } of all) expect([status, got.equals(bytes)]).toEqual([200, true])
    const { id: other } = await put(node(1), 'b.bin', bytes.subarray(0, MIB))
    const part = await get(node(2), other, { Range: 'bytes=1000-1999' })
    expect([part.status, part.bytes.equals(bytes.subarray(1000, 2000))]).toEqual([206, true])
  })

  test('an upload is followed at another node as it grows, and goes on there', async () => {
    const bytes = randomBytes(2 * MIB)
    const made = await fetch(`${node(0).at}/rooms/lobby/files`, {
      method: 'POST',
      headers: { ...TUS, 'Upload-Length': String(bytes.length), 'Upload-Metadata': `filename ${btoa('c.bin')}` },
    })
    expect(made.status).toBe(201)
    const path = made.headers.get('location') ?? ''
    const id = /[0-9a-f]{32}/.exec(path)?.[0] ?? ''
    const patch = ({ at }: Node, from: number, to: number) =>
      fetch(`${at}${path}`, {
        method: 'PATCH',
        headers: { ...TUS, 'Upload-Offset': String(from) },
        body: bytes.subarray(from, to),
      })
    expect((await patch(node(0), 0, MIB)).status).toBe(204)
    const following = get(node(2), id)
    await until('the upload', async () => {
      const { status, headers } = await fetch(`${node(1).at}${path}`, { method: 'HEAD', headers: TUS })
      return status === 200 && headers.get('upload-offset') === String(MIB)
    })
    expect((await patch(node(1), 0, 10)).status).toBe(409)
    const last = await patch(node(1), MIB, bytes.length)
    expect([last.status, last.headers.get('upload-offset')]).toEqual([204, String(bytes.length)])
    const { status, bytes: got } = await following
    expect([status, got.equals(bytes)]).toEqual([200, true])
  })

  test('what is removed at one node is gone at every one', async () => {
    const { id } = await put(node(0), 'd.bin', randomBytes(1000))
    await get(node(1), id)
    expect((await fetch(`${node(0).at}/files/${id}`, { method: 'DELETE' })).status).toBe(204)
    for (const { at } of nodes) await until('its end', async () => (await fetch(`${at}/files/${id}`)).status === 404)
  })

  test('a request that no node has signed finds nothing', async () => {
    const { id } = await put(node(0), 'e.bin', randomBytes(1000))
    const none = await fetch(`${node(0).at}/nothing/files/${id}?from=0`)
    const forged = `${Date.now()}.${'n'.repeat(16)}..${'s'.repeat(43)}`
    for (const headers of [{}, { 'Tamtam-Node': forged }, { 'Tamtam-Node': 'x' }] as Record<string, string>[]) {
      const answer = await fetch(`${node(0).at}/cluster/files/${id}?from=0`, { headers })
      expect([answer.status, await answer.text()]).toEqual([none.status, await none.clone().text()])
    }
  })
})
