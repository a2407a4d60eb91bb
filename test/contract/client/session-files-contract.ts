import assert from 'node:assert/strict'
import { Refused, type RoomSession } from '#domain/session.ts'
import { until } from '../patience.ts'
import { sample, sha256 } from '../storage/file-store-subject.ts'
import { collected, type InRoom, inPieces, kept, say, watch } from './session-subject.ts'

/** What a session does with files. */
export const files: Readonly<Record<string, InRoom>> = {
  'a file comes to everybody exactly, under the name of whoever sent it': async ({ enter }) => {
    const [ani, budi] = [await enter({ name: 'ani' }), await enter({ name: 'budi' })]
    const seen = watch(budi)
    const bytes = sample(300_001)
    const upload = ani.upload(inPieces(bytes, 40_000), { name: 'lagu.mp3', size: bytes.length })
    const progress: number[] = []
    upload.progress$.subscribe((each) => progress.push(each.bytes))
    const file = await upload.done
    assert.deepEqual(file, { id: upload.id, name: 'lagu.mp3', size: bytes.length, sha256: sha256(bytes) })
    assert.equal(progress.at(-1), bytes.length)
    await until('the news', () => seen.events.some(({ type }) => type === 'fileCompleted'))
    const completed = seen.events.find((event) => event.type === 'fileCompleted')
    assert.equal(completed?.by.name, 'ani')
    assert.deepEqual(await collected(budi.download(upload.id)), bytes)
    assert.deepEqual(await collected(budi.download(upload.id, 300_000)), bytes.subarray(300_000))
    assert.deepEqual(await collected(budi.download(upload.id, bytes.length)), Buffer.alloc(0))
  },
  'the list of files shows what is whole, who sent it and who has it': async ({ enter }) => {
    const [ani, budi] = [await enter({ name: 'ani' }), await enter({ name: 'budi' })]
    assert.deepEqual(await ani.listFiles(), [])
    const { id, done } = ani.upload(inPieces(sample(100), 10), { name: 'a.txt' })
    const file = await done
    assert.ok('sha256' in file, id)
    await budi.send({ type: 'receiveFile', file: file.id })
    const [row, ...more] = await budi.listFiles()
    assert.ok(row?.status === 'whole')
    assert.deepEqual([row.file, row.by.name, [...row.received.keys()], more], [file, 'ani', ['budi'], []])
  },
  "a file for one person is theirs and its sender's, and is not there for anybody else (C115)": async ({ enter }) => {
    const [ani, budi, cici] = [
      await enter({ name: 'ani' }),
      await enter({ name: 'budi' }),
      await enter({ name: 'cici' }),
    ]
    const [theirs, others] = [watch(budi), watch(cici)]
    const bytes = sample(1000)
    const file = await ani.upload(inPieces(bytes, 100), { name: 'surat.txt', to: 'budi' }).done
    assert.ok('sha256' in file)
    await until('the news', () => theirs.said.includes('fileCompleted'))
    assert.deepEqual(await collected(budi.download(file.id)), bytes)
    await kept(budi, { type: 'receiveFile', file: file.id })
    const audience = { from: idAndName(ani), to: idAndName(budi) }
    for (const session of [ani, budi]) {
      const [row, ...more] = await session.listFiles()
      assert.ok(row?.status === 'whole')
      assert.deepEqual(
        [row.file.id, row.file.audience, [...row.received.keys()], more],
        [file.id, audience, ['budi'], []],
      )
      assert.deepEqual(
        (await session.search('surat', 10)).map(({ type }) => type),
        ['fileCompleted'],
      )
      assert.ok((await session.history(10)).some(({ type }) => type === 'fileReceived'))
    }
    const absent = (error: unknown) => error instanceof Refused && error.code === 'NO_SUCH_FILE'
    await assert.rejects(collected(cici.download(file.id)), absent)
    const receipt = await cici.send({ type: 'receiveFile', file: file.id })
    assert.ok(receipt.type === 'rejected' && receipt.code === 'NO_SUCH_FILE')
    assert.deepEqual([await cici.listFiles(), await cici.search('surat', 10)], [[], []])
    const { seq } = await kept(ani, say('that was all'))
    await until('what comes after it', () => others.said.includes('ani: that was all'))
    assert.ok(![...others.events, ...(await cici.history(seq))].some((event) => 'file' in event))
  },
  'who has handed in what is for operators': async ({ enter }) => {
    const ani = await enter({ name: 'ani' })
    const isRefused = (error: unknown) => error instanceof Refused && error.code === 'NOT_ALLOWED'
    await assert.rejects(ani.handIns(), isRefused)
  },
  'a file is for nobody who is not here': async ({ enter }) => {
    const ani = await enter({ name: 'ani' })
    const ended = await ani.upload(inPieces(sample(10), 10), { name: 'a.txt', to: 'budi' }).done
    assert.ok('type' in ended && ended.code === 'NO_SUCH_MEMBER')
    assert.deepEqual(await ani.listFiles(), [])
  },
  'a file that is not what was promised is not published': async ({ enter }) => {
    const ani = await enter({ name: 'ani' })
    const promised = { name: 'a.txt', sha256: sha256(sample(99)) }
    const other = await ani.upload(inPieces(sample(100), 10), promised).done
    assert.ok('type' in other && other.code === 'HASH_MISMATCH')
    const short = await ani.upload(inPieces(sample(100), 10), { name: 'b.txt', size: 101 }).done
    assert.ok('type' in short)
    assert.deepEqual(await ani.listFiles(), [])
  },
  'an upload that is cancelled leaves nothing': async ({ enter }) => {
    const ani = await enter({ name: 'ani' })
    const upload = ani.upload(
      endless(() => upload.cancel('enough')),
      { name: 'a.txt' },
    )
    const ended = await upload.done
    assert.ok('type' in ended && ended.code === 'TRANSFER_CUT' && ended.message === 'enough')
    assert.deepEqual(await ani.listFiles(), [])
  },
  'a file that is not there is refused': async ({ enter }) => {
    const ani = await enter({ name: 'ani' })
    const gone = (error: unknown) => error instanceof Refused && error.code === 'NO_SUCH_FILE'
    await assert.rejects(collected(ani.download('f'.repeat(32))), gone)
  },
}

const idAndName = ({ member: { id, name } }: RoomSession) => ({ id, name })

async function* endless(afterSome: () => void): AsyncGenerator<Uint8Array> {
  for (let count = 0; ; count++) {
    if (count === 5) afterSome()
    yield sample(1000)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
