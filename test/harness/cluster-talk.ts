import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { HostProcess } from './host-process.ts'
import { until } from './patience.ts'

const MEMBERS = 4
const ROOMS = ['lobby', 'dapur'] as const
const ANSWER_MS = 4000
const AGAIN_MS = 700

interface Line {
  readonly seq: number
  readonly text: string
}

/** One node of a cluster, over its lives: each begins with the data of the one before. */
export class ClusterNode {
  readonly #args: readonly string[]
  readonly #command: readonly string[]
  readonly #address: string
  #host: HostProcess | undefined
  #token = ''
  /** While it is away nobody answers there. */
  url = NOWHERE

  /** `command` stands before it, and makes it run at `address`. */
  constructor(args: readonly string[], command: readonly string[] = [], address = '127.0.0.1') {
    this.#args = ['host', '--json', '--quiet', ...args]
    this.#command = command
    this.#address = address
  }

  async start(): Promise<void> {
    // A node that meets no server that answers yet says so and ends.
    for (;;) {
      const host = new HostProcess(this.#args, { command: this.#command })
      try {
        const { port, token = '' } = await host.listening()
        this.#token = token
        this.url = `http://${this.#address}:${port}`
        this.#host = host
        return
      } catch (error) {
        if (host.running) throw error
        await pause(AGAIN_MS)
      }
    }
  }

  async kill(): Promise<void> {
    this.url = NOWHERE
    await this.#host?.kill()
  }

  signal(signal: NodeJS.Signals): void {
    this.#host?.child.kill(signal)
  }

  stop(): Promise<number | NodeJS.Signals | null> | undefined {
    this.url = NOWHERE
    return this.#host?.stop()
  }

  /** A request by a name, with the token where there is one. */
  ask(path: string, name: string, init: RequestInit): Promise<Response> {
    const headers = { ...init.headers, Authorization: `Basic ${btoa(`${name}:${this.#token}`)}` }
    return fetch(`${this.url}${path}`, { ...init, headers })
  }
}

/** The port of `tcpmux`, where nobody is. */
const NOWHERE = 'http://127.0.0.1:1'

export const any = <T>(things: readonly T[]): T => things[randomInt(things.length)] as T

/**
 * Members who say numbered lines, one after the other, at whichever node, and again where they were not answered; and readers who follow each room.
 * What they hold against what the nodes have in the end shows whether anything was lost, doubled or moved.
 */
export class ClusterTalk {
  readonly #nodes: readonly ClusterNode[]
  readonly #speaking: Promise<{
    readonly room: string
    readonly name: string
    readonly acknowledged: Map<string, number>
  }>[]
  readonly #following: Promise<void>[]
  readonly #shown = new Map<string, Line[]>(ROOMS.map((room) => [room, []]))
  #isOver = false
  #isRead = false

  constructor(nodes: readonly ClusterNode[]) {
    this.#nodes = nodes
    this.#speaking = Array.from({ length: MEMBERS }, async (_, index) => {
      const [name, room] = [`m${index}`, ROOMS[index % ROOMS.length] ?? 'lobby']
      return { room, name, acknowledged: await this.#speak(name, room) }
    })
    this.#following = Array.from(this.#shown, ([room, lines]) => this.#follow(room, lines))
  }

  /** Ends it, and compares: with `empty` too, a node that begins with nothing. Answers how many lines were acknowledged. */
  async verify(empty: ClusterNode): Promise<number> {
    this.#isOver = true
    const said = await Promise.all(this.#speaking)
    await empty.start()
    let acknowledgements = 0
    for (const room of ROOMS) {
      const inRoom = said.filter((each) => each.room === room)
      const least = Math.max(...inRoom.flatMap(({ acknowledged }) => [...acknowledged.values()]))
      const views = await Promise.all([...this.#nodes, empty].map((node) => everything(node, room)))
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
      await until('the reader', () => (this.#shown.get(room)?.at(-1)?.seq ?? 0) >= view.length)
      expect(this.#shown.get(room)).toEqual(view)
    }
    this.#isRead = true
    await Promise.all(this.#following)
    for (const node of [...this.#nodes, empty]) expect(await node.stop()).toBe(0)
    expect(acknowledgements).toBeGreaterThan(MEMBERS)
    return acknowledgements
  }

  /** The number that each line got. */
  async #speak(name: string, room: string): Promise<Map<string, number>> {
    const acknowledged = new Map<string, number>()
    for (let count = 1; !this.#isOver; count++) {
      const text = `${name} ${count}`
      for (let seq: number | undefined; seq === undefined; ) {
        seq = await say(any(this.#nodes), room, { name, id: `${name}-${count}`, text })
        if (seq === undefined) await pause(20)
        else acknowledged.set(text, seq)
      }
    }
    return acknowledged
  }

  /** Reads a room live, at whichever node: where that ends, it goes on at another behind what it has. */
  async #follow(room: string, lines: Line[]): Promise<void> {
    while (!this.#isRead) {
      const over = new AbortController()
      const watching = setInterval(() => this.#isRead && over.abort(), 50)
      try {
        const { body } = await any(this.#nodes).ask(`/rooms/${room}/events?after=${lines.at(-1)?.seq ?? 0}`, '', {
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
}

/** The number that a line got; undefined where there was no answer, or none yet. */
async function say(
  node: ClusterNode,
  room: string,
  { name, id, text }: Record<'name' | 'id' | 'text', string>,
): Promise<number | undefined> {
  const asking = node.ask(`/rooms/${room}/messages`, name, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': id },
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

const take = (lines: Line[], event: { type: string; seq?: number; text?: string }): void => {
  if (event.type === 'missed') lines.push({ seq: -1, text: 'missed' })
  if (event.type === 'said') lines.push({ seq: event.seq ?? -1, text: event.text ?? '' })
  else if (event.seq !== undefined) lines.push({ seq: event.seq, text: event.type })
}

/** All of a room as one node has it. */
async function everything(node: ClusterNode, room: string): Promise<Line[]> {
  const lines: Line[] = []
  for (let last = 1; (lines.at(-1)?.seq ?? 0) < last; ) {
    // Where this process is kept from its processor, a request may be so late that it is answered as a silent line client.
    const path = `/rooms/${room}/events?after=${lines.at(-1)?.seq ?? 0}&limit=500`
    const response = await node.ask(path, '', {}).catch(() => undefined)
    if (response === undefined) continue
    const page = (await response.json()) as { events: { type: string; seq: number; text: string }[]; last: number }
    last = page.last
    for (const event of page.events) take(lines, event)
    if (page.events.length === 0) break
  }
  return lines
}
