import { describe, expect, it } from 'vitest'
import { memoryReaderEntries } from '#app/defaults.ts'
import { openLineHouse } from '../../../harness/line-house.ts'
import { turns } from '../../../harness/turns.ts'

const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, at) => `line ${from + at}`)
const shown = (lines: readonly string[]) => lines.map((line) => `<ani> ${line}\n`).join('')

describe('P4 a reader that stalls', () => {
  it('costs a bounded amount, delays nobody, and catches up with every line in order', async () => {
    const house = await openLineHouse({ line: { outboxMarkBytes: 4096 } })
    const [ani, budi, cici] = [await house.enter('ani'), await house.enter('budi', 1024), await house.enter('cici')]
    budi.connection.stall()
    let most = 0
    for (let block = 0; block < 40; block++) {
      ani.type(...numbered(100, block * 100))
      await turns(3)
      most = Math.max(most, budi.near.writableLength)
    }
    await house.calm()
    expect(cici.take()).toBe(shown(numbered(4000)))
    // The mark, and the one batch that crossed it.
    expect(most).toBeLessThan(4096 + 2 * shown(numbered(100, 1000)).length)
    expect(budi.take()).toBe('')
    budi.connection.unstall()
    await house.calm()
    expect(budi.take()).toBe(shown(numbered(4000)))
    ani.type('and live again')
    await house.calm()
    expect(budi.take()).toBe('<ani> and live again\n')
  })
  it('hears who came meanwhile, and is there still, once it has caught up', async () => {
    const house = await openLineHouse({ line: { outboxMarkBytes: 64 } })
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi', 16)]
    budi.connection.stall()
    ani.type(...numbered(20))
    await house.calm()
    const cici = await house.connect()
    const dedi = await house.connect()
    await house.calm()
    dedi.connection.destroy()
    await house.calm()
    ani.type('behind it')
    await house.calm()
    budi.connection.unstall()
    await house.calm()
    expect(budi.take()).toBe(`${shown([...numbered(20), 'behind it'])}* 10.0.0.3 joined\n`)
    cici.connection.end()
    cici.connection.destroy()
    await house.calm()
    expect(budi.take()).toBe('* 10.0.0.3 left\n')
  })
  it('that stalls again and again misses nothing, in any rhythm', async () => {
    const house = await openLineHouse({ line: { outboxMarkBytes: 50 }, limits: { pageEntries: 3 } })
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi', 8)]
    for (let at = 0; at < 200; at++) {
      ani.type(`line ${at}`)
      if (at % 7 === 0) budi.connection.stall()
      if (at % 11 === 0) budi.connection.unstall()
      if (at % 3 === 0) await turns(at % 5)
    }
    budi.connection.unstall()
    await house.calm()
    expect(budi.take()).toBe(shown(numbered(200)))
  })
  it.each(['/help', '/history 500', 'SEND', '/token x', '/nick ani', '/who', '/files', '/search line', '/nonsense'])(
    'C61 costs as little when it asks and asks meanwhile, and is answered when it reads again: %s',
    async (asked) => {
      const house = await openLineHouse({ line: { outboxMarkBytes: 4096 } })
      const [ani, budi] = [await house.enter('ani'), await house.enter('budi', 1024)]
      for (let block = 0; block < 10; block++) {
        ani.type(...numbered(50, block * 50).map((line) => `${line} ${'x'.repeat(1000)}`))
        await house.calm()
      }
      budi.take()
      budi.connection.stall()
      let most = 0
      // Half a megabyte each, and each portion of it leaves a turn to others.
      const blocks = asked.length > '/history'.length ? 5 : 100
      for (let block = 0; block < blocks; block++) {
        budi.type(...Array.from({ length: 20 }, () => asked))
        await turns(4)
        most = Math.max(most, budi.near.writableLength)
      }
      // The mark, and one portion of an answer beyond it.
      expect(most).toBeLessThan(4096 + 120_000)
      budi.type('through')
      budi.connection.unstall()
      await house.calm()
      expect(ani.take()).toBe('<budi> through\n')
    },
  )
  it('beyond what the room keeps is told how much it missed', async () => {
    const limits = { historyEntries: 20, readerEntries: memoryReaderEntries }
    const house = await openLineHouse({ line: { outboxMarkBytes: 64 }, limits })
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi', 16)]
    budi.connection.stall()
    for (const line of numbered(100)) {
      ani.type(line)
      await turns(3)
    }
    budi.connection.unstall()
    await house.calm()
    const lines = budi.take().trimEnd().split('\n')
    const gap = lines.findIndex((line) => line.startsWith('* '))
    const [, missed] =
      /^\* (\d+) lines are missing here: past this room's history, or damaged$/.exec(lines[gap] ?? '') ?? []
    const expected = numbered(100).map((line) => `<ani> ${line}`)
    expected.splice(gap, Number(missed), lines[gap] ?? '')
    expect(lines).toEqual(expected)
    expect(Number(missed)).toBeGreaterThan(30)
  })
})
