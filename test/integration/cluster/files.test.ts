import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { createTamtam, type Tamtam } from '#app/tamtam.ts'
import type { DropLink } from '#domain/room/room-access.ts'
import { CliProcess } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { ask } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { hasNats, NatsServer } from '../../harness/nats.ts'
import { until } from '../../harness/patience.ts'
import { newIdentity } from '../../harness/tls.ts'

const isHere = hasNats()
const MIB = 1024 * 1024
const TUS = { 'Tus-Resumable': '1.0.0', 'Content-Type': 'application/offset+octet-stream' }

interface Node {
  readonly tamtam: Tamtam
  readonly port: number
  readonly at: string
}

describe.skipIf(!isHere)('files of a cluster', () => {
  let nats: NatsServer
  const nodes: Node[] = []
  const node = (index: number): Node => nodes[index] as Node

  /** The others come to its first port, which may be one of TLS. */
  const start = async (name: string, tls?: Awaited<ReturnType<typeof newIdentity>>): Promise<Node> => {
    const tamtam = createTamtam({ cluster: { servers: [nats.url], node: name, shards: 1 }, founders: true })
    await tamtam.start()
    if (tls !== undefined) await tamtam.listen({ port: 0, tls })
    const { port } = await tamtam.listen({ port: 0 })
    return { tamtam, port, at: `http://127.0.0.1:${port}` }
  }

  beforeAll(async () => {
    nats = (await NatsServer.start(1, 'sometimes'))[0] as NatsServer
    nodes.push(await start('a', await newIdentity()), await start('b'), await start('c'))
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

  test('folders, archives, bytes that the room has already, and raw bytes for netcat are the same at every node', async () => {
    const cici = await LineClient.join(node(2).port)
    const tree = await temporaryDirectory()
    await writeFile(join(tree, 'a.txt'), 'satu')
    const tar = execFileSync('tar', ['-C', tree, '-cf', '-', '.'])
    const { json } = await ask(node(0).port, 'PUT /lobby/photos/', { body: tar, as: 'ani' })
    const { url } = json as { url: string }
    const { sha256 } = await put(node(0), 'raw.bin', randomBytes(100_000))
    await until('the bytes', () => cici.files.some((file) => file.sha256 === sha256))
    await cici.leave()
    expect((await ask(node(1).port, `GET ${url}/a.txt`)).bytes.toString()).toBe('satu')
    for (const { port } of nodes) {
      const archive = await ask(port, 'GET /rooms/lobby/files.zip')
      expect([archive.status, archive.bytes.includes('photos/a.txt')]).toEqual([200, true])
    }
    const bytes = randomBytes(1000)
    await put(node(0), 'one.bin', bytes)
    const digest = createHash('sha256').update(bytes).digest('base64')
    for (const { port } of nodes) {
      const again = () =>
        ask(port, 'PUT /lobby/two.bin', { body: bytes, headers: { 'Repr-Digest': `sha-256=:${digest}:` } })
      const { status, json } = await again()
      expect([200, 201]).toContain(status)
      const { id } = json as { id: string }
      for (const each of nodes) expect((await get(each, id)).bytes.equals(bytes)).toBe(true)
    }
  })

  test('what was handed in at any node is seen by the moderators at every node, and by nobody else', async () => {
    const guru = await node(0).tamtam.engine.join({ room: 'kelas', name: 'guru', role: 'owner' })
    expect(await guru.send({ type: 'startCollection' })).toMatchObject({ type: 'ack' })
    const asisten = await node(2).tamtam.engine.join({ room: 'kelas', name: 'asisten', role: 'owner' })
    for (const [index, name] of ['ani', 'budi', 'cici'].entries())
      expect((await ask(node(index).port, 'PUT /kelas/essay.txt', { body: name, as: name })).status).toBe(201)
    for (const moderator of [guru, asisten]) {
      await until('all', async () => (await moderator.handIns()).people.flatMap(({ files }) => files).length === 3)
      for (const { name, files } of (await moderator.handIns()).people)
        for (const { file } of files) {
          const pieces: Uint8Array[] = []
          for await (const piece of moderator.download(file.id)) pieces.push(piece)
          expect(Buffer.concat(pieces).toString()).toBe(name)
        }
    }
    const seen = await ask(node(1).port, 'GET /rooms/kelas/files', { as: 'dodi' })
    expect(seen.json).toMatchObject({ files: [] })
    await Promise.all([guru.close(), asisten.close()])
  })

  test('by a drop link files go in at any node, and an upload by it goes on at another; taken back, it ends at every one', async () => {
    const guru = await node(0).tamtam.engine.join({ room: 'tugas', name: 'guru', role: 'owner' })
    const access = node(0).tamtam.roomAccess(guru)
    const { id: linkId, path } = (await access.addDropLink()) as DropLink
    await until('the link', async () => (await fetch(`${node(1).at}${path}facts`)).status === 200)
    expect((await ask(node(1).port, `PUT ${path}essay.txt`, { body: 'kerja', as: 'ani' })).status).toBe(201)
    const bytes = randomBytes(1000)
    const made = await ask(node(1).port, `POST ${path}files`, {
      headers: { 'Tus-Resumable': '1.0.0', 'Upload-Length': '1000', 'Upload-Metadata': `filename ${btoa('b.bin')}` },
      as: 'budi',
    })
    const at = String(made.headers['location'])
    const patch = (port: number, from: number, to: number) =>
      ask(port, `PATCH ${at}`, {
        headers: { ...TUS, 'Upload-Offset': String(from) },
        body: bytes.subarray(from, to),
        as: 'budi',
      })
    expect((await patch(node(1).port, 0, 400)).status).toBe(204)
    expect((await ask(node(2).port, `HEAD ${at}`, { headers: TUS, as: 'budi' })).headers['upload-offset']).toBe('400')
    expect((await patch(node(2).port, 400, 1000)).status).toBe(204)
    await until('both', () => guru.files.filter(({ status }) => status === 'whole').length === 2)
    await access.revokeDropLink(linkId)
    for (const { port } of nodes)
      await until('its end', async () => (await ask(port, `PUT ${path}x`, { body: 'x' })).status === 404)
    await guru.close()
  })

  test('a node that is lost for good is forgotten: its uploads end and are named, and what it had is copied again', async () => {
    const lost = await start('lost')
    const { id } = await put(lost, 'kept.bin', randomBytes(1000))
    const made = await fetch(`${lost.at}/rooms/lobby/files`, {
      method: 'POST',
      headers: { ...TUS, 'Upload-Length': '1000', 'Upload-Metadata': `filename ${btoa('begun.bin')}` },
    })
    const path = made.headers.get('location') ?? ''
    const forget = (name: string) => CliProcess.run(['cluster', 'forget', name, '--cluster', nats.url, '--json'])
    expect((await forget('lost')).code).toBe(2)
    await lost.tamtam.stop()
    await until('that it is gone', async () => (await fetch(`${node(1).at}${path}`, { method: 'HEAD' })).status === 503)
    const { code, said, errors } = await forget('lost')
    expect([code, said, errors]).toEqual([
      0,
      [{ v: 1, type: 'forgotten', node: 'lost', copying: 1, lost: [{ room: 'lobby', name: 'begun.bin' }] }],
      '',
    ])
    for (const { at } of nodes)
      await until('its end', async () => (await fetch(`${at}${path}`, { method: 'HEAD' })).status === 404)
    expect((await get(node(2), id)).status).toBe(200)
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
