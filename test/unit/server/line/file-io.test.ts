import { describe, expect, it } from 'vitest'
import { rejected } from '#domain/errors.ts'
import { openLineHouse } from '../../../harness/line-house.ts'
import { turns } from '../../../harness/turns.ts'

const MARK = '//AGUEL//TAMTAM//'

describe('a file that is sent', () => {
  const sending = async (line = {}) => {
    const house = await openLineHouse({ line })
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
    return { ...house, ani, budi }
  }

  it('C22 ends where it ends; what follows in the segment is the next line', async () => {
    const { ani, budi, calm } = await sending()
    ani.connection.write(`SEND a\nhalo${MARK}next\nSEND b\nhola${MARK}last\n`)
    await calm()
    expect(budi.take().replaceAll(/\* ani is sending .\n/g, '')).toBe(
      `SEND a\nhalo${MARK}<ani> next\nSEND b\nhola${MARK}<ani> last\n`,
    )
    expect(ani.take().match(/is in the room: 4 B/g)).toHaveLength(2)
  })
  it('C23 whose end is suspect is withdrawn, and nothing of the rest is said', async () => {
    const { ani, budi, calm } = await sending()
    ani.connection.write(`SEND a\nhalo${MARK}\x00\x01rest\nsecret\n`)
    await calm()
    expect(ani.take()).toMatch(/^! SUSPECT_END [^\n]*\n! SUSPECT_END [^\n]*\n$/)
    expect(ani.ended).toBe(true)
    expect(budi.take()).toMatch(/^\* ani is sending a\n\* a from ani is gone: [^\n]*\n\* ani left\n$/)
  })
  it('C30 by somebody who goes away in the middle is withdrawn', async () => {
    const { ani, budi, calm } = await sending()
    ani.connection.write('/put 10 a\nhalf')
    await calm()
    ani.connection.destroy()
    await calm()
    expect(budi.take()).toBe(
      '* ani is sending a (10 B)\n* a from ani is gone: the sender went away before the file was through\n* ani left\n',
    )
  })
  it('C30 of which the connection is closed on one side in the middle is withdrawn, and its sender is told', async () => {
    const { ani, budi, calm } = await sending()
    ani.connection.end('/put 10 a\nhalf')
    await calm()
    expect(ani.take()).toBe('! TRANSFER_CUT the sender went away before the file was through\n')
    expect(budi.take()).toMatch(/is gone: the sender went away/)
  })
  it('C32 and does not go on is withdrawn in time; what comes after all is read over, then lines count again', async () => {
    const { ani, budi, calm, clock } = await sending({ uploadStallMs: 30_000 })
    ani.connection.write('/put 10 a\nhalf')
    await calm()
    clock.advance(29_000)
    await calm()
    ani.connection.write('5')
    await calm()
    clock.advance(29_000)
    await calm()
    expect(ani.take()).toBe('')
    clock.advance(2000)
    await calm()
    expect(ani.take()).toBe('! TRANSFER_STALLED nothing of the file arrived for 30 s; send it again\n')
    expect(budi.take()).toMatch(/\* a from ani is gone: nothing of the file arrived for 30 s; send it again\n$/)
    ani.connection.write('67890halo\n')
    await calm()
    expect(budi.take()).toBe('<ani> halo\n')
  })
  it('C34 of which only a byte comes now and then is withdrawn in time', async () => {
    const { ani, budi, calm, clock } = await sending({ uploadWindowMs: 60_000, uploadLeastBytes: 10 })
    ani.connection.write('/put 100 a\n0123456789')
    await calm()
    for (let second = 0; second < 40; second += 20) {
      clock.advance(20_000)
      await calm()
      expect(ani.take()).toBe('')
      ani.connection.write('x')
      await calm()
    }
    clock.advance(20_000)
    await calm()
    expect(ani.take()).toBe('! TRANSFER_STALLED less than 10 B of the file arrived in 60 s; send it again\n')
    expect(budi.take()).toMatch(/\* a from ani is gone: less than 10 B of the file arrived in 60 s/)
  })
  it('C32 that we hold back, because of a cap, is not taken for one that does not go on', async () => {
    const { ani, calm, clock, engine } = await sending({ uploadStallMs: 30_000, bodyMarkBytes: 1000 })
    engine.bandwidth.set({ transfer: 100 })
    ani.connection.write(`/put 20000 a\n${'x'.repeat(20_000)}`)
    for (let second = 0; second < 120; second++) {
      clock.advance(1000)
      await turns(2)
    }
    expect(ani.take()).toBe('')
    engine.bandwidth.set({ transfer: 0 })
    await calm()
    expect(ani.take()).toMatch(/is in the room: 20 kB/)
  })
  it('C38 with a name that is an attack is refused and read over', async () => {
    const { ani, budi, calm } = await sending()
    ani.connection.write('/put 4 ..\nhalonext\n')
    await calm()
    expect(ani.take()).toMatch(/^! BAD_NAME [^\n]*\n$/)
    expect(budi.take()).toBe('<ani> next\n')
  })
  it('C31 that is too large is refused when that is known, and read over', async () => {
    const { ani, budi, calm, fileStore } = await sending()
    const create = fileStore.create.bind(fileStore)
    fileStore.create = async (id, size) => (size === 4 ? rejected('FILE_TOO_LARGE', 'too large') : create(id, size))
    ani.connection.write('/put 4 a\nhalonext\n')
    await calm()
    expect(ani.take()).toBe('! FILE_TOO_LARGE too large\n')
    expect(budi.take()).toBe('<ani> next\n')
  })
  it('while the file store is slow is read no faster than it is kept', async () => {
    const { ani, budi, calm, fileStore } = await sending({ bodyMarkBytes: 1000 })
    const create = fileStore.create.bind(fileStore)
    let go = () => {}
    const gate = new Promise<void>((resolve) => {
      go = resolve
    })
    fileStore.create = async (id, size) => {
      await gate
      return create(id, size)
    }
    ani.connection.write('/put 200000 a\n')
    for (let at = 0; at < 100; at++) ani.connection.write('x'.repeat(2000))
    await turns(20)
    expect(ani.connection.writableLength).toBeGreaterThan(100_000)
    go()
    await calm(10)
    expect(ani.take()).toMatch(/is in the room: 200 kB/)
    expect(budi.take()).toContain('x'.repeat(200_000) + MARK)
  })
})
