import { describe, expect, it, onTestFinished } from 'vitest'
import { MemoryVault } from '../../../src/adapters/stores/memory/memory-vault.ts'
import type { EngineLimits } from '../../../src/domain/engine/limits.ts'
import type { LocalSession } from '../../../src/domain/engine/local-session.ts'
import type { Rejected } from '../../../src/domain/rejection.ts'
import type { WholeFile } from '../../../src/domain/room/events.ts'
import type { TransferActor } from '../../../src/domain/transfer/transfer-actor.ts'
import type { Writing } from '../../../src/domain/transfer/writing.ts'
import { failure, type House, openHouse, pieces, reopen, textOf, watch } from '../../helpers/house.ts'
import { type TurnClock, turns } from '../../helpers/turns.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

async function open(limits: Partial<EngineLimits>, vault?: MemoryVault) {
  const house = await openHouse({ limits, ...(vault === undefined ? {} : { vault }) })
  const ani = await house.join('ani')
  return { house, ani, seen: watch(ani) }
}

const send = async (from: LocalSession, name: string, content: string): Promise<WholeFile> => {
  const ended = await from.upload(pieces(content), { name, size: content.length }).done
  if ('type' in ended) throw new Error(`${ended.code} ${ended.message}`)
  return ended
}
const refusal = async (from: LocalSession, content: string, size?: number) =>
  (await from.upload(pieces(content), { name: 'x', ...(size === undefined ? {} : { size }) }).done) as Rejected
const names = ({ files }: LocalSession) => files.map(({ file }) => file.name)
const withdrawn = (seen: ReturnType<typeof watch>) =>
  seen.events.flatMap((event) => (event.type === 'fileWithdrawn' ? [`${event.file.name}: ${event.reason}`] : []))

describe('C114 a room that is full', () => {
  it('lets its oldest files go for a newer one, and hears of it first', async () => {
    const { house, ani, seen } = await open({ roomFileBytes: 10 })
    const first = await send(ani, 'a', '1234')
    await send(ani, 'b', '5678')
    const removed: boolean[] = []
    const remove = house.vault.remove.bind(house.vault)
    house.vault.remove = (id) => {
      removed.push(seen.events.some((event) => event.type === 'fileWithdrawn' && event.file.id === id))
      return remove(id)
    }
    await send(ani, 'c', '90ab')
    expect(names(ani)).toEqual(['b', 'c'])
    expect(withdrawn(seen)).toEqual(['a: newer files need its place'])
    expect(removed).toEqual([true])
    expect(await house.vault.size(first.id)).toBeUndefined()
    expect(await failure(textOf(ani.download(first.id)))).toMatchObject({ code: 'NO_SUCH_FILE' })
    expect(await house.engine.file(first.id)).toBeUndefined()
  })
  it('keeps all for a file that can never fit, whether it says so or is found to be so', async () => {
    const { ani, seen } = await open({ roomFileBytes: 10 })
    await send(ani, 'a', '1234')
    expect(await refusal(ani, '', 11)).toMatchObject({ code: 'FILE_TOO_LARGE' })
    expect([names(ani), withdrawn(seen)]).toEqual([['a'], []])
  })
  it('makes room for a file of unknown size as it grows', async () => {
    const { ani, seen } = await open({ roomFileBytes: 10 })
    for (const name of ['a', 'b', 'c']) await send(ani, name, '123')
    const ended = await ani.upload(pieces('12', '34', '56', '7'), { name: 'd' }).done
    expect(ended).toMatchObject({ size: 7 })
    expect(withdrawn(seen).map((line) => line[0])).toEqual(['a', 'b'])
    expect(names(ani)).toEqual(['c', 'd'])
    expect(await refusal(ani, '12345678901')).toMatchObject({ code: 'FILE_TOO_LARGE' })
  })
  it('makes room when a size is told later', async () => {
    const { house, ani } = await open({ roomFileBytes: 10 })
    for (const name of ['a', 'b']) await send(ani, name, '12345')
    const transfer = (await house.engine.createTransfer(ani, { name: 'c' })) as TransferActor
    expect(names(ani)).toEqual(['a', 'b', 'c'])
    expect(await transfer.setSize(11)).toMatchObject({ code: 'FILE_TOO_LARGE' })
    expect(await transfer.setSize(6)).toBeUndefined()
    expect(names(ani)).toEqual(['c'])
  })
  it('promises no place twice, and gives it back', async () => {
    const { house, ani } = await open({ roomFileBytes: 10 })
    const create = (size: number) => house.engine.createTransfer(ani, { name: 'a', size })
    const [one, two] = await Promise.all([create(6), create(6)])
    expect([one, two]).toMatchObject([{ status: 'paused' }, { code: 'DISK_FULL' }])
    await (one as TransferActor).withdraw('enough')
    expect(await create(6)).toMatchObject({ status: 'paused' })
  })
  it('knows after a restart what is promised to files on their way', async () => {
    const { house, ani } = await open({ roomFileBytes: 10 })
    const transfer = (await house.engine.createTransfer(ani, { name: 'a', size: 6 })) as TransferActor
    await ((await transfer.write(0)) as Writing).append(Buffer.from('1'))
    await house.engine.stop()
    const next = await reopen(house, { roomFileBytes: 10 })
    expect(await refusal(await next.join('ani'), '', 6)).toMatchObject({ code: 'DISK_FULL' })
  })
  it('counts the same bytes under another name as a file, too', async () => {
    const { house, ani } = await open({ filesPerHost: 2 })
    const { sha256 } = await send(ani, 'a', '123')
    for (const name of ['b', 'c'])
      expect(await house.engine.createTransfer(ani, { name, sha256 })).toMatchObject({ name })
    expect(names(ani)).toEqual(['b', 'c'])
  })
  it('has its own files go, not those of others, when the host has too many', async () => {
    const { house, ani } = await open({ filesPerHost: 3 })
    const budi = await house.join('budi', 'dapur')
    for (const name of ['a', 'b']) await send(ani, name, '')
    await send(budi, 'c', '')
    await send(budi, 'd', '')
    expect([names(ani), names(budi)]).toEqual([['a', 'b'], ['d']])
    expect(await refusal(await house.join('cici', 'teras'), '')).toMatchObject({ code: 'TOO_MANY_FILES' })
  })
  it('has its own oldest go when the vault is full, and keeps them where that would not do', async () => {
    const vault = Object.assign(new MemoryVault(), { bytesLeft: 2, maxFileBytes: 100 })
    const { house, ani } = await open({}, vault)
    vault.bytesLeft = 8
    await send(ani, 'a', '1234')
    await send(ani, 'b', '1234')
    vault.bytesLeft = 0
    expect(await refusal(ani, '', 9)).toMatchObject({ code: 'DISK_FULL' })
    expect(names(ani)).toEqual(['a', 'b'])
    expect(await house.engine.createTransfer(ani, { name: 'c', size: 4 })).toMatchObject({ status: 'paused' })
    expect(names(ani)).toEqual(['b', 'c'])
  })
  it('lets nothing go that it could not be told of', async () => {
    const { house, ani } = await open({ roomFileBytes: 10 })
    const { id } = await send(ani, 'a', '12345678')
    house.journal.script.push({ status: 'readOnly', message: 'full' })
    expect(await refusal(ani, '', 8)).toMatchObject({ code: 'READ_ONLY' })
    expect([names(ani), await house.vault.size(id)]).toEqual([['a'], 8])
    expect(await send(ani, 'b', '12345678')).toMatchObject({ size: 8 })
  })
  it('ends whoever reads what goes with an error', async () => {
    const { house, ani } = await open({ roomFileBytes: 4_000_000 })
    const { id } = await send(ani, 'a', 'x'.repeat(3_000_000))
    const read = ani.download(id)[Symbol.asyncIterator]()
    await read.next()
    await send(ani, 'b', 'x'.repeat(3_000_000))
    const rest = (async () => {
      while ((await read.next()).done !== true);
    })()
    expect(await failure(rest)).toMatchObject({ code: 'NO_SUCH_FILE' })
    expect(house.broken).toEqual([])
  })
})

describe('files that were kept long enough', () => {
  const pass = async ({ clock }: House, ms: number) => {
    for (let at = 0; at < ms; at += HOUR) {
      clock.advance(HOUR)
      await turns(6)
    }
  }

  it('go within the hour, and the room is told', async () => {
    const { house, ani, seen } = await open({})
    const { id } = await send(ani, 'a', '123')
    await pass(house, 29 * DAY)
    await send(ani, 'b', '123')
    await pass(house, DAY)
    expect(names(ani)).toEqual(['a', 'b'])
    await pass(house, HOUR)
    expect([names(ani), withdrawn(seen)]).toEqual([['b'], ['a: files stay for 30 days']])
    expect(await house.vault.size(id)).toBeUndefined()
  })
  it('go from rooms that nobody is in', async () => {
    const { house, ani } = await open({ fileDays: 1 })
    const { id } = await send(ani, 'a', '123')
    await ani.close()
    await pass(house, DAY + HOUR)
    expect(await house.vault.size(id)).toBeUndefined()
    expect((await house.join('budi')).files).toEqual([])
  })
  it('stay where no days are given, and no time is waited for', async () => {
    const { house, ani } = await open({ fileDays: 0 })
    await send(ani, 'a', '123')
    expect(house.clock.waiting).toBe(0)
  })
  it('are removed by the next start where the host went down before they were', async () => {
    const { house, ani } = await open({ roomFileBytes: 5 })
    const { id } = await send(ani, 'a', '1234')
    const { remove } = house.vault
    house.vault.remove = async () => {}
    await send(ani, 'b', '1234')
    await house.engine.stop()
    expect(await house.vault.size(id)).toBe(4)
    house.vault.remove = remove
    const next = await reopen(house)
    await turns(2)
    expect([await next.vault.size(id), (await next.join('ani')).files.length]).toEqual([undefined, 1])
  })
  it('C83 stay for a day when the clock jumps by years, and then go', async () => {
    const { house, ani } = await open({}, undefined)
    const clock = jumping(house.clock)
    for (let file = 0; file < 20; file++) await send(ani, `f${file}`, '1')
    await pass(house, 2 * HOUR)
    clock.jump(3650 * DAY)
    await pass(house, 10 * HOUR)
    expect(ani.files).toHaveLength(20)
    expect(house.log.lines.filter(({ level }) => level === 'error')[0]).toMatchObject({
      what: expect.stringMatching(/clock has jumped/),
      fields: { files: 20, of: 20 },
    })
    clock.jump(-3650 * DAY)
    await pass(house, 2 * DAY)
    expect(ani.files).toHaveLength(20)
    clock.jump(3650 * DAY)
    await pass(house, 2 * DAY)
    expect(ani.files).toHaveLength(0)
  })
})

/** Lets the time of day jump while time passes as ever. */
function jumping(clock: TurnClock) {
  let by = 0
  const { now } = clock
  clock.now = () => now.call(clock) + by
  onTestFinished(() => {
    clock.now = now
  })
  return { jump: (ms: number) => (by += ms) }
}
