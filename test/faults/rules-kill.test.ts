import { randomBytes, randomInt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../harness/directory.ts'
import { HostProcess } from '../harness/host-process.ts'
import { type Answer, type Asked, ask } from '../harness/http-client.ts'
import { SessionClient } from '../harness/session-client.ts'

const CYCLES = Number(process.env['KILL_CYCLES'] ?? 5)
/** So many things are asked for and answered before a host is killed, at most. */
const MOST_ANSWERED = 60
const BYTES = 'abcdef'
const SHA256 = 'bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721'

/** Somebody with a key that they keep for all the lives of the host. */
class Person {
  readonly key: string
  client: SessionClient | undefined

  constructor(key = randomBytes(16).toString('hex')) {
    this.key = key
  }

  get shown(): Record<string, string> {
    return { 'Tamtam-Key': this.key }
  }

  /** Comes into a room, and answers `joined`, or the code of the refusal: then they are gone again. */
  async enter(port: number, room: string, name: string, password?: string): Promise<string> {
    this.client?.leave()
    const client = await SessionClient.connect(port, 'frames')
    this.client = client
    client.send({ type: 'hello', version: 1, key: this.key, name })
    client.send({ type: 'join', room, ...(password === undefined ? {} : { password }) })
    await client.until(() => client.of('joined').length + client.of('rejected').length > 0)
    const [why] = client.of('rejected')
    if (why !== undefined) await client.send({ type: 'leave' }).closed()
    return why?.code ?? 'joined'
  }

  /** `ack`, or the code of the refusal. */
  async ask(...command: Parameters<SessionClient['ask']>): Promise<string> {
    const answer = await (this.client as SessionClient).ask(...command)
    return answer.type === 'ack' ? 'ack' : answer.code
  }

  get role(): string | undefined {
    return this.client?.of('joined').at(-1)?.member.role
  }
}

/** Where everybody is in one life of the host. */
interface Place {
  readonly port: number
  /** Looks after the room `open`; `keeper` after `vault`, `warden` after `den`. */
  readonly owner: Person
  readonly keeper: Person
  readonly warden: Person
}

const http = (port: number, line: string, asked: Asked = {}): Promise<Answer> => ask(port, line, asked)
const json = (body: object): Asked => ({
  body: JSON.stringify(body),
  headers: { 'Content-Type': 'application/json' },
})
/** Wrong guesses count for an address. */
let failedAttempts = 0
const elsewhere = (): string => `127.0.${1 + (failedAttempts >> 7)}.${1 + (failedAttempts++ & 127)}`

/**
 * Something that the host keeps and that is changed step by step. `kept` is what was acknowledged, `asked` what was asked for and
 * not answered: after a kill one of the two holds, wholly.
 */
abstract class Kept<State> {
  kept: State
  asked: State | undefined
  abstract readonly what: string

  constructor(first: State) {
    this.kept = first
  }

  /** Asks for the next change, and resolves once it is acknowledged. */
  async step(place: Place): Promise<void> {
    const next = this.next()
    await this.prepare(place)
    this.asked = next
    await this.change(place, next)
    this.kept = next
    this.asked = undefined
  }

  /** What holds in a new life of the host must be one of the two. Answers whether there were two. */
  async look(place: Place): Promise<boolean> {
    const found = await this.found(place)
    const allowed = this.asked === undefined ? [this.kept] : [this.kept, this.asked]
    expect(allowed, this.what).toContainEqual(found)
    const wasOpen = this.asked !== undefined
    this.kept = found
    this.asked = undefined
    return wasOpen
  }

  abstract next(): State
  prepare(_place: Place): Promise<void> {
    return Promise.resolve()
  }
  abstract change(place: Place, next: State): Promise<void>
  abstract found(place: Place): Promise<State>
}

const acknowledged = (answer: string) => expect(answer).toBe('ack')

class Banned extends Kept<boolean> {
  readonly what = 'a ban'
  readonly #troll = new Person()
  readonly #name: string

  constructor(name: string) {
    super(false)
    this.#name = name
  }

  next() {
    return !this.kept
  }
  override async prepare({ port }: Place) {
    if (!this.kept) expect(await this.#troll.enter(port, 'open', this.#name)).toBe('joined')
  }
  async change({ owner }: Place, next: boolean) {
    acknowledged(await owner.ask({ type: next ? 'ban' : 'unban', name: this.#name }))
    if (next) await this.#troll.client?.closed()
  }
  async found({ port }: Place) {
    const outcome = await this.#troll.enter(port, 'open', `${this.#name}two`)
    expect(['joined', 'BANNED']).toContain(outcome)
    return outcome === 'BANNED'
  }
}

class Muted extends Kept<boolean> {
  readonly what = 'a mute'
  readonly #loud = new Person()

  next() {
    return !this.kept
  }
  override async prepare({ port }: Place) {
    if (!this.kept) expect(await this.#loud.enter(port, 'open', 'loud')).toBe('joined')
  }
  async change({ owner }: Place, next: boolean) {
    acknowledged(await owner.ask({ type: next ? 'mute' : 'unmute', name: 'loud' }))
  }
  async found({ port }: Place) {
    expect(await this.#loud.enter(port, 'open', 'quiet')).toBe('joined')
    const answer = await this.#loud.ask({ type: 'say', text: 'halo' })
    expect(['ack', 'MUTED']).toContain(answer)
    return answer === 'MUTED'
  }
}

class Op extends Kept<boolean> {
  readonly what = 'an op'
  readonly #op = new Person()

  next() {
    return !this.kept
  }
  async change({ owner }: Place, next: boolean) {
    acknowledged(await owner.ask({ type: next ? 'op' : 'deop', name: 'aide' }))
  }
  async found({ port }: Place) {
    expect(await this.#op.enter(port, 'open', 'aide')).toBe('joined')
    return this.#op.role === 'op'
  }
}

class Collects extends Kept<boolean> {
  readonly what = 'a collection'

  next() {
    return !this.kept
  }
  async change({ owner }: Place, next: boolean) {
    acknowledged(await owner.ask({ type: next ? 'startCollection' : 'endCollection' }))
  }
  async found({ port }: Place) {
    return 'collectingSince' in ((await http(port, 'GET /rooms/open')).json as object)
  }
}

class Topic extends Kept<string> {
  readonly what = 'a topic'
  #count = 0

  next() {
    return `topic ${++this.#count}`
  }
  async change({ owner }: Place, topic: string) {
    acknowledged(await owner.ask({ type: 'setTopic', topic }))
  }
  async found({ port }: Place) {
    return ((await http(port, 'GET /rooms/open')).json as { topic: string }).topic
  }
}

/** One who was inside comes back into a locked room, one who was sent out since does not, and nobody else ever. */
class Locked extends Kept<'open' | 'locked' | 'one sent out'> {
  readonly what = 'a lock'
  readonly #inside = new Person()
  readonly #guest = new Person()

  next() {
    return ({ open: 'locked', locked: 'one sent out', 'one sent out': 'open' } as const)[this.kept]
  }
  override async prepare({ port }: Place) {
    if (this.kept !== 'open') return
    expect(await this.#inside.enter(port, 'vault', 'inside')).toBe('joined')
    expect(await this.#guest.enter(port, 'vault', 'guest')).toBe('joined')
  }
  async change({ keeper }: Place, next: typeof this.kept) {
    if (next === 'locked') acknowledged(await keeper.ask({ type: 'lock' }))
    else if (next === 'open') acknowledged(await keeper.ask({ type: 'unlock' }))
    else acknowledged(await keeper.ask({ type: 'kick', name: 'guest' }))
  }
  async found({ port }: Place) {
    const stranger = await new Person().enter(port, 'vault', 'stranger')
    const guest = await this.#guest.enter(port, 'vault', 'guest')
    expect(await this.#inside.enter(port, 'vault', 'inside')).toBe('joined')
    if (stranger === 'joined') {
      expect(guest).toBe('joined')
      return 'open'
    }
    expect([stranger, guest]).toEqual(['LOCKED', expect.stringMatching(/^(joined|LOCKED)$/)])
    return guest === 'joined' ? 'locked' : 'one sent out'
  }
}

/** The room that `warden` looks after has a password from its first life on. */
class Password extends Kept<string> {
  readonly what = 'a password'
  #count = 0

  next() {
    return `word ${++this.#count}`
  }
  async change({ port, warden }: Place, password: string) {
    const { body, headers } = json({ password })
    const { status } = await http(port, 'PUT /rooms/den/password', {
      ...(body === undefined ? {} : { body }),
      headers: { ...headers, ...warden.shown },
    })
    expect(status).toBe(204)
  }
  /** Before anybody is there. */
  async foundAt(port: number): Promise<string> {
    const words = this.asked === undefined ? [this.kept] : [this.kept, this.asked]
    const opens: string[] = []
    for (const word of words) {
      const headers = { 'Tamtam-Password': encodeURIComponent(word) }
      if ((await http(port, 'GET /rooms/den', { headers, from: elsewhere() })).status === 200) opens.push(word)
    }
    expect(opens).toHaveLength(1)
    return opens[0] as string
  }
  found({ port }: Place) {
    return this.foundAt(port)
  }
}

interface Invitation {
  readonly id: string
  readonly code: string
  readonly used: boolean
}

/** Those to the room `den`, which has a password. What is asked for is one of them more, less, or used. */
class Invitations extends Kept<readonly Invitation[]> {
  readonly what = 'the invitations'
  readonly #guests = new Map<string, Person>()
  readonly #ended: string[] = []
  /** Kept, but their codes were not heard by anybody: nothing more can be tried with them. */
  readonly #unheard = new Set<string>()

  next() {
    const [first] = this.kept
    if (first === undefined || this.kept.length < 4) return [...this.kept, { id: '', code: '', used: false }]
    const unused = this.kept.findIndex(({ used }) => !used)
    if (unused < 0 || randomInt(3) === 0) return this.kept.slice(1)
    return this.kept.map((each, index) => (index === unused ? { ...each, used: true } : each))
  }
  async change({ port, warden }: Place, next: Invitation[]) {
    const headers = warden.shown
    if (next.length > this.kept.length) {
      const { status, json } = await http(port, 'POST /rooms/den/invitations', { headers })
      expect(status).toBe(201)
      const { id, code } = json as Invitation
      next[next.length - 1] = { id, code, used: false }
    } else if (next.length < this.kept.length) {
      const [first] = this.kept as readonly [Invitation]
      expect((await http(port, `DELETE /rooms/den/invitations/${first.id}`, { headers })).status).toBe(204)
      this.#ended.push(first.code)
    } else {
      const index = next.findIndex(({ used }, at) => used !== this.kept[at]?.used)
      const guest = new Person()
      const { code, id } = next[index] as Invitation
      this.#guests.set(id, guest)
      expect(await guest.enter(port, 'den', `guest ${id}`.replace(' ', '-'), code)).toBe('joined')
    }
  }
  async found({ port, warden }: Place) {
    const { json } = await http(port, 'GET /rooms/den/invitations', { headers: warden.shown })
    const listed = (json as { invitations: Omit<Invitation, 'code'>[] }).invitations
    const known = new Map([...this.kept, ...(this.asked ?? [])].map(({ id, code }) => [id, code]))
    const found = listed
      .filter(({ id }) => !this.#unheard.has(id))
      .map(({ id, used }) => ({ id: known.has(id) ? id : '', code: known.get(id) ?? '', used }))
    for (const { id } of listed) if (!known.has(id)) this.#unheard.add(id)
    for (const { id, code, used } of found) {
      const guest = this.#guests.get(id)
      if (!used || guest === undefined) continue
      expect(await guest.enter(port, 'den', `guest-${id}`, code)).toBe('joined')
      expect(await new Person().enter(port, 'den', 'thief', code)).toBe('NOT_FOUND')
      break
    }
    const ended = this.#ended.at(-1)
    if (ended !== undefined) expect(await new Person().enter(port, 'den', 'late', ended)).toBe('NOT_FOUND')
    return found
  }
  override async look(place: Place): Promise<boolean> {
    const wasOpen = await super.look(place)
    this.kept = this.kept.filter(({ id }) => id !== '')
    return wasOpen
  }
}

/** Who has verified the file, and its links: what was acknowledged only ever grows. */
class Receipts extends Kept<readonly string[]> {
  readonly what = 'receipts'
  readonly #links: string[] = []
  readonly #file: () => string

  constructor(file: () => string) {
    super([])
    this.#file = file
  }

  next() {
    return [...this.kept, `reader${this.kept.length}`]
  }
  async change({ port }: Place, next: readonly string[]) {
    const { body, headers } = json({ sha256: SHA256 })
    const { status } = await http(port, `POST /files/${this.#file()}/receipts`, {
      ...(body === undefined ? {} : { body }),
      ...(headers === undefined ? {} : { headers }),
      as: next.at(-1) as string,
    })
    expect(status).toBe(201)
    const { json: link } = await http(port, `POST /files/${this.#file()}/links`)
    this.#links.push((link as { url: string }).url)
  }
  async found({ port }: Place) {
    for (const url of this.#links.slice(-3)) expect((await http(port, `GET ${url}`)).text).toBe(BYTES)
    const { json } = await http(port, `GET /files/${this.#file()}/receipts`)
    return (json as { verified: { name: string }[] }).verified.map(({ name }) => name)
  }
}

test(`a host that is killed ${CYCLES} times keeps every rule that was acknowledged, and halves none`, async () => {
  const data = await temporaryDirectory()
  const [keeper, warden] = [new Person(), new Person()]
  let owner: Person | undefined
  const password = new Password('word 0')
  let file = ''
  const rules: readonly Kept<unknown>[] = [
    ...['troll', 'pest'].map((name) => new Banned(name)),
    ...[new Muted(false), new Op(false), new Collects(false), new Topic(''), new Locked('open')],
    ...[new Invitations([]), new Receipts(() => file)],
  ]
  let [answered, open] = [0, 0]
  for (let cycle = 0; cycle <= CYCLES; cycle++) {
    const { host, port } = await HostProcess.start(['--data', data])
    owner ??= new Person((await readFile(join(data, 'keys', 'owner'), 'utf8')).trim())
    const place: Place = { port, owner, keeper, warden }
    if (cycle === 0) {
      for (const [person, room, name] of [
        [keeper, 'vault', 'keeper'],
        [warden, 'den', 'warden'],
      ] as const) {
        expect(await person.enter(port, room, name)).toBe('joined')
        expect(await owner.enter(port, room, 'boss')).toBe('joined')
        acknowledged(await owner.ask({ type: 'op', name }))
      }
      await password.change(place, password.kept)
      const put = await http(port, 'PUT /open/a.txt', { body: BYTES })
      file = (put.json as { id: string }).id
    }
    const word = await password.foundAt(port)
    expect(await keeper.enter(port, 'vault', 'keeper')).toBe('joined')
    expect(await warden.enter(port, 'den', 'warden', word)).toBe('joined')
    expect(await owner.enter(port, 'open', 'boss')).toBe('joined')
    expect([keeper.role, warden.role, owner.role]).toEqual(['op', 'op', 'owner'])
    const all = [password, ...rules]
    for (const rule of all) if (await rule.look(place)) open++
    if (cycle === CYCLES) {
      await host.stop()
      break
    }

    let left = randomInt(1, MOST_ANSWERED)
    const change = async (rule: Kept<unknown>) => {
      try {
        while (left > 0) {
          await rule.step(place)
          answered++
          if (--left === 0) void host.kill()
        }
      } catch (error) {
        // What is under way breaks off with the host.
        if (left > 0) throw error
      }
    }
    await Promise.all(all.map(change))
    await host.ended()
  }
  console.log(`rules: ${CYCLES} kills, ${answered} changes acknowledged, ${open} under way at a kill`)
  // Otherwise nothing was put to the test.
  expect(answered).toBeGreaterThan(CYCLES)
  expect(open).toBeGreaterThan(0)
})
