import assert from 'node:assert/strict'
import { until } from '../patience.ts'
import { collected, type InRoom, inPieces, kept, say, upTo, watch } from './session-subject.ts'

/** What a session does whose connections can be cut. */
export const comingBack: Readonly<Record<string, InRoom>> = {
  'over cut connections nothing is lost and nothing comes twice, in order': async ({ enter, cut = nothing }) => {
    const [ani, budi] = [await enter({ name: 'ani' }), await enter({ name: 'budi' })]
    const [one, other] = [watch(ani), watch(budi)]
    const states: string[] = []
    ani.state$.subscribe(({ status }) => states.push(status))
    for (const round of upTo(4)) {
      const said = upTo(20).map((number) => kept(ani, say(`${round}.${number}`)))
      await until('some of it', () => one.seqs.length > (round - 1) * 20)
      cut()
      await Promise.all(said)
    }
    await until('all of it', () => one.seqs.length >= 80 && other.seqs.length >= 80)
    assert.deepEqual([one.seqs, other.seqs], [upTo(80), upTo(80)])
    assert.deepEqual(
      one.said,
      upTo(4).flatMap((round) => upTo(20).map((number) => `ani: ${round}.${number}`)),
    )
    assert.deepEqual([states[0], states.includes('retrying')], ['connected', true])
    await until('the connection', () => states.at(-1) === 'connected')
  },
  'what was said while the connection was down comes when it is back, and who came and went is known': async (room) => {
    const { enter, cut = nothing } = room
    const [ani, budi] = [await enter({ name: 'ani' }), await enter({ name: 'budi' })]
    const seen = watch(budi)
    cut()
    const [cici] = await Promise.all([enter({ name: 'cici' }), kept(ani, say('satu'))])
    await kept(ani, { type: 'whisper', to: 'cici', text: 'pst' })
    await kept(cici, say('dua'))
    await until('all of it', () => seen.said.includes('cici: dua'))
    assert.deepEqual(seen.said, ['ani: satu', 'cici: dua'])
    const names = () => budi.members.map(({ name }) => name).toSorted()
    await until('everybody', () => names().length === 3)
    assert.deepEqual(names(), ['ani', 'budi', 'cici'])
    const told = new Set(['ani', 'budi'])
    for (const event of seen.events) {
      if (event.type === 'joined') told.add(event.by.name)
      if (event.type === 'left') told.delete(event.by.name)
    }
    assert.deepEqual([...told].toSorted(), names(), 'whoever follows the events knows the members')
  },
  'whoever comes back is the same member, with the new name': async ({ enter, cut = nothing }) => {
    const ani = await enter({ name: 'ani' })
    await kept(ani, { type: 'rename', name: 'ayu' })
    await until('the name', () => ani.member.name === 'ayu')
    const { id } = ani.member
    cut()
    await kept(ani, say('halo'))
    assert.deepEqual([ani.member.id, ani.member.name], [id, 'ayu'])
  },
  'several sessions of one key come back over cut connections, each once, and nobody leaves': async (room) => {
    const { enter, cut = nothing } = room
    const key = 'b'.repeat(32)
    const [one, other] = [await enter({ name: 'ani', key }), await enter({ name: 'ani', key })]
    const seen = [one, other].map(watch)
    for (const round of upTo(3)) {
      const said = upTo(10).flatMap((number) => [
        kept(one, say(`one ${round}.${number}`)),
        kept(other, say(`other ${round}.${number}`)),
      ])
      await until('some of it', () => seen.some(({ seqs }) => seqs.length > (round - 1) * 20))
      cut()
      await Promise.all(said)
    }
    for (const each of seen) {
      await until('all of it', () => each.seqs.length >= 60)
      assert.deepEqual(each.seqs, upTo(60))
      for (const whose of ['one', 'other'])
        assert.deepEqual(
          each.said.filter((line) => line.startsWith(`ani: ${whose} `)),
          upTo(3).flatMap((round) => upTo(10).map((number) => `ani: ${whose} ${round}.${number}`)),
        )
    }
    assert.deepEqual(other.members, one.members)
    assert.equal(one.members.length, 1)
  },
  'a file that is cut on its way goes on, up and down': async ({ enter, cut = nothing }) => {
    const ani = await enter({ name: 'ani' })
    const bytes = Buffer.alloc(400_000, 'tamtam ')
    const upload = ani.upload(cutting(inPieces(bytes, 50_000), cut), { name: 'a.bin' })
    const file = await upload.done
    if (!('sha256' in file)) assert.fail(`${file.code}: ${file.message}`)
    assert.deepEqual(await collected(cutting(ani.download(file.id), cut)), bytes)
  },
}

async function* cutting(pieces: AsyncIterable<Uint8Array>, cut: () => void): AsyncGenerator<Uint8Array> {
  let count = 0
  for await (const piece of pieces) {
    if (++count === 2) cut()
    yield piece
  }
}

const nothing = (): void => {}
