import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { clientDefaults } from '#app/defaults.ts'
import { downloadFile } from '#client/downloader.ts'
import { isRefusal } from '#client/errors.ts'
import { type ConnectionState, HttpSession } from '#client/http-session.ts'
import { Retries } from '#client/retries.ts'
import type { TransferUpdate } from '#client/transfer-events.ts'
import { uploadFile } from '#client/uploader.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { ChaosProxy } from '../../harness/chaos-proxy.ts'
import { folderWith, hostForVerbs } from '../../harness/cli-process.ts'
import { pieces, textOf } from '../../harness/house.ts'
import { plainWay } from '../../harness/tls.ts'
import { until } from '../storage/disk/store-in-directory.ts'

const quick = { ...clientDefaults, firstRetryMs: 10, mostRetryMs: 50 }

async function open({ settings = quick, after }: { settings?: typeof quick; after?: number } = {}) {
  const { tamtam, port } = await hostForVerbs()
  const proxy = await ChaosProxy.open(port)
  const place = { way: plainWay(proxy.port), name: 'ani' }
  const session = new HttpSession(place, 'lobby', settings, after === undefined ? {} : { after })
  onTestFinished(() => session.close())
  const states: ConnectionState[] = []
  session.state$.subscribe((state) => states.push(state))
  return { tamtam, port, proxy, session, states }
}

function watch(session: HttpSession) {
  const seen = { events: [] as RoomEvent[], over: false }
  session.events$.subscribe({ next: (event) => seen.events.push(event), complete: () => (seen.over = true) })
  return {
    ...seen,
    texts: () => seen.events.map((event) => ('text' in event ? event.text : event.type)),
    over: () => seen.over,
  }
}

describe('a session over HTTP', () => {
  it('says something once, whatever is lost on the way, and knows it again (C118)', async () => {
    const { session, proxy } = await open()
    proxy.down.cutAt(10)
    const said = await session.send({ type: 'say', text: 'halo', id: 'k1' })
    expect(said).toMatchObject({ type: 'ack', seq: 1, duplicate: true })
    expect(await session.send({ type: 'act', text: 'melambai' })).toMatchObject({ seq: 2, duplicate: false })
    expect(await session.send({ type: 'say', text: 'lain', id: 'k1' })).toMatchObject({
      code: 'ID_REUSED',
      status: 422,
    })
  })

  it('shows history and then what happens, with no gap and nothing twice over cut connections', async () => {
    const { session, proxy, states } = await open({ after: 1 })
    await session.sendLines('satu\ndua\ntiga')
    const seen = watch(session)
    await until('history', () => seen.texts().length === 2)
    for (const text of ['empat', 'lima', 'enam']) {
      await session.send({ type: 'say', text })
      proxy.cutAll()
    }
    await until('all of it', () => seen.texts().length >= 5)
    expect(seen.texts()).toEqual(['dua', 'tiga', 'empat', 'lima', 'enam'])
    expect(states.map(({ status }) => status)).toContain('retrying')
    await until('the connection', () => states.at(-1)?.status === 'connected')
  })

  it('drops a connection of events on which there is no sign of life, and begins another (C73)', async () => {
    const { session, proxy, port } = await open({ settings: { ...quick, silentEventsMs: 300 } })
    const seen = watch(session)
    await until('the connection', () => proxy.open === 1 && proxy.down.passed > 0)
    const before = proxy.accepted
    await until('another connection', () => proxy.accepted > before + 1)
    const other = new HttpSession({ way: plainWay(port) }, 'lobby', quick)
    await other.send({ type: 'say', text: 'halo' })
    other.close()
    await until('what was said', () => seen.texts().length > 0)
    expect(seen.texts()).toEqual(['halo'])
  })

  it('begins again with a host that keeps nothing and was started anew', async () => {
    const { session, proxy } = await open({ after: 0 })
    await session.sendLines('satu\ndua')
    const seen = watch(session)
    await until('history', () => seen.texts().length === 2)
    const next = await hostForVerbs()
    proxy.target = next.port
    proxy.cutAll()
    await session.send({ type: 'say', text: 'baru' })
    await until('the new beginning', () => seen.texts().length === 3)
    expect(seen.texts().at(-1)).toBe('baru')
  })

  it('passes streams both ways', async () => {
    const { session } = await open()
    const upload = session.upload(pieces('ha', 'lo'), { name: 'a.txt' })
    const news: TransferUpdate[] = []
    upload.progress$.subscribe((one) => news.push(one))
    const file = await upload.done
    if (isRefusal(file)) throw new Error(file.message)
    expect(news.at(-1)).toEqual({ type: 'moved', bytes: 4 })
    expect(await textOf(session.download(file.id))).toBe('halo')
    expect(await textOf(session.download(file.id, 3))).toBe('o')
    expect(await textOf(session.download(file.id, 4))).toBe('')
  })

  it('ends what it shows when it is closed, and says so', async () => {
    const { session, states } = await open()
    const seen = watch(session)
    await session.send({ type: 'say', text: 'halo' })
    await until('what was said', () => seen.texts().length === 1)
    session.close('cukup')
    await until('the end', () => seen.over())
    expect(states.at(-1)).toEqual({ status: 'closed', why: 'cukup' })
  })
})

describe('a transfer that stands still', () => {
  const stalling = { ...quick, idleMs: 300 }

  async function transfers(settings: typeof quick) {
    const house = await open({ settings })
    const news: TransferUpdate[] = []
    const tell = (one: TransferUpdate) => news.push(one)
    const retries = new Retries(settings, { tell: (retry) => tell({ type: 'retry', ...retry }) })
    const retried = () => news.filter(({ type }) => type === 'retry')
    return { ...house, news, retried, options: { link: house.session.link, retries, tell } }
  }

  it('is dropped and tried again, and resumes, when it is an upload', async () => {
    const { proxy, options, retried, news } = await transfers(stalling)
    const { path, digest } = await folderWith('a.bin', 3_000_000)
    proxy.up.stallAt(1_000_000)
    const sent = uploadFile({ ...options, limit: 4_000_000 }, 'lobby', path, { name: 'a.bin' })
    await until('a retry', () => retried().length > 0)
    expect(retried()[0]).toMatchObject({ why: expect.stringMatching(/nothing moved|cut|closed/) })
    proxy.cutAll()
    proxy.up.release()
    expect(await sent).toMatchObject({ sha256: digest })
    expect(news.filter((one) => one.type === 'begins').at(-1)).toMatchObject({ at: expect.toSatisfy((at) => at > 0) })
  })

  it('is dropped and tried again, and resumes, when it is a download', async () => {
    const { proxy, options, retried, session } = await transfers(stalling)
    const { cwd, path, digest } = await folderWith('a.bin', 1_000_000)
    const file = await uploadFile(options, 'lobby', path, { name: 'a.bin' })
    if (isRefusal(file)) throw new Error(file.message)
    proxy.down.stallAt(proxy.down.passed + 500_000)
    const got = downloadFile(options, file, { path: join(cwd, 'b.bin') })
    await until('a retry', () => retried().length > 0)
    expect(retried()[0]).toMatchObject({ attempt: 1, why: 'nothing moved for 0 s' })
    proxy.cutAll()
    proxy.down.release()
    expect(await got).toMatchObject({ sha256: digest, path: join(cwd, 'b.bin') })
    session.close()
  })

  it('is left alone while the host gets further, though everything is written already', async () => {
    const { proxy, options, retried } = await transfers({ ...stalling, idleMs: 1500 })
    const { path, digest } = await folderWith('a.bin', 1_500_000)
    // All of it fits between here and the proxy.
    proxy.up.bytesPerSecond = 400_000
    expect(await uploadFile(options, 'lobby', path, { name: 'a.bin' })).toMatchObject({ sha256: digest })
    expect(retried()).toEqual([])
  })
})
