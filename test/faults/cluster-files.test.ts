import { randomBytes } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CliProcess } from '../harness/cli-process.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { HostProcess } from '../harness/host-process.ts'
import { hasNats, NatsServer } from '../harness/nats.ts'
import { until } from '../harness/patience.ts'

const MIB = 1024 * 1024
const TUS = { 'Tus-Resumable': '1.0.0', 'Content-Type': 'application/offset+octet-stream' }

test.skipIf(!hasNats())(
  'a file that was acknowledged outlives the kill of its node; an upload waits for its own, and tamtam send goes on with it at another; what is removed is gone at one that was away',
  async () => {
    const [nats] = await NatsServer.start(1, 'sometimes')
    if (nats === undefined) throw new Error('there is one')
    const data = await temporaryDirectory()
    const start = (node: string) =>
      HostProcess.start(['--data', join(data, node), '--cluster', nats.url, '--node', node, '--unattended'])
    let [a, b] = [await start('a'), await start('b')]
    const c = await start('c')
    const at = ({ port }: { readonly port: number }) => `http://127.0.0.1:${port}`
    const kept = async (node: string, id: string) => (await readdir(join(data, node, 'files'))).includes(id)

    const bytes = randomBytes(8 * MIB)
    const put = await fetch(`${at(a)}/lobby/a.bin`, { method: 'PUT', body: bytes })
    const { id } = (await put.json()) as { id: string }
    await a.host.kill()
    expect(put.status).toBe(201)
    expect((await Promise.all(['b', 'c'].map((node) => kept(node, id)))).filter(Boolean)).toHaveLength(1)
    for (const node of [b, c]) {
      const got = await fetch(`${at(node)}/files/${id}`)
      expect([got.status, Buffer.from(await got.arrayBuffer()).equals(bytes)]).toEqual([200, true])
    }

    const made = await fetch(`${at(b)}/rooms/lobby/files`, {
      method: 'POST',
      headers: { ...TUS, 'Upload-Length': String(bytes.length), 'Upload-Metadata': `filename ${btoa('b.bin')}` },
      body: bytes.subarray(0, 5 * MIB),
    })
    const path = made.headers.get('location') ?? ''
    expect([made.status, made.headers.get('upload-offset')]).toEqual([201, String(5 * MIB)])
    await b.host.kill()
    const ask = () => fetch(`${at(c)}${path}`, { method: 'HEAD', headers: TUS })
    await until('that its node is gone', async () => (await ask()).status === 503)
    expect((await ask()).headers.get('tamtam-code')).toBe('BUSY')

    expect((await fetch(`${at(c)}/files/${id}`, { method: 'DELETE' })).status).toBe(204)
    ;[a, b] = await Promise.all([start('a'), start('b')])
    await until('its end', async () => !(await kept('a', id)))
    await until('its upload', async () => (await ask()).headers.get('upload-offset') === String(5 * MIB))
    await writeFile(join(data, 'b.bin'), bytes)
    const sent = await CliProcess.run(['send', `127.0.0.1:${c.port}`, join(data, 'b.bin')])
    expect([sent.code, sent.errors]).toEqual([0, expect.stringMatching(/resumes at 6\d %/)])
    const whole = await fetch(`${at(a)}${path}`)
    expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true)
    for (const { host } of [a, b, c]) expect(await host.stop()).toBe(0)
    const doctor = await CliProcess.run(['doctor', '--data', join(data, 'c')])
    expect(doctor.out.toString()).toMatch(/files .*(?:1 file of 8\.4 MB|1 at other nodes)/)
  },
)
