import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ChaosProxy } from '../../harness/chaos-proxy.ts'
import type { Lane } from '../../harness/chaos-proxy-lane.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { filesOf } from '../../harness/files.ts'
import { HostProcess } from '../../harness/host-process.ts'
import { ask } from '../../harness/http-files.ts'
import { until } from '../../harness/patience.ts'
import { MAIN } from '../../harness/program.ts'
import { Sample } from '../../harness/sample.ts'

/** `TRANSFER_MB=…` takes another size. */
const MEGABYTES = Number(process.env['TRANSFER_MB'] ?? 300)
const SIZE = MEGABYTES * 1e6
const share = (part: number) => Math.floor(SIZE * part)
const CUTS = [0.1, 0.3, 0.5, 0.6, 0.9].map(share)
const KILLS = [0.2, 0.4, 0.8].map(share)
/** What may have come for nothing: what was in socket buffers, and with the host what was not durable yet. */
const LOST_BY_CUT = 10e6
const LOST_BY_KILL = 45e6
const MOST_BYTES = SIZE + CUTS.length * LOST_BY_CUT + KILLS.length * LOST_BY_KILL

/** The command line of a person at another machine: only the proxy is between it and the host. */
function tamtam(cwd: string, ...args: readonly string[]): HostProcess {
  return new HostProcess(args, { cwd, program: MAIN })
}

class House {
  readonly proxy: ChaosProxy
  readonly #data: string
  #host: HostProcess

  private constructor(proxy: ChaosProxy, data: string, host: HostProcess) {
    this.proxy = proxy
    this.#data = data
    this.#host = host
  }

  static async open(base: string): Promise<House> {
    const data = join(base, 'data')
    const { host, port } = await HostProcess.start(['--data', data])
    return new House(await ChaosProxy.open(port), data, host)
  }

  get address(): string {
    return `127.0.0.1:${this.proxy.port}/lobby`
  }

  /** `kill -9`, and the next host on the same data. */
  async killAndRestart(): Promise<void> {
    await this.#host.kill()
    const { host, port } = await HostProcess.start(['--data', this.#data])
    this.#host = host
    this.proxy.target = port
  }

  stop() {
    return this.#host.stop()
  }
}

/** Cuts the connection five times and kills the host three times while bytes go through this lane. */
async function harass(house: House, lane: Lane, command: HostProcess): Promise<void> {
  const from = lane.passed
  for (const [index, at] of CUTS.entries()) lane.cutAt(from + at, index % 2 === 0 ? 'reset' : 'end')
  for (const at of KILLS) {
    await until(`byte ${at}`, () => lane.passed >= from + at || !command.running)
    expect(command.running, command.errors).toBe(true)
    await house.killAndRestart()
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(bytes)
  return hash.digest('hex')
}

/** What `get` leaves in a folder under names that are no unfinished ones. */
const finished = async (folder: string) => (await readdir(folder)).filter((name) => !name.endsWith('.part'))

test(`P1, P6, C78: send and get of ${MEGABYTES} MB across five cuts and three kill -9 of the host each: exact, resumed, exit 0`, async () => {
  const base = await temporaryDirectory()
  const house = await House.open(base)
  const { up, down } = house.proxy
  const sample = new Sample(SIZE)
  const file = join(base, 'besar.bin')
  await sample.save(file)

  const send = tamtam(base, 'send', house.address, file)
  await harass(house, up, send)
  expect(await send.ended(), send.errors).toBe(0)
  process.stderr.write(
    `send: ${MEGABYTES} MB took ${Math.round(up.passed / 1e6)} MB, ${house.proxy.accepted} connections\n`,
  )
  expect(up.passed).toBeLessThan(MOST_BYTES)
  const [listed] = await filesOf(house.proxy.port)
  expect(listed).toMatchObject({ status: 'whole', size: SIZE, sha256: sample.sha256() })

  const folder = join(base, 'unduh')
  await mkdir(folder)
  const before = down.passed
  const get = tamtam(folder, 'get', house.address, 'besar.bin')
  await harass(house, down, get)
  expect(await get.ended(), get.errors).toBe(0)
  const took = down.passed - before
  process.stderr.write(`get: ${MEGABYTES} MB took ${Math.round(took / 1e6)} MB\n`)
  expect(took).toBeLessThan(MOST_BYTES)
  expect(await readdir(folder)).toEqual(['besar.bin'])
  const path = join(folder, 'besar.bin')
  expect((await stat(path)).size).toBe(SIZE)
  expect(await digestOf(path)).toBe(sample.sha256())
  const { text } = await ask(house.proxy.port, 'GET', `/files/${listed?.id}/receipts`)
  // Its own receipt, and that of the host, who saves what comes into its room.
  expect(JSON.parse(text).verified.map(({ name }: { name: string }) => name)).toContain('127.0.0.1')
  expect(await house.stop()).toBe(0)
})

test('C112: a byte that changes on the way ends in exit 7 or is sent again, and never in a wrong file', async () => {
  const base = await temporaryDirectory()
  const house = await House.open(base)
  const sample = new Sample(30_000_000)
  const file = join(base, 'benar.bin')
  await sample.save(file)
  house.proxy.up.flipAt(20_000_000)
  const send = tamtam(base, 'send', house.address, file)
  const sent = await send.ended()
  expect([0, 7]).toContain(sent)
  const whole = (await filesOf(house.proxy.port)).filter(({ status }) => status === 'whole')
  expect(whole.map(({ sha256 }) => sha256)).toEqual(sent === 0 ? [sample.sha256()] : [])
  if (sent === 7) expect(await tamtam(base, 'send', house.address, file).ended()).toBe(0)

  const folder = join(base, 'unduh')
  await mkdir(folder)
  house.proxy.down.flipAt(house.proxy.down.passed + 15_000_000)
  const get = tamtam(folder, 'get', house.address, 'benar.bin')
  const got = await get.ended()
  expect([0, 7]).toContain(got)
  const names = await finished(folder)
  expect(names).toEqual(got === 0 ? ['benar.bin'] : [])
  for (const name of names) expect(await digestOf(join(folder, name))).toBe(sample.sha256())
})
