import { describe, expect, it, onTestFinished } from 'vitest'
import type { EngineLimits } from '#domain/engine/limits.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import type { Rejected } from '#domain/errors.ts'
import type { WholeFile } from '#domain/room/events.ts'
import type { TransferActor } from '#domain/transfer/actor.ts'
import type { Writing } from '#domain/transfer/writer.ts'
import { MemoryFileStore } from '#storage/memory/file-store.ts'
import { pieces, textOf } from '../../../harness/bytes.ts'
import { failure, type House, openHouse, reopen, watch } from '../../../harness/house.ts'
import { type TurnClock, turns } from '../../../harness/turns.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

async function open(limits: Partial<EngineLimits>, fileStore?: MemoryFileStore) {
  const house = await openHouse({ limits, ...(fileStore === undefined ? {} : { fileStore }) })
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
    const { house, ani, seen } = await open({ roomQuotaBytes: 10 })
    const first = await send(ani, 'a', '1234')
    await send(ani, 'b', '5678')
    const removed: boolean[] = []
    const remove = house.fileStore.remove.bind(house.fileStore)
    house.fileStore.remove = (id) => {
      removed.push(seen.events.some((event) => event.type === 'fileWithdrawn' && event.file.id === id))
      return remove(id)
    }
    await send(ani, 'c', '90ab')
    expect(names(ani)).toEqual(['b', 'c'])
    expect(withdrawn(seen)).toEqual(['a: newer files need its place'])
    expect(removed).toEqual([true])
    expect(await house.fileStore.size(first.id)).toBeUndefined()
    expect(await failure(textOf(ani.download(first.id)))).toMatchObject({ code: 'NO_SUCH_FILE' })
    expect(await house.engine.file(first.id)).toBeUndefined()
  })
  it('keeps all for a file that can never fit, whether it says so or is found to be so', async () => {
    const { ani, seen } = await open({ roomQuotaBytes: 10 })
    await send(ani, 'a', '1234')
    expect(await refusal(ani, '', 11)).toMatchObject({ code: 'FILE_TOO_LARGE' })
    expect([names(ani), withdrawn(seen)]).toEqual([['a'], []])
  })
  it('makes room for a file of unknown size as it grows', async () => {
    const { ani, seen } = await open({ roomQuotaBytes: 10 })
    for (const name of ['a', 'b', 'c']) await send(ani, name, '123')
    const ended = await ani.upload(pieces('12', '34', '56', '7'), { name: 'd' }).done
    expect(ended).toMatchObject({ size: 7 })
    expect(withdrawn(seen).map((line) => line[0])).toEqual(['a', 'b'])
    expect(names(ani)).toEqual(['c', 'd'])
    expect(await refusal(ani, '12345678901')).toMatchObject({ code: 'FILE_TOO_LARGE' })
  })
  it('makes room when a size is told later', async () => {
    const { ani } = await open({ roomQuotaBytes: 10 })
    for (const name of ['a', 'b']) await send(ani, name, '12345')
    const transfer = (await ani.createTransfer({ name: 'c' })) as TransferActor
    expect(names(ani)).toEqual(['a', 'b', 'c'])
    expect(await transfer.setSize(11)).toMatchObject({ code: 'FILE_TOO_LARGE' })
    expect(await transfer.setSize(6)).toBeUndefined()
    expect(names(ani)).toEqual(['a', 'b', 'c'])
    const writing = (await transfer.write(0)) as Writing
    await writing.append(Buffer.from('12345'))
    expect(names(ani)).toEqual(['b', 'c'])
    await writing.append(Buffer.from('6'))
    expect(names(ani)).toEqual(['c'])
  })
  it('counts what has come, after a restart too', async () => {
    const { house, ani } = await open({ roomQuotaBytes: 10 })
    const transfer = (await ani.createTransfer({ name: 'a', size: 9 })) as TransferActor
    await ((await transfer.write(0)) as Writing).append(Buffer.from('123456'))
    await house.engine.stop()
    const next = await reopen(house, { roomQuotaBytes: 10 })
    const again = await next.join('ani')
    await send(again, 'b', '1234')
    await send(again, 'c', '12')
    expect(names(again)).toEqual(['a', 'c'])
  })
  it('counts the same bytes under another name as a file, too, and lets nothing go for a digest', async () => {
    const { ani } = await open({ filesPerHost: 2 })
    const { sha256 } = await send(ani, 'a', '123')
    expect(await ani.createTransfer({ name: 'b', sha256 })).toMatchObject({ name: 'b' })
    expect(await ani.createTransfer({ name: 'c', sha256 })).toMatchObject({ status: 'paused' })
    expect(names(ani)).toEqual(['a', 'b', 'c'])
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
  it('has its own oldest go when the file store is full, and keeps them where that would not do', async () => {
    const { house, ani } = await open({}, new MemoryFileStore({ hostQuotaBytes: 10 }))
    await send(await house.join('budi', 'dapur'), 'other', '12')
    await send(ani, 'a', '1234')
    await send(ani, 'b', '1234')
    expect(await refusal(ani, '', 9)).toMatchObject({ code: 'DISK_FULL', limit: { of: 'host', bytes: 10 } })
    expect(await refusal(ani, '', 11)).toMatchObject({ code: 'FILE_TOO_LARGE', limit: { of: 'host', bytes: 10 } })
    expect(names(ani)).toEqual(['a', 'b'])
    const transfer = (await ani.createTransfer({ name: 'c', size: 4 })) as TransferActor
    expect(names(ani)).toEqual(['a', 'b', 'c'])
    await ((await transfer.write(0)) as Writing).append(Buffer.from('1234'))
    expect(names(ani)).toEqual(['b', 'c'])
  })
  it('lets nothing go that it could not be told of', async () => {
    const { house, ani } = await open({ roomQuotaBytes: 10 })
    const { id } = await send(ani, 'a', '12345678')
    const transfer = (await ani.createTransfer({ name: 'b', size: 8 })) as TransferActor
    const writing = (await transfer.write(0)) as Writing
    house.journal.script.push({ status: 'readOnly', message: 'full' })
    expect(await writing.append(Buffer.from('12345678'))).toMatchObject({ code: 'READ_ONLY' })
    await transfer.withdraw('enough')
    expect([names(ani), await house.fileStore.size(id)]).toEqual([['a'], 8])
    expect(await send(ani, 'b', '12345678')).toMatchObject({ size: 8 })
  })
  it('ends whoever reads what goes with an error', async () => {
    const { house, ani } = await open({ roomQuotaBytes: 4_000_000 })
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

describe('C114 a room that comes near to its quota', () => {
  const told = (seen: ReturnType<typeof watch>) =>
    seen.events.flatMap((event) =>
      event.type === 'fileSpaceLow'
        ? [`${event.used}/${event.quota}`]
        : event.type === 'fileWithdrawn'
          ? [`${event.file.name} goes`]
          : [],
    )

  it('is warned once at four fifths, before anything goes', async () => {
    const { ani, seen } = await open({ roomQuotaBytes: 10 })
    await send(ani, 'a', '1234567')
    expect(told(seen)).toEqual([])
    await send(ani, 'b', '8')
    expect(told(seen)).toEqual(['8/10'])
    for (const name of ['c', 'd', 'e']) await send(ani, name, '1')
    expect(told(seen)).toEqual(['8/10', 'a goes'])
  })
  it('is warned first where one file passes it in one piece', async () => {
    const { ani, seen } = await open({ roomQuotaBytes: 10 })
    await send(ani, 'a', '12345')
    await send(ani, 'b', '1234567')
    expect(told(seen)).toEqual(['10/10', 'a goes'])
  })
  it('is warned again once it was below it', async () => {
    const { ani, seen } = await open({ roomQuotaBytes: 10 })
    await send(ani, 'a', '12')
    const transfer = (await ani.createTransfer({ name: 'b' })) as TransferActor
    await ((await transfer.write(0)) as Writing).append(Buffer.from('123456'))
    await transfer.withdraw('enough')
    await send(ani, 'c', '12')
    await send(ani, 'd', '1234')
    expect(told(seen)).toEqual(['8/10', 'b goes', '8/10'])
  })
  it('counts what the host leaves it, where it has no quota of its own', async () => {
    const { house, ani, seen } = await open({ roomQuotaBytes: 0 }, new MemoryFileStore({ hostQuotaBytes: 100 }))
    await send(await house.join('budi', 'dapur'), 'other', '.'.repeat(90))
    await send(ani, 'a', '1234567')
    expect(told(seen)).toEqual([])
    await send(ani, 'b', '8')
    expect(told(seen)).toEqual(['8/10'])
  })
})

describe('C114 a promise is no thing', () => {
  const declare = async (from: LocalSession, size?: number) => {
    const created = await from.createTransfer({ name: 'x', ...(size === undefined ? {} : { size }) })
    if ('type' in created) throw new Error(created.code)
    return created as TransferActor
  }
  const append = async (transfer: TransferActor, content: string) =>
    await ((await transfer.write(transfer.durable)) as Writing).append(Buffer.from(content))
  const come = async (from: string, room: string, house: House, name = `p${from.at(-1)}`) =>
    await house.engine.join({ room, name, address: from })

  it('nothing goes for what is only told, however much and often, in whatever way', async () => {
    const { ani } = await open({ roomQuotaBytes: 10, filesPerHost: 3 })
    const { sha256 } = await send(ani, 'a', '12345')
    await send(ani, 'b', '1234')
    for (let time = 0; time < 20; time++) {
      await declare(ani, 10)
      const deferred = await declare(ani)
      expect(await deferred.setSize(10)).toBeUndefined()
      await ani.createTransfer({ name: `again ${time}`, sha256 })
    }
    expect(ani.files.filter(({ status }) => status === 'whole').map(({ file }) => file.name)).toEqual(['a', 'b'])
  })
  it('the oldest go as the bytes come, for a file that has all the room in the end', async () => {
    const { ani } = await open({ roomQuotaBytes: 10 })
    for (const name of ['a', 'b', 'c']) await send(ani, name, name.repeat(3))
    const transfer = await declare(ani, 10)
    const left: string[] = []
    for (let offset = 0; offset < 10; offset++) {
      expect(await append(transfer, '.')).toBeUndefined()
      left.push(names(ani).join(''))
    }
    expect(left).toEqual(['abcx', 'bcx', 'bcx', 'bcx', 'cx', 'cx', 'cx', 'x', 'x', 'x'])
    expect(await ((await transfer.write(10)) as Writing).finish()).toMatchObject({ size: 10 })
  })
  it('what one address leaves unfinished gives way where another’s needs room', async () => {
    const { house } = await open({ roomQuotaBytes: 10 })
    const hog = await come('10.0.0.1', 'lobby', house)
    const stopped = await declare(hog)
    await append(stopped, '12345678')
    await ((await stopped.write(8)) as Writing).pause()
    const guest = await come('10.0.0.2', 'lobby', house)
    expect(await send(guest, 'mine', '1234567')).toMatchObject({ size: 7 })
    expect([stopped.status, names(guest)]).toEqual(['withdrawn', ['mine']])
  })
  it('and evicts no more for one person’s unfinished ones than their share', async () => {
    const { house, ani } = await open({ roomQuotaBytes: 10 })
    for (const name of ['a', 'b', 'c']) await send(ani, name, name.repeat(3))
    const hog = await come('10.0.0.1', 'lobby', house)
    const many = [await declare(hog), await declare(hog), await declare(hog)]
    const answers: unknown[] = []
    for (const transfer of many) answers.push(await append(transfer, '123'))
    expect(answers).toEqual([
      undefined,
      expect.objectContaining({ code: 'DISK_FULL', message: expect.stringContaining('of yours') }),
      expect.objectContaining({ code: 'DISK_FULL' }),
    ])
    expect(ani.files.filter(({ status }) => status === 'whole')).toHaveLength(2)
  })
  it('one of which nothing comes is let go after two minutes, and gives its place back', async () => {
    const { house, ani } = await open({ unfinishedPerHost: 4 })
    const silent = await declare(ani, 10)
    const begun = await declare(ani, 10)
    await append(begun, '1')
    await ((await begun.write(1)) as Writing).pause()
    house.clock.advance(119_000)
    await turns(6)
    expect(silent.status).toBe('paused')
    house.clock.advance(122_000)
    await turns(6)
    expect([silent.status, begun.status, house.engine.transfers.length]).toEqual(['withdrawn', 'paused', 1])
  })
  it('at the very moment, whenever it began; and in one go, too, where its source gives nothing', async () => {
    const { house, ani } = await open({})
    const first = await declare(ani, 10)
    house.clock.advance(60_000)
    await turns(6)
    const second = await declare(ani, 10)
    const silent = async function* () {
      await new Promise(() => {})
      yield Buffer.from('')
    }
    ani.upload(silent(), { name: 'never', size: 10 })
    await turns(6)
    const third = house.engine.transfers[2]
    house.clock.advance(60_000)
    await turns(6)
    expect([first.status, second.status, third?.status]).toEqual(['withdrawn', 'paused', 'arriving'])
    house.clock.advance(59_999)
    await turns(6)
    expect([second.status, third?.status]).toEqual(['paused', 'arriving'])
    house.clock.advance(1)
    await turns(6)
    expect([second.status, third?.status]).toEqual(['withdrawn', 'withdrawn'])
    expect([house.engine.transfers, house.engine.uploads, ani.files]).toEqual([[], 0, []])
  })
  it('one person’s unfinished ones have half of what can be had where no quota is set, and are told so', async () => {
    const { ani } = await open({ roomQuotaBytes: 0 }, new MemoryFileStore({ hostQuotaBytes: 10 }))
    await send(ani, 'a', '12')
    const [one, two] = [await declare(ani), await declare(ani)]
    expect(await append(one, '1234')).toBeUndefined()
    expect(await append(two, '1234')).toBeUndefined()
    const why = await append(two, '1')
    expect(why).toMatchObject({ code: 'DISK_FULL', limit: { of: 'host', bytes: 10, shareOf: 'person' } })
    expect((why as Rejected).message).toBe(
      'uploads of yours that are not finished have 4 B already, and may have half of the 10 B that can be had while room is short; finish or withdraw them first: whoever runs the host can raise it with --host-quota',
    )
    expect(ani.files.filter(({ status }) => status === 'whole')).toHaveLength(1)
  })
  it('a byte now and then keeps no place for another day, and a restart does not either', async () => {
    const { house, ani } = await open({})
    const trickle = await declare(ani, 1_000_000)
    for (let hour = 0; hour < 20; hour++) {
      await append(trickle, '.')
      await ((await trickle.write(hour + 1)) as Writing).pause()
      house.clock.advance(HOUR)
      await turns(6)
    }
    expect(trickle.status).toBe('paused')
    await house.engine.stop()
    const next = await reopen(house)
    const after = await next.engine.transfer(trickle.id)
    expect(after?.keptForMs).toBe(4 * HOUR)
    house.clock.advance(4 * HOUR + 1)
    await turns(6)
    expect([after?.status, next.engine.transfers]).toEqual(['withdrawn', []])
  })
  it('a restart leaves a moment for whoever had the day behind them while the host was down', async () => {
    const { house, ani } = await open({})
    const old = await declare(ani, 10)
    await append(old, '1')
    await house.engine.stop()
    house.clock.advance(3 * DAY)
    const next = await reopen(house)
    expect((await next.engine.transfer(old.id))?.keptForMs).toBe(120_000)
  })
  it('places are shared: whoever has the most gives one, and nobody is kept out', async () => {
    const { house } = await open({ unfinishedPerHost: 8 })
    const hog = await come('10.0.0.1', 'lobby', house)
    const held: TransferActor[] = []
    for (let place = 0; place < 20; place++) held.push(await declare(hog, 10))
    const count = () => held.filter(({ status }) => status === 'paused').length
    expect(count()).toBe(4)
    const guests = ['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6']
    for (const from of guests) await declare(await come(from, 'lobby', house), 10)
    expect([count(), house.engine.transfers.length]).toEqual([3, 8])
  })
  it('many names at one address keep nobody there from sending several, and what has come stays the longest', async () => {
    const { house } = await open({ unfinishedPerHost: 8 })
    const others: TransferActor[] = []
    for (const name of ['a', 'b', 'c', 'd'])
      others.push(await declare(await come('10.0.0.1', 'lobby', house, name), 10))
    for (const transfer of others.slice(0, 2)) {
      await append(transfer, '1234')
      await ((await transfer.write(4)) as Writing).pause()
    }
    const mine = await come('10.0.0.1', 'lobby', house, 'mine')
    const held: TransferActor[] = []
    for (let place = 0; place < 4; place++) held.push(await declare(mine, 10))
    expect(held.map(({ status }) => status)).toEqual(['paused', 'paused', 'paused', 'paused'])
    expect(others.map(({ status }) => status)).toEqual(['withdrawn', 'withdrawn', 'withdrawn', 'withdrawn'])
  })
  it('C34 one address that brings in all there may be in one go keeps nobody else out', async () => {
    const { house } = await open({ uploadsPerHost: 4 })
    async function* trickle() {
      yield Buffer.from('1')
      await new Promise(() => {})
    }
    for (const name of ['a', 'b', 'c', 'd']) (await come('10.0.0.1', 'lobby', house, name)).upload(trickle(), { name })
    await turns(8)
    const near = await come('10.0.0.1', 'lobby', house, 'near')
    expect(await refusal(near, 'x')).toMatchObject({ code: 'TOO_MANY_FILES' })
    expect(await send(await come('10.0.0.2', 'lobby', house, 'far'), 'mine', '123')).toMatchObject({ size: 3 })
    expect(house.engine.transfers.map(({ file: { name } }) => name)).toEqual(['b', 'c', 'd'])
  })
  it('IPv6 addresses of one subnet are one', async () => {
    const { house } = await open({ unfinishedPerHost: 8 })
    for (let place = 0; place < 20; place++)
      await declare(await come(`2001:db8::${place}`, 'lobby', house, `p${place}`), 10)
    expect(house.engine.transfers).toHaveLength(4)
  })
  it('C34 what comes in one go and does not get on ends for another', async () => {
    const { house, ani, seen } = await open({ uploadsPerHost: 1 })
    async function* trickle() {
      yield Buffer.from('1')
      await new Promise(() => {})
    }
    ani.upload(trickle(), { name: 'slow' })
    await turns(4)
    expect(await refusal(ani, 'x')).toMatchObject({ code: 'TOO_MANY_FILES' })
    house.clock.advance(5000)
    expect(await send(ani, 'b', '123')).toMatchObject({ name: 'b' })
    expect([names(ani), withdrawn(seen)]).toEqual([['b'], ['slow: others wait for its place; try again in a moment']])
  })
  it('only uploads of the room give way where the room is short', async () => {
    const { house } = await open({ roomQuotaBytes: 10 })
    const elsewhere = await declare(await come('10.0.0.1', 'dapur', house))
    const here = await declare(await come('10.0.0.2', 'lobby', house))
    for (const [transfer, content] of [[elsewhere, '123456789'] as const, [here, '12345'] as const]) {
      await append(transfer, content)
      await ((await transfer.write(content.length)) as Writing).pause()
    }
    expect(await send(await come('10.0.0.3', 'lobby', house), 'a', '123456')).toMatchObject({ size: 6 })
    expect([elsewhere.status, here.status]).toEqual(['paused', 'withdrawn'])
  })
  it('C34 of those that arrive, whoever does not get on makes way, and whoever brings in most', async () => {
    const { house } = await open({ uploadsPerHost: 4 })
    const hog = await come('10.0.0.1', 'lobby', house)
    const held: TransferActor[] = []
    const writings: Writing[] = []
    for (let place = 0; place < 4; place++) {
      const transfer = await declare(hog, 10)
      held.push(transfer)
      writings.push((await transfer.write(0)) as Writing)
    }
    const guest = await come('10.0.0.2', 'lobby', house)
    const mine = await declare(guest, 10)
    expect(await mine.write(0)).toHaveProperty('append')
    expect(held.map(({ status }) => status)).toEqual(['paused', 'arriving', 'arriving', 'arriving'])
    expect(await writings[0]?.append(Buffer.from('1'))).toMatchObject({ code: 'TRANSFER_STALLED' })
    expect(held[0]?.status).toBe('paused')
    const other = await declare(guest, 10)
    expect(await other.write(0)).toHaveProperty('append')
    // Two and two: from now on only whoever stands still makes way.
    expect(await (await declare(guest, 10)).write(0)).toMatchObject({ code: 'TOO_MANY_FILES' })
    house.clock.advance(5000)
    expect(await (await declare(guest, 10)).write(0)).toHaveProperty('append')
    expect(held.map(({ status }) => status)).toEqual(['paused', 'paused', 'paused', 'arriving'])
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
    expect(await house.fileStore.size(id)).toBeUndefined()
  })
  it('go from rooms that nobody is in', async () => {
    const { house, ani } = await open({ fileDays: 1 })
    const { id } = await send(ani, 'a', '123')
    await ani.close()
    await pass(house, DAY + HOUR)
    expect(await house.fileStore.size(id)).toBeUndefined()
    expect((await house.join('budi')).files).toEqual([])
  })
  it('stay where no days are given, and no time is waited for', async () => {
    const { house, ani } = await open({ fileDays: 0 })
    await send(ani, 'a', '123')
    expect(house.clock.waiting).toBe(0)
  })
  it('are removed by the next start where the host went down before they were', async () => {
    const { house, ani } = await open({ roomQuotaBytes: 5 })
    const { id } = await send(ani, 'a', '1234')
    const { remove } = house.fileStore
    house.fileStore.remove = async () => {}
    await send(ani, 'b', '1234')
    await house.engine.stop()
    expect(await house.fileStore.size(id)).toBe(4)
    house.fileStore.remove = remove
    const next = await reopen(house)
    await turns(2)
    expect([await next.fileStore.size(id), (await next.join('ani')).files.length]).toEqual([undefined, 1])
  })
  it('go at the moment that their sender chose, also from a room that nobody is in, and after a restart', async () => {
    const { house, ani, seen } = await open({ fileDays: 0 })
    const upload = ani.upload(pieces('123'), { name: 'a', expiresInSeconds: 60 })
    await upload.done
    await send(ani, 'b', '123')
    house.clock.advance(59_999)
    await turns(6)
    expect(names(ani)).toEqual(['a', 'b'])
    house.clock.advance(1)
    await turns(6)
    expect([names(ani), withdrawn(seen)]).toEqual([['b'], ['a: its time is over']])
    expect(await house.fileStore.size(upload.id)).toBeUndefined()
    const last = ani.upload(pieces('123'), { name: 'c', expiresInSeconds: 60 })
    await last.done
    await house.engine.stop()
    const next = await reopen(house, { fileDays: 0 })
    next.clock.advance(60_000)
    await turns(6)
    expect((await next.join('ani')).files.map(({ file }) => file.name)).toEqual(['b'])
    expect(await next.fileStore.size(last.id)).toBeUndefined()
  })
  it('go after the time that their room has set, those too that were there before', async () => {
    const { house, ani, seen } = await open({ fileDays: 0 })
    await send(ani, 'a', '123')
    house.clock.advance(HOUR)
    const owner = await house.engine.join({ room: ani.room, name: 'ibu', role: 'owner' })
    expect(await owner.send({ type: 'setExpiry', seconds: 2 * 3600 })).toMatchObject({ type: 'ack' })
    await send(ani, 'b', '123')
    await pass(house, HOUR)
    expect([names(ani), withdrawn(seen)]).toEqual([['b'], ['a: its time is over']])
    await pass(house, HOUR)
    expect(names(ani)).toEqual([])
    await owner.send({ type: 'setExpiry', seconds: 0 })
    await send(ani, 'c', '123')
    await pass(house, 10 * HOUR)
    expect(names(ani)).toEqual(['c'])
  })
  it('are spoken of a day before, once, where they were to stay for more than a day', async () => {
    const { house, ani, seen } = await open({ fileDays: 3 })
    const told = () => seen.events.flatMap((event) => (event.type === 'filesExpiring' ? [event.files] : []))
    await send(ani, 'a', '123')
    await send(ani, 'b', '123')
    await pass(house, 2 * DAY - HOUR)
    expect(told()).toEqual([])
    await pass(house, 5 * HOUR)
    expect(told()).toEqual([2])
    const owner = await house.engine.join({ room: ani.room, name: 'ibu', role: 'owner' })
    await send(ani, 'c', '123')
    await owner.send({ type: 'setExpiry', seconds: 3600 })
    await pass(house, 5 * HOUR)
    expect(told()).toEqual([2])
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
