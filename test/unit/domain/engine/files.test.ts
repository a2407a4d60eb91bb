import { describe, expect, it } from 'vitest'
import { FileStoreFailed } from '#domain/ports/file-store.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { MemoryFileStore } from '#storage/memory/file-store.ts'
import { pieces, textOf } from '../../../harness/bytes.ts'
import { failure, openHouse, reopen, watch } from '../../../harness/house.ts'
import { turns } from '../../../harness/turns.ts'

/** A source that waits for the test after its first piece. */
function stuck() {
  let end = () => {}
  const source = (async function* () {
    yield Buffer.from('half')
    await new Promise<void>((resolve) => {
      end = resolve
    })
  })()
  return { source, end: () => end() }
}

const FULL = { status: 'readOnly', message: 'the disk is full' } as const

describe('a file', () => {
  it('is offered, then whole, and everybody in the room can have it, from any byte', async () => {
    const { join } = await openHouse()
    const [ani, budi] = [await join('ani'), await join('budi')]
    const seen = watch(budi)
    const upload = ani.upload(pieces('ha', 'lo'), { name: '../a b.txt', size: 4 })
    const progress: number[] = []
    upload.progress$.subscribe(({ bytes }) => progress.push(bytes))
    const file = await upload.done
    if ('type' in file) throw new Error(file.message)
    expect(file).toMatchObject({ id: upload.id, name: 'a b.txt', size: 4 })
    expect(seen.events.map(({ type }) => type)).toEqual(['fileOffered', 'fileCompleted'])
    expect(seen.events[1]).toMatchObject({ file, by: ani.member })
    expect(budi.files).toMatchObject([{ status: 'whole', file }])
    expect(await textOf(budi.download(file.id))).toBe('halo')
    expect(await textOf(budi.download(file.id, 2))).toBe('lo')
    expect(progress).toEqual([2, 4])
    expect(await budi.send({ type: 'receiveFile', file: file.id })).toMatchObject({ type: 'ack' })
  })
  it('is known by who has verified it, also after a restart', async () => {
    const house = await openHouse()
    const [ani, budi] = [await house.join('ani'), await house.join('budi')]
    const { id } = (await ani.upload(pieces('halo'), { name: 'a' }).done) as WholeFile
    expect(await budi.send({ type: 'receiveFile', file: id })).toEqual({ type: 'ack', seq: 3, duplicate: false })
    expect(await budi.send({ type: 'receiveFile', file: id })).toEqual({ type: 'ack', seq: 3, duplicate: true })
    await house.engine.stop()
    const next = await (await reopen(house)).join('cici')
    expect(next.files).toMatchObject([{ status: 'whole', received: new Map([['budi', house.clock.now()]]) }])
    expect(next.last).toBe(3)
  })
  it('can be read while it arrives', async () => {
    const { join } = await openHouse()
    const [ani, budi] = [await join('ani'), await join('budi')]
    const { source, end } = stuck()
    const upload = ani.upload(source, { name: 'a' })
    await turns(4)
    expect(budi.files).toMatchObject([{ status: 'offered' }])
    const read = textOf(budi.download(upload.id))
    await turns(4)
    end()
    expect(await read).toBe('half')
  })
  it('of another room is not to be had', async () => {
    const { join } = await openHouse()
    const [ani, budi] = [await join('ani'), await join('budi', 'kitchen')]
    const { id } = await ani.upload(pieces('a'), { name: 'a' })
    await turns(4)
    expect(await failure(textOf(budi.download(id)))).toMatchObject({ code: 'NO_SUCH_FILE' })
  })
  it('that the file store has lost is not to be had', async () => {
    const { join, fileStore } = await openHouse()
    const ani = await join('ani')
    const upload = ani.upload(pieces('a'), { name: 'a' })
    await upload.done
    await fileStore.remove(upload.id)
    expect(await failure(textOf(ani.download(upload.id)))).toMatchObject({ code: 'NO_SUCH_FILE' })
  })
  it('C38 whose name is an attack is refused before anything of it is kept', async () => {
    const { join } = await openHouse()
    const ani = await join('ani')
    expect(await ani.upload(pieces('a'), { name: '..' }).done).toMatchObject({ code: 'BAD_NAME' })
    expect(ani.files).toEqual([])
  })
  it('is one too many where as many arrive as the host takes, and welcome again later', async () => {
    const { join, engine } = await openHouse({ limits: { uploadsPerHost: 1 } })
    const ani = await join('ani')
    const { source, end } = stuck()
    const first = ani.upload(source, { name: 'a' })
    expect(engine.uploads).toBe(1)
    expect(await ani.upload(pieces('b'), { name: 'b' }).done).toMatchObject({ code: 'TOO_MANY_FILES' })
    await turns(4)
    end()
    await first.done
    expect(engine.uploads).toBe(0)
    expect(await ani.upload(pieces('b'), { name: 'b' }).done).toMatchObject({ name: 'b' })
  })
  it('goes on when its sender leaves and the room is empty', async () => {
    const { join } = await openHouse()
    const ani = await join('ani')
    const { source, end } = stuck()
    const upload = ani.upload(source, { name: 'a' })
    await turns(4)
    await ani.close()
    const budi = await join('budi')
    expect(budi.files).toMatchObject([{ status: 'offered' }])
    end()
    expect(await upload.done).toMatchObject({ size: 4 })
    expect(budi.files).toMatchObject([{ status: 'whole', by: { name: 'ani' } }])
  })
})

describe('an upload that a restart interrupted', () => {
  it('is withdrawn when its room is read back', async () => {
    const house = await openHouse()
    const ani = await house.join('ani')
    const upload = ani.upload(stuck().source, { name: 'a' })
    await turns(4)
    const next = await reopen({ ...house, fileStore: new MemoryFileStore() })
    const budi = await next.engine.join({ room: 'lobby', name: 'budi', after: 0 })
    const seen = watch(budi)
    await next.engine.settled()
    await turns(4)
    expect(budi.files).toEqual([])
    expect(seen.events.map(({ type }) => type)).toEqual(['fileOffered', 'fileWithdrawn'])
    expect(seen.events[1]).toMatchObject({ file: { id: upload.id, name: 'a' }, by: ani.member })
  })
})

describe('P3 a host that starts on a full disk and has lost parts of what was on its way', () => {
  it('tells so once there is room, also where nobody is there', async () => {
    const house = await openHouse()
    const ani = await house.join('ani')
    await ani.createTransfer({ name: 'a', size: 4 })
    await house.engine.stop()
    house.journal.script.push(FULL, FULL)
    const next = await reopen({ ...house, fileStore: new MemoryFileStore() })
    await next.engine.settled()
    for (const _ of [1, 2]) {
      await turns(8)
      house.clock.advance(1000)
    }
    await turns(8)
    await next.engine.settled()
    expect(house.journal.script).toEqual([])
    expect((await next.engine.join({ room: 'lobby', name: 'budi' })).files).toEqual([])
  })
})

describe('P3 a host that starts and has lost parts of what was on its way', () => {
  it('serves what is whole in those rooms, however soon and often it is asked, and tells what is gone once', async () => {
    const house = await openHouse()
    const names = ['x0', 'x1', 'x2']
    const whole: string[] = []
    const lost: string[] = []
    for (const name of names) {
      const ani = await house.join('ani', name)
      const sent = await ani.upload(pieces('hello'), { name: 'whole.txt' }).done
      if ('type' in sent) throw new Error(sent.code)
      whole.push(sent.id)
      const begun = await ani.createTransfer({ name: 'lost.txt', size: 100 })
      if (!('write' in begun)) throw new Error('it was not begun')
      lost.push(begun.id)
      await ani.close()
    }
    await house.engine.stop()
    await house.fileStore.open()
    for (const id of lost) await house.fileStore.remove(id)
    const next = await reopen(house)
    next.journal.hold()
    for (let round = 0; round < 3; round++)
      for (const id of whole) expect(await next.engine.file(id)).toMatchObject({ file: { status: 'whole' } })
    next.journal.release()
    await next.engine.settled()
    expect(next.broken).toEqual([])
    for (const name of names) {
      const page = await next.journal.read(name, 0, Number.POSITIVE_INFINITY)
      const types = page.flatMap(({ entries }) => entries.map(({ type }) => type))
      expect(types).toEqual(['fileOffered', 'fileCompleted', 'fileOffered', 'fileWithdrawn'])
    }
  })
})

describe('C75 a file that is withdrawn while the disk takes no news', () => {
  const FULL = { status: 'readOnly', message: 'the disk is full' } as const
  async function withdrawnInVain() {
    const house = await openHouse()
    const ani = await house.join('ani')
    const { source, end } = stuck()
    const upload = ani.upload(source, { name: 'a', size: 99 })
    await turns(4)
    house.journal.script.push(FULL)
    end()
    expect(await upload.done).toMatchObject({ code: 'TRANSFER_CUT' })
    return { ...house, ani }
  }

  it('is told as gone once it does again', async () => {
    const { ani, clock, engine, journal } = await withdrawnInVain()
    expect(ani.files).toHaveLength(1)
    journal.script.push(FULL)
    clock.advance(1000)
    await engine.settled()
    await turns(2)
    expect(ani.files).toHaveLength(1)
    clock.advance(1000)
    await engine.settled()
    expect(ani.files).toEqual([])
    await turns(2)
    expect(clock.waiting).toBe(0)
  })
  it('does not break the host when the room was left and entered again meanwhile', async () => {
    const { ani, clock, engine, join, broken } = await withdrawnInVain()
    await ani.close()
    await turns(2)
    const budi = await join('budi')
    await budi.send({ type: 'say', text: 'halo' })
    clock.advance(1000)
    await engine.settled()
    await turns(2)
    expect(budi.files).toEqual([])
    expect(await budi.send({ type: 'say', text: 'still here' })).toMatchObject({ type: 'ack' })
    expect(broken).toEqual([])
  })
  it('leaves it at that when the host has stopped', async () => {
    const { clock, engine, broken } = await withdrawnInVain()
    await engine.stop()
    clock.advance(1000)
    await turns(2)
    expect([clock.waiting, broken]).toEqual([0, []])
  })
})

it('C76 a file store that broke is reported, and the room learns that the file does not come', async () => {
  const fileStore = new MemoryFileStore()
  const { join, broken } = await openHouse({ fileStore })
  const ani = await join('ani')
  const error = new FileStoreFailed('I/O error')
  const create = fileStore.create.bind(fileStore)
  fileStore.create = async (id, size) => {
    const writer = await create(id, size)
    if ('type' in writer) return writer
    writer.append = () => Promise.reject(error)
    return writer
  }
  const seen = watch(ani)
  expect(await failure(ani.upload(pieces('a'), { name: 'a' }).done)).toBe(error)
  await turns(2)
  expect(broken).toEqual([error])
  expect(seen.events.map(({ type }) => type)).toEqual(['fileOffered', 'fileWithdrawn'])
})
