import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sha256Of } from '../harness/bytes.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { enter, HostProcess } from '../harness/host-process.ts'
import { ask } from '../harness/http-client.ts'
import { type Fault, injected, injecting, isOver, withFault } from '../harness/injector.ts'
import { until } from '../harness/patience.ts'
import { Promises } from '../harness/promises.ts'
import { canTrace } from '../integration/storage/disk/strace.ts'

/** How many of all faults are tried, evenly spread over them; `FAULT_CASES=1000` tries each. */
const CASES = Number(process.env['FAULT_CASES'] ?? 28)
const FILE_BYTES = 1_500_000
const LINES = 4
const ANSWER_MS = 3000
/** One thread does all work on files, so that the Nth call is the Nth. */
const ENV = { UV_THREADPOOL_SIZE: '1' }

type Scenario = 'start' | 'chat' | 'upload' | 'download' | 'stop'
interface Case extends Fault {
  readonly scenario: Scenario
}

const DISK = ['EIO', 'ENOSPC', 'EINTR']
const calls: readonly [scenario: Scenario, call: string, errors: readonly string[], upTo: number][] = [
  ['start', 'openat', ['EMFILE', 'EIO'], 8],
  ['start', 'pread64', ['EIO', 'EINTR'], 8],
  ['start', 'pwrite64', DISK, 8],
  ['start', 'fdatasync', ['EIO', 'ENOSPC'], 4],
  ['chat', 'pwrite64', DISK, 6],
  ['chat', 'fdatasync', DISK, 4],
  ['chat', 'accept4', ['EMFILE', 'ENFILE', 'ENOMEM', 'ECONNABORTED'], 2],
  ['upload', 'openat', ['EMFILE', 'ENOSPC', 'EIO'], 3],
  ['upload', 'pwrite64', DISK, 8],
  ['upload', 'fdatasync', DISK, 4],
  ['upload', 'fsync', ['EIO', 'ENOSPC'], 2],
  ['upload', 'link', ['EIO', 'ENOSPC', 'EMFILE'], 1],
  ['upload', 'unlink', ['EIO'], 2],
  ['download', 'openat', ['EMFILE', 'EIO'], 2],
  ['download', 'pread64', ['EIO', 'EINTR'], 4],
  ['stop', 'pwrite64', DISK, 3],
  ['stop', 'fdatasync', ['EIO', 'ENOSPC'], 3],
  ['stop', 'unlink', ['EIO', 'EACCES'], 2],
]
const all: readonly Case[] = calls.flatMap(([scenario, call, errors, upTo]) =>
  Array.from({ length: upTo }, (_, index) => errors.map((error) => ({ scenario, call, error, nth: index + 1 }))).flat(),
)
const chosen = all.filter(
  (_, index) => Math.floor(((index + 1) * CASES) / all.length) > Math.floor((index * CASES) / all.length),
)

/** A data directory, and the hosts that live in it one after the other. */
class Lives {
  readonly promises = new Promises()
  readonly tally = { cases: 0, faults: 0, 'went on': 0, 'ended as documented': 0 }
  /** How many faults there were in each. */
  readonly faults: Record<Scenario, number> = { start: 0, chat: 0, upload: 0, download: 0, stop: 0 }
  readonly #data: string
  #host: { host: HostProcess; port: number } | undefined
  #words = 0

  constructor(data: string) {
    this.#data = data
  }

  async try(one: Case): Promise<void> {
    this.tally.cases++
    if (one.scenario === 'start') return await this.#tryStart(one)
    const { host, port } = await this.#running()
    const { pid } = await host.listening()
    const scene = await this.#scene(one.scenario, host, port)
    this.#happened(one, await withFault(pid, one, scene))
    await this.#after(host, port, one.scenario === 'stop' ? [0, 74] : [74])
  }

  /** What is there in the end, once nothing fails any more. */
  async broken(): Promise<{ lost: number; doubled: number; gaps: number }> {
    const { host } = await this.#running()
    expect(await host.stop()).toBe(0)
    return await this.promises.broken(this.#data)
  }

  #happened({ scenario }: Case, faults: number): void {
    this.tally.faults += faults
    this.faults[scenario] += faults
  }

  async #running(): Promise<{ host: HostProcess; port: number }> {
    if (this.#host?.host.running !== true) this.#host = await HostProcess.start(['--data', this.#data], { env: ENV })
    return this.#host
  }

  async #tryStart(one: Case): Promise<void> {
    if (this.#host?.host.running) expect(await this.#host.host.stop()).toBe(0)
    const trace = join(await temporaryDirectory(), 'trace')
    const ours = ['', 'journal.db', 'journal.db-wal', 'lock.db', 'owner.json', 'files'].map((name) =>
      join(this.#data, name),
    )
    const args = ['host', '--json', '--port', '0', '--data', this.#data]
    const host = new HostProcess(args, { command: injecting(one, trace, ours), env: ENV })
    const port = await host.listening().then(
      (listening) => listening.port,
      () => 0,
    )
    await this.#after(host, port, [74, 75])
    this.#happened(one, await injected(trace))
    await host.kill()
    this.#host = undefined
  }

  /** It goes on, and then it serves; or it has ended with a code that says so. Never anything else, and never in silence. */
  async #after(host: HostProcess, port: number, codes: readonly number[]): Promise<void> {
    if (port !== 0 && (await Promise.race([this.#serves(port), host.ended().then(() => false)]))) {
      this.tally['went on']++
      return
    }
    expect(codes, host.errors.slice(-600)).toContain(await host.ended())
    expect(host.errors).not.toContain('a bug')
    this.tally['ended as documented']++
  }

  async #serves(port: number): Promise<boolean> {
    try {
      const reader = await enter(port, `saksi${++this.#words}`)
      const word = `masih ${this.#words}`
      // A disk that was full is tried again with what comes next.
      for (let times = 0; !reader.lines.some((line) => line.includes('end of history')) && times < 3; times++)
        await reader.ask(`${word}\n/history 3`, '* end of history')
      return true
    } catch {
      return false
    }
  }

  /** Brings people in before anything fails; answers what they do then. */
  async #scene(scenario: Exclude<Scenario, 'start'>, host: HostProcess, port: number): Promise<() => Promise<void>> {
    switch (scenario) {
      case 'chat':
        return await this.#chat(port)
      case 'upload':
        return () => this.#upload(port)
      case 'download': {
        if (this.promises.files.size === 0) await this.#upload(port)
        return () => this.#download(port)
      }
      case 'stop': {
        const said = await this.#chat(port)
        return async () => {
          await said()
          host.child.kill('SIGTERM')
          await until('the end', () => isOver(host.pid))
        }
      }
      default:
        return scenario satisfies never
    }
  }

  async #chat(port: number): Promise<() => Promise<void>> {
    const label = `${++this.#words}`
    const ani = await enter(port, `ani${label}`)
    const budi = await enter(port, `budi${label}`)
    return async () => {
      for (let number = 1; number <= LINES && budi.over === 'open'; number++) {
        const text = `kata ${label}.${number}`
        ani.write(`${text}\n`)
        const seen = await Promise.race([
          budi.until(`<ani${label}> ${text}`, 0, ANSWER_MS).then(() => true),
          ani.until(({ errors }) => errors.length > 0, 0, ANSWER_MS).then(() => false),
        ]).catch(() => false)
        if (seen) this.promises.shown.push(text)
      }
      // Somebody new comes in meanwhile, or does not.
      await enter(port, `citra${label}`).catch(() => {})
      for (const client of [ani, budi]) client.leave()
    }
  }

  async #upload(port: number): Promise<void> {
    const body = randomBytes(FILE_BYTES)
    const answer = await ask(port, `PUT /lobby/berkas-${++this.#words}.bin`, { body }).catch(() => undefined)
    if (answer?.status !== 201) return
    const { id, sha256: digest } = answer.json as { id: string; sha256: string }
    expect(digest).toBe(sha256Of(body))
    this.promises.files.set(id, digest)
  }

  /** All of it exactly, or an end that nobody takes for all of it. */
  async #download(port: number): Promise<void> {
    const [[id, digest] = ['', '']] = this.promises.files
    const answer = await ask(port, `GET /files/${id}`).catch(() => undefined)
    if (answer?.status === 200) expect(sha256Of(answer.bytes)).toBe(digest)
  }
}

test.skipIf(!canTrace())(
  `C72 C76 C77 whichever call to the system fails, a host goes on or ends as documented, and keeps what it promised (${chosen.length} of ${all.length} faults)`,
  async () => {
    const lives = new Lives(await temporaryDirectory())
    for (const one of chosen)
      await lives.try(one).catch((cause) => {
        throw new Error(JSON.stringify(one), { cause })
      })
    const broken = await lives.broken()
    const { promises, tally } = lives
    console.log(
      `C72 C76 C77: ${JSON.stringify(tally)}; of the faults ${JSON.stringify(lives.faults)}; ${promises.shown.length} lines shown, ${promises.files.size} files acknowledged; ${JSON.stringify(broken)}`,
    )
    expect(broken).toEqual({ lost: 0, doubled: 0, gaps: 0 })
    expect(tally.faults).toBeGreaterThan(chosen.length / 3)
    // Otherwise one of the scenarios was not put to the test.
    expect(Object.entries(lives.faults).filter(([, faults]) => faults === 0)).toEqual([])
    expect(promises.shown.length).toBeGreaterThan(0)
    expect(promises.files.size).toBeGreaterThan(0)
  },
  Math.max(600_000, CASES * 20_000),
)
