import { describe, expect, it } from 'vitest'
import type { LocalSession } from '#domain/engine/session.ts'
import type { Rejected } from '#domain/errors.ts'
import type { WholeFile } from '#domain/room/events.ts'
import type { UploadMeta } from '#domain/session.ts'
import type { TransferActor } from '#domain/transfer/actor.ts'
import type { Writing } from '#domain/transfer/writer.ts'
import { MemoryFileStore } from '#storage/memory/file-store.ts'
import { pieces, sha256Of, textOf } from '../../../harness/bytes.ts'
import { type House, openHouse, reopen, watch } from '../../../harness/house.ts'
import { turns } from '../../../harness/turns.ts'

const bytes = (text: string) => Buffer.from(text)

function begun(created: TransferActor | WholeFile | Rejected): TransferActor {
  if (!('write' in created)) throw new Error(JSON.stringify(created))
  return created
}
function writing(answer: Writing | Rejected): Writing {
  if ('type' in answer) throw new Error(answer.code)
  return answer
}

async function offer(house: House, meta: Partial<UploadMeta> = {}, session?: LocalSession) {
  const by = session ?? (await house.join('ani'))
  const transfer = begun(await by.createTransfer({ name: 'a.txt', ...meta }))
  return { by, transfer, seen: watch(by) }
}

describe('P6 a transfer', () => {
  it('is offered at once, filled over several connections, and complete in the end', async () => {
    const house = await openHouse()
    const { by, transfer } = await offer(house, { size: 6 })
    expect([transfer.status, transfer.durable, by.files.map(({ status }) => status)]).toEqual([
      'paused',
      0,
      ['offered'],
    ])
    const first = writing(await transfer.write(0))
    expect(transfer.status).toBe('arriving')
    expect(await first.append(bytes('hal'))).toBeUndefined()
    expect([await first.pause(), transfer.status, transfer.durable]).toEqual([3, 'paused', 3])
    const second = writing(await transfer.write(3))
    expect(second.offset).toBe(3)
    await second.append(bytes('o!\n'))
    expect(await second.finish()).toEqual({ id: transfer.id, name: 'a.txt', size: 6, sha256: sha256Of('halo!\n') })
    expect([transfer.status, await house.engine.transfer(transfer.id)]).toEqual(['whole', undefined])
    expect(await textOf(by.download(transfer.id))).toBe('halo!\n')
    expect(by.files.map(({ status }) => status)).toEqual(['whole'])
  })
  it('is withdrawn where the disk is full, and who wrote it may still pause', async () => {
    const fileStore = new MemoryFileStore({ maxFileBytes: 3 })
    const { transfer, by } = await offer(await openHouse({ fileStore }))
    const first = writing(await transfer.write(0))
    expect(await first.append(bytes('halo'))).toMatchObject({ code: 'FILE_TOO_LARGE' })
    expect(transfer.status).toBe('withdrawn')
    await expect(first.pause()).resolves.toBe(0)
    expect(await first.append(bytes('a'))).toMatchObject({ code: 'FENCED' })
    expect(await first.finish()).toMatchObject({ code: 'FENCED' })
    expect(by.files).toEqual([])
  })
  it('goes on when its sender has left', async () => {
    const house = await openHouse()
    const { by, transfer } = await offer(house)
    await by.close()
    const last = writing(await transfer.write(0))
    await last.append(bytes('a'))
    expect(await last.finish()).toMatchObject({ size: 1 })
    const budi = await house.join('budi')
    expect(budi.files).toMatchObject([{ status: 'whole', by: { name: 'ani' } }])
  })
  it('goes on after the host was stopped and started', async () => {
    const house = await openHouse()
    const { transfer } = await offer(house, { size: 4, sha256: sha256Of('halo') })
    await writing(await transfer.write(0)).append(bytes('ha'))
    await house.engine.stop()
    const next = await reopen(house)
    const again = await next.engine.transfer(transfer.id)
    expect([again?.status, again?.durable, again?.file]).toEqual([
      'paused',
      2,
      { id: transfer.id, name: 'a.txt', size: 4, sha256: sha256Of('halo') },
    ])
    const rest = writing((await again?.write(2)) as Writing)
    await rest.append(bytes('lo'))
    expect(await rest.finish()).toMatchObject({ sha256: sha256Of('halo') })
  })
  it('whose last byte had arrived when the host went down is finished by the next start', async () => {
    const house = await openHouse()
    const { transfer } = await offer(house, { size: 4 })
    await writing(await transfer.write(0)).append(bytes('halo'))
    await house.engine.stop()
    const next = await reopen(house)
    await turns(8)
    expect(await next.engine.file(transfer.id)).toMatchObject({ file: { file: { sha256: sha256Of('halo') } } })
  })
  it('of which nothing is left is withdrawn after a start', async () => {
    const house = await openHouse()
    await offer(house, { size: 4 })
    await house.engine.stop()
    const next = await openHouse({
      journal: house.journal,
      clock: house.clock,
      ids: house.ids,
      fileStore: new MemoryFileStore(),
    })
    const budi = await next.join('budi')
    await turns(3)
    expect(budi.files).toEqual([])
  })
  it('tells the digest of what it has, for a sender to see whether it is the same file (C111)', async () => {
    const { transfer } = await offer(await openHouse())
    const first = writing(await transfer.write(0))
    await first.append(bytes('hal'))
    expect(await transfer.prefix()).toEqual({ size: 3, sha256: sha256Of('hal') })
  })
  it('lets go of its file while nobody writes, and takes it up again', async () => {
    const house = await openHouse({ limits: { transferIdleMs: 1000 } })
    const { transfer } = await offer(house)
    const first = writing(await transfer.write(0))
    await first.append(bytes('ha'))
    house.clock.advance(5000)
    expect(transfer.isOpenInFileStore).toBe(true)
    await first.pause()
    house.clock.advance(1000)
    await turns(2)
    expect([transfer.isOpenInFileStore, transfer.durable]).toEqual([false, 2])
    expect(writing(await transfer.write(2)).offset).toBe(2)
  })
  it('that gets no byte for a day is withdrawn, and the room is told', async () => {
    const house = await openHouse({ limits: { transferKeptMs: 10_000 } })
    const { by, transfer, seen } = await offer(house)
    const first = writing(await transfer.write(0))
    house.clock.advance(10_000)
    await turns(2)
    expect(transfer.status).toBe('arriving')
    await first.pause()
    house.clock.advance(10_000)
    await turns(4)
    expect(transfer.status).toBe('withdrawn')
    expect(by.files).toEqual([])
    expect(seen.events.at(-1)).toMatchObject({ type: 'fileWithdrawn', reason: 'it was not finished in time' })
    expect(house.clock.waiting).toBe(0)
  })
  it('may get its size later, once', async () => {
    const { by, transfer } = await offer(await openHouse())
    expect(await transfer.setSize(4)).toBeUndefined()
    expect(await transfer.setSize(4)).toBeUndefined()
    expect(await transfer.setSize(5)).toMatchObject({ code: 'BAD_OFFSET' })
    expect(by.files).toMatchObject([{ file: { size: 4 } }])
  })
})

describe('C108 an offset', () => {
  it('that is not the durable one is refused, and changes nothing', async () => {
    const { transfer } = await offer(await openHouse())
    const first = writing(await transfer.write(0))
    await first.append(bytes('ha'))
    await first.pause()
    for (const offset of [-1, 0, 1, 3, 2 ** 53 - 1])
      expect(await transfer.write(offset)).toMatchObject({ code: 'BAD_OFFSET' })
    const rest = writing(await transfer.write(2))
    expect(await rest.finish()).toMatchObject({ size: 2, sha256: sha256Of('ha') })
  })
  it('beyond the size that was told is refused, and what was there stays', async () => {
    const { transfer } = await offer(await openHouse(), { size: 3 })
    const first = writing(await transfer.write(0))
    await first.append(bytes('ha'))
    expect(await first.append(bytes('lo'))).toMatchObject({ code: 'BAD_OFFSET' })
    expect(await first.append(bytes('l'))).toBeUndefined()
    expect(await first.finish()).toMatchObject({ size: 3 })
  })
  it('before the end of the file does not finish it, and it goes on later', async () => {
    const { transfer } = await offer(await openHouse(), { size: 4 })
    const first = writing(await transfer.write(0))
    await first.append(bytes('ha'))
    expect(await first.finish()).toMatchObject({ code: 'TRANSFER_CUT' })
    expect([transfer.status, transfer.durable]).toEqual(['paused', 2])
  })
})

describe('C110 a second writer', () => {
  it('takes over at once, and the first is told at its next word', async () => {
    const { transfer } = await offer(await openHouse(), { size: 4 })
    const first = writing(await transfer.write(0))
    await first.append(bytes('ha'))
    const second = writing(await transfer.write(2))
    expect(await first.append(bytes('XX'))).toMatchObject({ code: 'FENCED' })
    expect(await first.finish()).toMatchObject({ code: 'FENCED' })
    await first.pause()
    expect(transfer.status).toBe('arriving')
    await second.append(bytes('lo'))
    expect(await second.finish()).toMatchObject({ sha256: sha256Of('halo') })
  })
  it('counts from its call: what the first had not handed over by then is not taken', async () => {
    const { transfer } = await offer(await openHouse())
    const first = writing(await transfer.write(0))
    const appended = first.append(bytes('ha'))
    const second = transfer.write(0)
    expect(await appended).toMatchObject({ code: 'FENCED' })
    expect(writing(await second).offset).toBe(0)
  })
})

describe('C112 other bytes than were promised', () => {
  it('are not published, and the transfer begins again at 0', async () => {
    const { by, transfer } = await offer(await openHouse(), { size: 4, sha256: sha256Of('halo') })
    const first = writing(await transfer.write(0))
    await first.append(bytes('hola'))
    expect(await first.finish()).toMatchObject({ code: 'HASH_MISMATCH' })
    expect([transfer.status, transfer.durable, by.files.map(({ status }) => status)]).toEqual([
      'paused',
      0,
      ['offered'],
    ])
    const second = writing(await transfer.write(0))
    await second.append(bytes('halo'))
    expect(await second.finish()).toMatchObject({ sha256: sha256Of('halo') })
  })
})

describe('bytes that the room has already', () => {
  it('under the same name are that file, and need not be sent', async () => {
    const { join } = await openHouse()
    const ani = await join('ani')
    const first = await ani.upload(pieces('halo'), { name: 'a.txt' }).done
    expect(await ani.createTransfer({ name: 'a.txt', sha256: sha256Of('halo') })).toEqual(first)
    expect(ani.files).toHaveLength(1)
  })
  it('under another name are a file of their own, and need not be sent', async () => {
    const { join, fileStore } = await openHouse()
    const ani = await join('ani')
    const first = (await ani.upload(pieces('halo'), { name: 'a.txt' }).done) as WholeFile
    const second = (await ani.createTransfer({ name: 'b.txt', sha256: sha256Of('halo') })) as WholeFile
    expect(second).toMatchObject({ name: 'b.txt', size: 4 })
    expect(second.id).not.toBe(first.id)
    await fileStore.remove(first.id)
    expect(await textOf(ani.download(second.id))).toBe('halo')
  })
  it('in another room say nothing here', async () => {
    const { join } = await openHouse()
    const ani = await join('ani')
    await ani.upload(pieces('halo'), { name: 'a.txt' }).done
    const budi = await join('budi', 'other')
    expect(await budi.createTransfer({ name: 'a.txt', sha256: sha256Of('halo') })).toMatchObject({
      status: 'paused',
    })
  })
})

describe('a file of any room', () => {
  it('is found by its id, also when its room is not in use, and after a restart', async () => {
    const house = await openHouse()
    const ani = await house.join('ani', 'lab')
    const { id } = (await ani.upload(pieces('halo'), { name: 'a.txt' }).done) as WholeFile
    await ani.close()
    expect(await house.engine.file(id)).toMatchObject({ room: 'lab', file: { status: 'whole' } })
    expect(await house.engine.file('0'.repeat(32))).toBeUndefined()
    await house.engine.stop()
    const next = await reopen(house)
    expect(await next.engine.file(id)).toMatchObject({ room: 'lab', file: { status: 'whole' } })
  })
})
