import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { connect, createTamtam } from '#app/index.ts'
import { Processes } from '../../../bench/run/processes.ts'
import { pathOf } from '../../../bench/run/tools.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { LineClient } from '../../harness/line-client.ts'
import { hasNats, NatsServer } from '../../harness/nats.ts'
import { until } from '../../harness/patience.ts'
import { needs } from '../../harness/tools.ts'

const PAGE = readFileSync(new URL('../../../docs/how-to/cluster.md', import.meta.url), 'utf8')
const recipeOf = (language: string) => new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'm').exec(PAGE)?.[1] ?? ''
/** Debian has it in a package of its own. */
const NGINX_STREAM = '/usr/lib/nginx/modules/ngx_stream_module.so'

/** The recipe of the page in front of two nodes. */
async function inFront(name: 'haproxy' | 'nginx', nodes: readonly number[]): Promise<number> {
  const directory = await temporaryDirectory()
  const { port, stop } = await new Processes(directory).serveOther((port) => {
    const file = join(directory, 'config')
    const [one, other] = nodes
    const recipe = recipeOf(name)
      .replace(/^.*10\.0\.0\.3.*\n/m, '')
      .replace('10.0.0.1:8268', `127.0.0.1:${one}`)
      .replace('10.0.0.2:8268', `127.0.0.1:${other}`)
      .replace(':80\n', ` 127.0.0.1:${port}\n`)
      .replace('listen 80;', `listen 127.0.0.1:${port};`)
    expect(recipe).toContain(`127.0.0.1:${port}`)
    const user = process.getuid?.() === 0 ? 'user root;' : ''
    const head = `load_module ${NGINX_STREAM}; daemon off; master_process off; ${user} pid ${directory}/pid; events {}\n`
    writeFileSync(file, name === 'nginx' ? head + recipe : recipe)
    if (name === 'haproxy') return ['haproxy', '-f', file]
    return [pathOf('nginx') ?? 'nginx', '-p', directory, '-c', file, '-e', 'stderr']
  })
  onTestFinished(stop)
  return port
}

for (const name of ['haproxy', 'nginx'] as const)
  test.skipIf(!hasNats())(
    `behind the recipe for ${name} people of two nodes are in one room, and go on at the other when theirs stops`,
    async () => {
      if (name === 'nginx') needs(name, NGINX_STREAM)
      else needs(name)
      const [nats] = await NatsServer.start(1, 'sometimes')
      if (nats === undefined) throw new Error('there is one')
      const starting = ['a', 'b'].map(async (node) => {
        const cluster = { servers: [nats.url], name: `at-${name}`, node, shards: 1, drainMs: 300 }
        const tamtam = createTamtam({ cluster })
        onTestFinished(() => tamtam.stop())
        await tamtam.start()
        return { tamtam, port: (await tamtam.listen({ port: 0, trustProxy: ['127.0.0.1'] })).port }
      })
      const nodes = await Promise.all(starting)
      const balancer = await inFront(
        name,
        nodes.map(({ port }) => port),
      )
      const sessions = await Promise.all(
        ['ani', 'budi', 'cici', 'dewi'].map((person) =>
          connect(`${person}@127.0.0.1:${balancer}/lobby`, { settings: { firstRetryMs: 5, mostRetryMs: 100 } }),
        ),
      )
      onTestFinished(async () => void (await Promise.all(sessions.map((session) => session.close()))))
      const netcat = await LineClient.join(balancer, 'eka')
      const texts: string[][] = sessions.map(() => [])
      for (const [index, session] of sessions.entries())
        session.events$.subscribe((event) => event.type === 'said' && texts[index]?.push(`${event.seq} ${event.text}`))
      const say = async (round: string) => {
        for (const [index, session] of sessions.entries())
          expect(await session.send({ type: 'say', text: `${round}${index}` })).toMatchObject({
            type: 'ack',
          })
      }
      await say('before ')
      await netcat.until(/before 3/)
      const stopping = nodes[0]?.tamtam.stop('it is upgraded')
      await say('during ')
      await stopping
      await say('after ')
      await until('all of it', () => texts.every((lines) => lines.length === 12))
      for (const lines of texts) expect(lines).toEqual(texts[0])
      expect(texts[0]?.map((line) => Number(line.split(' ')[0]))).toEqual(
        Array.from({ length: 12 }, (_, index) => index + 1),
      )
      expect((await fetch(`http://127.0.0.1:${balancer}/readyz`)).status).toBe(200)
    },
  )
