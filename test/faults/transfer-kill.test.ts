import { randomInt } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ChaosProxy } from '../harness/chaos-proxy.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { filesOf } from '../harness/files.ts'
import { HostProcess } from '../harness/host-process.ts'
import { ask, createUpload, patch, progressOf, receive, settledFilesOf } from '../harness/http-files.ts'
import { until } from '../harness/patience.ts'
import { Sample } from '../harness/sample.ts'

/** `TRANSFER_KILLS=1000 npm test -- test/faults/transfer-kill` does it as often as the catalogue asks. */
const KILLS = Number(process.env['TRANSFER_KILLS'] ?? 6)
/** Synced more than once on their way. */
const JOURNEY_BYTES = 60_000_000
const MOST_PUT_BYTES = 12_000_000
const PUTS = 2
const MOST_LATE_BYTES = 2_000_000

/** One upload by tus that goes on from life to life of the host. */
interface Journey {
  readonly sample: Sample
  readonly path: string
  /** The most that the host has promised to keep. */
  promised: number
}

test(`C78, C109: whatever moment of a transfer a host is killed at (${KILLS} times), a file is whole and exact or absent, and goes on where it was promised to`, async () => {
  const data = await temporaryDirectory()
  let { host, port } = await HostProcess.start(['--data', data])
  const proxy = await ChaosProxy.open(port)
  const samples = new Map<string, Sample>()
  let seed = 0
  const newSample = (name: string, size: number) => {
    seed += 1
    const sample = new Sample(size, seed)
    samples.set(name, sample)
    return sample
  }
  const begin = async (): Promise<Journey> => {
    const name = `tus ${seed + 1}`
    const sample = newSample(name, JOURNEY_BYTES)
    return { sample, path: await createUpload(proxy.port, sample, name, sample.sha256()), promised: 0 }
  }

  const checked = new Set<string>()
  const found = { whole: 0, paused: 0, resumed: 0 }
  let journey = await begin()
  for (let kill = 0; kill < KILLS; kill++) {
    const answered: string[] = []
    const puts = Array.from({ length: PUTS }, async (_, index) => {
      const name = `put ${kill} ${index}`
      const sample = newSample(name, randomInt(1, MOST_PUT_BYTES))
      const headers = { 'Content-Length': String(sample.size) }
      const path = `/rooms/lobby/files/${encodeURIComponent(name)}`
      const { status } = await ask(proxy.port, 'PUT', path, { headers, body: sample.bytes() })
      if (status === 201) answered.push(name)
    })
    const going = patch(proxy.port, journey.path, journey.sample, journey.promised)
    const ended = Promise.allSettled([...puts, going])
    const moment = proxy.up.passed + randomInt(1, JOURNEY_BYTES)
    let over = false
    void ended.then(() => {
      over = true
    })
    // Somewhat later the network stops: no transfer gets to its end because this process is late.
    proxy.up.stallAt(moment + MOST_LATE_BYTES)
    await until('the moment', () => over || proxy.up.passed >= moment)
    await host.kill()
    proxy.up.heal()
    await ended
    ;({ host, port } = await HostProcess.start(['--data', data]))
    proxy.target = port

    const listed = await settledFilesOf(proxy.port)
    const whole = listed.filter(({ status }) => status === 'whole')
    for (const name of answered) expect(whole.map((file) => file.name)).toContain(name)
    for (const file of whole) {
      if (checked.has(file.id)) continue
      const sample = samples.get(file.name)
      const received = await receive(proxy.port, file.url)
      expect(received).toMatchObject({ status: 200, whole: true, size: sample?.size, sha256: sample?.sha256() })
      expect(file).toMatchObject({ size: sample?.size, sha256: sample?.sha256() })
      checked.add(file.id)
      found.whole += 1
    }
    for (const file of listed.filter(({ status }) => status === 'paused')) {
      const { offset, prefixDigest } = await progressOf(proxy.port, `/files/${file.id}`)
      expect(prefixDigest).toBe(samples.get(file.name)?.sha256(offset, 'base64'))
      expect(file.offset).toBe(offset)
      found.paused += 1
      if (`/files/${file.id}` !== journey.path)
        expect((await ask(proxy.port, 'DELETE', `/files/${file.id}`)).status).toBe(204)
    }
    if (whole.some(({ id }) => `/files/${id}` === journey.path)) journey = await begin()
    else {
      const { offset } = await progressOf(proxy.port, journey.path)
      // What was promised once holds for ever.
      expect(offset).toBeGreaterThanOrEqual(journey.promised)
      if (offset > 0) found.resumed += 1
      journey.promised = offset
    }
    // On disk is what is listed, and nothing else.
    const kept = new Set((await filesOf(proxy.port)).map(({ id }) => id))
    for (const name of await readdir(join(data, 'files'))) expect(kept).toContain(name.split('.')[0])
  }
  process.stderr.write(`${KILLS} kills: ${found.whole} whole, ${found.paused} paused, ${found.resumed} went on\n`)
  const { status } = await patch(proxy.port, journey.path, journey.sample, journey.promised)
  expect(status).toBe(204)
  expect(await receive(proxy.port, journey.path)).toMatchObject({ whole: true, sha256: journey.sample.sha256() })
  // Otherwise the kills did not come in the middle of anything.
  expect(found.paused).toBeGreaterThan(KILLS / 3)
  expect(found.resumed).toBeGreaterThan(0)
  expect(found.whole).toBeGreaterThan(0)
  expect(await host.stop()).toBe(0)
})
