import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { clientDefaults } from '#app/defaults.ts'
import { ApiClient } from '#client/api-client.ts'
import { downloadStream } from '#client/download-stream.ts'
import { downloadFile } from '#client/downloader.ts'
import { isRefusal } from '#client/errors.ts'
import { follow } from '#client/event-stream.ts'
import { NodeHttp } from '#client/node-http.ts'
import { uploadFile, uploadPipe } from '#client/node-upload.ts'
import { postLines, postMessage } from '#client/queries.ts'
import { Retries, type Retry } from '#client/retries.ts'
import type { TransferUpdate } from '#client/transfers.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { pieces, textOf } from '../../harness/bytes.ts'
import { ChaosProxy } from '../../harness/chaos-proxy.ts'
import { folderWith, hostForVerbs } from '../../harness/cli-process.ts'
import { until } from '../../harness/patience.ts'
import { plainEndpoint } from '../../harness/tls.ts'

const quick = { ...clientDefaults, firstRetryMs: 10, mostRetryMs: 50 }
const room = 'lobby'

const apiAt = (port: number, settings: typeof quick) =>
  new ApiClient(new NodeHttp(plainEndpoint(port), settings), { name: 'ani' })

async function open({ settings = quick }: { settings?: typeof quick } = {}) {
  const { port } = await hostForVerbs()
  const proxy = await ChaosProxy.open(port)
  const api = apiAt(proxy.port, settings)
  onTestFinished(() => api.close())
  let ids = 0
  const say = (text: string, { id = `${++ids}`, type = 'say' as 'say' | 'act' } = {}) =>
    new Retries(settings).until(() => postMessage(api, room, { type, text }, id))
  const sayLines = (lines: string) => new Retries(settings).until(() => postLines(api, room, lines, `${++ids}`))
  return { port, proxy, api, settings, say, sayLines }
}

/** Reads the room's events from behind `after`, until the test ends or aborts it. */
function watch({ api, settings }: { api: ApiClient; settings: typeof quick }, after?: number) {
  const seen: RoomEvent[] = []
  const retried: Retry[] = []
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const retries = new Retries(settings, { signal: stop.signal, report: (retry) => retried.push(retry) })
  const { silentEventsMs } = settings
  const read = async () => {
    const events = follow({ api, retries, room, after, silentEventsMs, signal: stop.signal })
    for (let next = await events.next(); ; next = await events.next())
      if (next.done === true) return next.value
      else seen.push(next.value)
  }
  const ended = read()
  return { retried, stop, ended, texts: () => seen.map((event) => ('text' in event ? event.text : event.type)) }
}

describe('a client of the HTTP API', () => {
  it('says something once, whatever is lost on the way, and knows it again (C118)', async () => {
    const { proxy, say } = await open()
    proxy.down.cutAt(10)
    expect(await say('halo', { id: 'k1' })).toMatchObject({ type: 'ack', seq: 1, duplicate: true })
    expect(await say('melambai', { type: 'act' })).toMatchObject({ seq: 2, duplicate: false })
    expect(await say('lain', { id: 'k1' })).toMatchObject({ code: 'ID_REUSED', status: 422 })
  })

  it('sends the head of a request at once, however long the first piece of its body takes (C36)', async () => {
    const { port, tamtam } = await hostForVerbs()
    const host = await tamtam.engine.join({ room, name: 'host' })
    const offered = new Promise<void>((resolve) => {
      host.events$.subscribe(({ type }) => type === 'fileOffered' && resolve())
    })
    const http = new NodeHttp(plainEndpoint(port), quick)
    onTestFinished(() => http.close())
    const body = (async function* () {
      await offered
      yield* pieces('isi')
    })()
    const answer = await http.request(`/rooms/${room}/files/a.txt`, { method: 'PUT', body })
    expect(answer.status).toBe(201)
  })

  it('shows history and then what happens, with no gap and nothing twice over cut connections', async () => {
    const { proxy, say, sayLines, ...client } = await open()
    await sayLines('satu\ndua\ntiga')
    const { texts, retried } = watch(client, 1)
    await until('history', () => texts().length === 2)
    for (const text of ['empat', 'lima', 'enam']) {
      await say(text)
      proxy.cutAll()
    }
    await until('all of it', () => texts().length >= 5)
    expect(texts()).toEqual(['dua', 'tiga', 'empat', 'lima', 'enam'])
    expect(retried.length).toBeGreaterThan(0)
    await say('tujuh')
    await until('the connection', () => texts().at(-1) === 'tujuh')
  })

  it('drops a connection of events on which there is no sign of life, and begins another (C73)', async () => {
    const { proxy, port, ...client } = await open({ settings: { ...quick, silentEventsMs: 300 } })
    const { texts } = watch(client)
    await until('the connection', () => proxy.open === 1 && proxy.down.passed > 0)
    const before = proxy.accepted
    await until('another connection', () => proxy.accepted > before + 1)
    const other = apiAt(port, quick)
    await postMessage(other, room, { type: 'say', text: 'halo' }, 'k1')
    other.close()
    await until('what was said', () => texts().length > 0)
    expect(texts()).toEqual(['halo'])
  })

  it('begins again with a host that keeps nothing and was started anew', async () => {
    const { proxy, say, sayLines, ...client } = await open()
    await sayLines('satu\ndua')
    const { texts } = watch(client, 0)
    await until('history', () => texts().length === 2)
    const next = await hostForVerbs()
    proxy.target = next.port
    proxy.cutAll()
    await say('baru')
    await until('the new beginning', () => texts().length === 3)
    expect(texts().at(-1)).toBe('baru')
  })

  it('passes streams both ways', async () => {
    const { api } = await open()
    const updates: TransferUpdate[] = []
    const options = { api, retries: new Retries(quick), report: (update: TransferUpdate) => void updates.push(update) }
    const file = await uploadPipe({ ...options, settings: quick, room }, pieces('ha', 'lo'), { name: 'a.txt' })
    if (isRefusal(file)) throw new Error(file.message)
    expect(updates.at(-1)).toEqual({ type: 'moved', bytes: 4 })
    expect(await textOf(downloadStream(options, file))).toBe('halo')
    expect(await textOf(downloadStream(options, file, 3))).toBe('o')
    expect(await textOf(downloadStream(options, file, 4))).toBe('')
  })

  it('ends its events when it is told to, without an error', async () => {
    const { say, ...client } = await open()
    const { texts, stop, ended } = watch(client)
    await until('what was said', async () => {
      await say('halo')
      return texts().length > 0
    })
    stop.abort()
    expect(await ended).toBeUndefined()
  })
})

describe('a transfer that stands still', () => {
  const stalling = { ...quick, idleMs: 300 }

  async function transfers(settings: typeof quick) {
    const client = await open({ settings })
    const updates: TransferUpdate[] = []
    const report = (update: TransferUpdate) => void updates.push(update)
    const retries = new Retries(settings, { report: (retry) => report({ type: 'retry', ...retry }) })
    const retried = () => updates.filter(({ type }) => type === 'retry')
    /** On a busy machine a transfer stands still before that, too; a proxy that is released before it stalls would stall for good. */
    const retriedAfter = async (stalls: () => boolean) => {
      await until('the stall', stalls)
      const before = retried().length
      await until('a retry', () => retried().length > before)
    }
    return { ...client, updates, retried, retriedAfter, options: { api: client.api, settings, room, retries, report } }
  }

  it('is dropped and tried again, and resumes, when it is an upload', async () => {
    const { proxy, options, retried, retriedAfter, updates } = await transfers(stalling)
    const { path, digest } = await folderWith('a.bin', 3_000_000)
    proxy.up.stallAt(1_000_000)
    const sent = uploadFile({ ...options, limit: 4_000_000 }, path, { name: 'a.bin' })
    await retriedAfter(() => proxy.up.passed >= 1_000_000)
    expect(retried()[0]).toMatchObject({ why: expect.stringMatching(/nothing moved|cut|closed/) })
    proxy.cutAll()
    proxy.up.release()
    expect(await sent).toMatchObject({ sha256: digest })
    expect(updates.filter((one) => one.type === 'begins').at(-1)).toMatchObject({
      at: expect.toSatisfy((at) => at > 0),
    })
  })

  it('is dropped and tried again, and resumes, when it is a download', async () => {
    const { proxy, options, retried, retriedAfter, updates } = await transfers(stalling)
    const { cwd, path, digest } = await folderWith('a.bin', 1_000_000)
    const file = await uploadFile(options, path, { name: 'a.bin' })
    if (isRefusal(file)) throw new Error(file.message)
    updates.length = 0
    const stalledAt = proxy.down.passed + 500_000
    proxy.down.stallAt(stalledAt)
    const got = downloadFile(options, file, { path: join(cwd, 'b.bin') })
    await retriedAfter(() => proxy.down.passed >= stalledAt)
    expect(retried()[0]).toMatchObject({ attempt: 1, why: 'nothing moved for 0 s' })
    proxy.cutAll()
    proxy.down.release()
    expect(await got).toMatchObject({ sha256: digest, path: join(cwd, 'b.bin') })
  })

  it('is left alone while the host gets further, though everything is written already', async () => {
    const { proxy, options, retried } = await transfers({ ...stalling, idleMs: 1500 })
    const { path, digest } = await folderWith('a.bin', 1_500_000)
    // All of it fits between here and the proxy.
    proxy.up.bytesPerSecond = 400_000
    expect(await uploadFile(options, path, { name: 'a.bin' })).toMatchObject({ sha256: digest })
    expect(retried()).toEqual([])
  })
})
