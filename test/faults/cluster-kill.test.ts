import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../harness/directory.ts'
import { HostProcess } from '../harness/host-process.ts'
import { hasNats, NatsServer } from '../harness/nats.ts'
import { until } from '../harness/patience.ts'

/** What is killed or stopped while members talk; each time one thing, or two servers at once. */
const KILLS = Number(process.env['CLUSTER_KILLS'] ?? 5)
const BETWEEN_MS = 700
const DOWN_MS = 400
const MEMBERS = 4
const ROOMS = ['lobby', 'dapur'] as const
const ANSWER_MS = 4000

interface Line {
  readonly seq: number
  readonly text: string
}

/** One of three nodes, over its lives: each begins with the data of the one before. */
class Node {
  readonly #args: readonly string[]
  #host: HostProcess | undefined
  port = 0

  constructor(name: string, data: string, servers: string) {
    this.#args = ['host', '--json', '--quiet', '--port', '0', '--data', data, '--cluster', servers, '--node', name]
  }

  async start(): Promise<void> {
    // A node that meets no server that answers yet says so and ends.
    for (;;) {
      const host = new HostProcess(this.#args)
      try {
        this.port = (await host.listening()).port
        this.#host = host
        return
      } catch (error) {
        if (host.running) throw error
        await pause(BETWEEN_MS)
      }
    }
  }

  async kill(): Promise<void> {
    this.port = 0
    await this.#host?.kill()
  }

  signal(signal: NodeJS.Signals): void {
    this.#host?.child.kill(signal)
  }

  stop(): Promise<number | NodeJS.Signals | null> | undefined {
    return this.#host?.stop()
  }
}

const any = <T>(things: readonly T[]): T => things[randomInt(things.length)] as T

/** Says one line after the other, each under an id, to whichever node; again where it was not answered. Answers the number of each. */
async function speak(
  nodes: readonly Node[],
  name: string,
  room: string,
  isOver: () => boolean,
): Promise<Map<string, number>> {
  const acknowledged = new Map<string, number>()
  for (let count = 1; !isOver(); count++) {
    const text = `${name} ${count}`
    for (let seq: number | undefined; seq === undefined; ) {
      seq = await say(any(nodes).port, room, { name, id: `${name}-${count}`, text })
      if (seq === undefined) await pause(20)
      else acknowledged.set(text, seq)
    }
  }
  return acknowledged
}

/** The number that a line got; undefined where there was no answer, or none yet. */
async function say(
  port: number,
  room: string,
  { name, id, text }: Record<'name' | 'id' | 'text', string>,
): Promise<number | undefined> {
  const asking = fetch(`http://127.0.0.1:${port}/rooms/${room}/messages`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'Idempotency-Key': id,
      Authorization: `Basic ${btoa(`${name}:`)}`,
    },
    body: JSON.stringify({ text }),
    signal: AbortSignal.timeout(ANSWER_MS),
  })
  const response = await asking.catch(() => undefined)
  const answer = (await response?.json().catch(() => undefined)) as { seq?: number } | undefined
  if (response === undefined || answer === undefined || response.status >= 500) return undefined
  // Anything else would be refused for ever.
  expect([200, 201], JSON.stringify(answer)).toContain(response.status)
  return answer.seq
}

/** Reads a room live, at whichever node: where that ends, it goes on at another behind what it has. */
async function follow(nodes: readonly Node[], room: string, lines: Line[], isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const { port } = any(nodes)
    const over = new AbortController()
    const watching = setInterval(() => isOver() && over.abort(), 50)
    try {
      const url = `http://127.0.0.1:${port}/rooms/${room}/events?after=${lines.at(-1)?.seq ?? 0}`
      const { body } = await fetch(url, {
        headers: { Accept: 'application/x-ndjson' },
        signal: AbortSignal.any([over.signal, AbortSignal.timeout(2000)]),
      })
      let rest = ''
      for await (const piece of body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const parts = (rest + piece).split('\n')
        rest = parts.pop() ?? ''
        for (const part of parts) take(lines, JSON.parse(part))
      }
    } catch (error) {
      if (error instanceof SyntaxError) throw error
      await pause(20)
    } finally {
      clearInterval(watching)
    }
  }
}

const take = (lines: Line[], event: { type: string; seq?: number; text?: string }): void => {
  if (event.type === 'missed') lines.push({ seq: -1, text: 'missed' })
  if (event.type === 'said') lines.push({ seq: event.seq ?? -1, text: event.text ?? '' })
  else if (event.seq !== undefined) lines.push({ seq: event.seq, text: event.type })
}

/** All of a room as one node has it. */
async function everything(port: number, room: string): Promise<Line[]> {
  const lines: Line[] = []
  for (let last = 1; (lines.at(-1)?.seq ?? 0) < last; ) {
    const url = `http://127.0.0.1:${port}/rooms/${room}/events?after=${lines.at(-1)?.seq ?? 0}&limit=500`
    // Where this process is kept from its processor, a request may be so late that it is answered as a silent line client.
    const response = await fetch(url).catch(() => undefined)
    if (response === undefined) continue
    const page = (await response.json()) as { events: { type: string; seq: number; text: string }[]; last: number }
    last = page.last
    for (const event of page.events) take(lines, event)
    if (page.events.length === 0) break
  }
  return lines
}

test.skipIf(!hasNats())(
  `C126 C132 of what three nodes on three servers acknowledge, nothing is lost, doubled or moved over ${KILLS} kills and stops`,
  async () => {
    const servers = await NatsServer.start(3)
    const urls = servers.map(({ url }) => url).join(',')
    const data = await temporaryDirectory()
    const nodes = ['a', 'b', 'c'].map((name) => new Node(name, `${data}/${name}`, urls))
    await Promise.all(nodes.map((node) => node.start()))

    let isOver = false
    const speaking = Array.from({ length: MEMBERS }, (_, index) => {
      const room = ROOMS[index % ROOMS.length] ?? 'lobby'
      return speak(nodes, `m${index}`, room, () => isOver).then((acknowledged) => ({
        room,
        name: `m${index}`,
        acknowledged,
      }))
    })
    let isRead = false
    const shown = new Map<string, Line[]>(ROOMS.map((room) => [room, []]))
    const following = Array.from(shown, ([room, lines]) => follow(nodes, room, lines, () => isRead))

    const harm = {
      'a node is killed': async () => {
        const node = any(nodes)
        await node.kill()
        await pause(DOWN_MS)
        await node.start()
      },
      'a server is killed': async () => {
        const server = any(servers)
        await server.kill()
        await pause(DOWN_MS)
        await server.start()
      },
      'a node stands still': async () => {
        const node = any(nodes)
        node.signal('SIGSTOP')
        await pause(DOWN_MS)
        node.signal('SIGCONT')
      },
      'a server stands still': async () => {
        const server = any(servers)
        server.signal('SIGSTOP')
        await pause(2 * DOWN_MS)
        server.signal('SIGCONT')
      },
      'two servers are killed': async () => {
        const [one, other] = servers
        await Promise.all([one?.kill(), other?.kill()])
        await pause(DOWN_MS)
        await Promise.all([one?.start(), other?.start()])
      },
    }
    const kinds = Object.values(harm)
    for (let kill = 0; kill < KILLS; kill++) {
      await pause(BETWEEN_MS)
      await kinds[kill % kinds.length]?.()
    }
    await pause(BETWEEN_MS)
    isOver = true
    const said = await Promise.all(speaking)

    // One more node, which has nothing.
    const empty = new Node('d', `${data}/d`, urls)
    await empty.start()
    let acknowledgements = 0
    for (const room of ROOMS) {
      const inRoom = said.filter((each) => each.room === room)
      const least = Math.max(...inRoom.flatMap(({ acknowledged }) => [...acknowledged.values()]))
      const views = await Promise.all([...nodes, empty].map(({ port }) => everything(port, room)))
      const [view = []] = views
      for (const other of views) expect(other).toEqual(view)
      expect(view.map(({ seq }) => seq)).toEqual(view.map((_, index) => index + 1))
      expect(view.length).toBeGreaterThanOrEqual(least)
      const texts = view.map(({ text }) => text)
      expect(new Set(texts.filter((text) => / /.test(text))).size).toBe(texts.filter((text) => / /.test(text)).length)
      for (const { name, acknowledged } of inRoom) {
        for (const [text, seq] of acknowledged) expect(texts[seq - 1]).toBe(text)
        const own = texts.filter((text) => text.startsWith(`${name} `))
        expect(own).toEqual(own.map((_, index) => `${name} ${index + 1}`))
        acknowledgements += acknowledged.size
      }
      // Whoever was shown it live, from whichever node, was shown all of it, once.
      await until('the reader', () => (shown.get(room)?.at(-1)?.seq ?? 0) >= view.length)
      expect(shown.get(room)).toEqual(view)
    }
    isRead = true
    await Promise.all(following)
    for (const node of [...nodes, empty]) expect(await node.stop()).toBe(0)
    console.log(`C126 C132: ${KILLS} kills and stops, ${acknowledgements} acknowledged, 0 lost, doubled or moved`)
    expect(acknowledgements).toBeGreaterThan(KILLS * MEMBERS)
  },
)
