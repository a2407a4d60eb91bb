import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ChaosProxy } from '../harness/chaos-proxy.ts'
import { CliProcess } from '../harness/cli-process.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { HostProcess } from '../harness/host-process.ts'
import { hasNats, NatsServer } from '../harness/nats.ts'
import { until } from '../harness/patience.ts'

const MIB = 1024 * 1024
const LARGE_BYTES = 200_000_000

test.skipIf(!hasNats())(
  'a file that was acknowledged outlives the kill of its node; tamtam send goes on with an upload at another node once its own is killed; what is removed is gone at one that was away',
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

    /** Of the files of a node, in order. */
    const sizes = async (node: string) => {
      const names = await readdir(join(data, node, 'files'))
      const all = names.map(async (name) => (await stat(join(data, node, 'files', name))).size)
      return (await Promise.all(all)).toSorted((one, other) => one - other)
    }

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

    const large = join(data, 'large.bin')
    await writeFile(large, randomBytes(LARGE_BYTES))
    const proxy = await ChaosProxy.open(b.port)
    proxy.up.bytesPerSecond = LARGE_BYTES / 10
    const sending = CliProcess.run(['send', `127.0.0.1:${proxy.port}`, large])
    await until('its copy', async () => ((await sizes('c')).at(-1) ?? 0) > LARGE_BYTES / 5)
    await b.host.kill()
    proxy.target = c.port
    proxy.cutAll('end')
    proxy.up.bytesPerSecond = undefined
    const sent = await sending
    expect([sent.code, sent.errors]).toEqual([0, expect.stringMatching(/large\.bin/)])

    expect((await fetch(`${at(c)}/files/${id}`, { method: 'DELETE' })).status).toBe(204)
    ;[a, b] = await Promise.all([start('a'), start('b')])
    await until('its end', async () => !(await kept('a', id)))
    // What it had of the upload is gone, and the whole file is read from another.
    await until('its part', async () => (await sizes('b')).every((size) => size === 0))
    const [file] = ((await (await fetch(`${at(b)}/rooms/lobby/files`)).json()) as { files: { id: string }[] }).files
    const got = createHash('sha256')
    for await (const piece of (await fetch(`${at(b)}/files/${file?.id}`)).body ?? []) got.update(piece)
    expect(got.digest('hex')).toBe(
      createHash('sha256')
        .update(await readFile(large))
        .digest('hex'),
    )
    for (const { host } of [a, b, c]) expect(await host.stop()).toBe(0)
    const doctor = await CliProcess.run(['doctor', '--data', join(data, 'c')])
    expect(doctor.out.toString()).toMatch(/files .*(?:1 file of 200 MB|1 at other nodes)/)
  },
)
