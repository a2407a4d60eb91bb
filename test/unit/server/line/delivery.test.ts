import { describe, expect, it } from 'vitest'
import { FileMissing } from '#domain/ports/file-store.ts'
import { openLineHouse, type Person } from '../../../harness/line-house.ts'
import { turns } from '../../../harness/turns.ts'

const MARK = '//AGUEL//TAMTAM//'
const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, at) => `line ${from + at}`)
const shown = (lines: readonly string[]) => lines.map((line) => `<ani> ${line}\n`).join('')

/** What arrived for this person while nobody else was heard, as pieces of the wire with their pauses. */
function pieces(person: Person): { text: string; pauseMs: number }[] {
  const found: { text: string; atMs: number }[] = []
  for (const { text, atMs } of person.arrivals) {
    const last = found.at(-1)
    if (last?.atMs === atMs) last.text += text
    else found.push({ text, atMs })
  }
  return found.map(({ text, atMs }, at) => ({ text, pauseMs: atMs - (found[at - 1]?.atMs ?? 0) }))
}

describe('P1 a file in band', () => {
  it('has header, bytes and mark apart on the wire, with a pause around each', async () => {
    const house = await openLineHouse({ line: { apartMs: 200 } })
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
    ani.type('before', '/put 4 a b.txt', 'haloafter')
    await house.calm(10)
    await house.calm(100)
    ani.type('later')
    await house.calm(10)
    const wire = pieces(budi)
    const header = wire.findIndex(({ text }) => text === 'SEND a_b.txt\n')
    const [before, , body, mark, after] = wire.slice(header - 1)
    expect(before?.text).toMatch(/<ani> before\n\* ani is sending a b\.txt \(4 B\)\n$/)
    expect([body?.text, mark?.text]).toEqual(['halo', MARK])
    expect(after?.text).toBe('<ani> after\n<ani> later\n'.slice(0, after?.text.length))
    for (const piece of [wire[header], body, mark, after]) expect(piece?.pauseMs).toBeGreaterThanOrEqual(200)
    expect(budi.take()).toMatch(/<ani> after\n<ani> later\n$/)
  })
  it('gives a reader time for what the system may still hold of a large one', async () => {
    const size = 5_000_000
    const house = await openLineHouse({ line: { apartMs: 10 } })
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
    ani.connection.write(`/put ${size} big\n`)
    ani.connection.write(Buffer.alloc(size, 'x'))
    await house.calm(20)
    await house.calm(200)
    const wire = pieces(budi)
    expect(wire.at(-1)?.text).toBe(MARK)
    expect(wire.at(-1)?.pauseMs).toBeGreaterThanOrEqual(500)
  })
  it('C28 C29 is not mixed with chat, notices or the next file, which all follow in order', async () => {
    const house = await openLineHouse()
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
    ani.type('/put 3 a', 'AAA1', '/put 3 b', 'BBB2')
    await turns(6)
    budi.type('/who')
    ani.type('3')
    await house.calm()
    const got = budi.take()
    expect(got.replace(/\* 2 in lobby:\n\* {3}ani, budi\n/, '').replaceAll(/\* ani is sending .*\n/g, '')).toBe(
      `SEND a\nAAA${MARK}<ani> 1\nSEND b\nBBB${MARK}<ani> 2\n<ani> 3\n`,
    )
    expect(got).toContain('* 2 in lobby:')
    expect(got.split(MARK).every((part) => !/SEND .\n[^*]*\*/.test(part))).toBe(true)
  })
  it('C29 waits for another that was asked for meanwhile, and that one for it', async () => {
    const house = await openLineHouse({ line: { apartMs: 50 } })
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
    ani.type('/put 3 a', 'AAA')
    await house.calm(60)
    budi.take()
    ani.type('/put 3 b', 'BBB')
    await turns(10)
    const [first] = (await house.engine.join({ room: 'lobby', name: 'eyes' })).files
    budi.type(`/get ${first?.file.id}`)
    await turns(20)
    await house.calm(60)
    expect(budi.take().replaceAll(/\* .*\n/g, '')).toBe(`SEND b\nBBB${MARK}SEND a\nAAA${MARK}`)
  })
  for (const [what, body] of [
    ['C24 that holds the mark', `a${MARK}b`],
    ['C25 whose tail would complete the mark early', '//AGUEL//TAMTAM/'],
  ] as const)
    it(`${what} comes as a line instead`, async () => {
      const house = await openLineHouse()
      const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
      ani.connection.write(`/put ${body.length} a\n${body}next\n`)
      await house.calm()
      expect(budi.take()).toMatch(/^\* ani is sending a .*\n\* file \[\w{8}\] a from ani: .*\n<ani> next\n$/)
    })
  it('C26 may be empty', async () => {
    const house = await openLineHouse()
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
    ani.type(`SEND e`)
    ani.connection.write(MARK)
    await house.calm()
    expect(budi.take()).toBe(`* ani is sending e\nSEND e\n${MARK}`)
  })
  it('to a reader that stalls in the middle costs little, then comes whole, and chat behind it', async () => {
    const house = await openLineHouse({ line: { outboxMarkBytes: 1000 } })
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi', 64)]
    const part = Array.from({ length: 4000 }, (_, at) => String.fromCharCode(65 + (at % 26))).join('')
    const body = part.repeat(50)
    budi.connection.on('data', () => {
      if (budi.received > 10_000 && budi.received < 20_000) budi.connection.stall()
    })
    ani.connection.write(`/put ${body.length} a\n`)
    for (let at = 0; at < 50; at++) ani.connection.write(part)
    ani.type(...numbered(300))
    await house.calm(10)
    expect(budi.received).toBeGreaterThan(10_000)
    expect(budi.received).toBeLessThan(20_000)
    expect(budi.near.writableLength).toBeLessThan(10_000)
    for (let at = 0; at < 5; at++) {
      budi.connection.unstall()
      await house.calm(100)
    }
    house.clock.advance(10_000)
    await house.calm()
    expect(budi.take()).toBe(`* ani is sending a (200 kB)\nSEND a\n${body}${MARK}${shown(numbered(300))}`)
  })
  it('whose bytes are gone is said to be gone', async () => {
    const house = await openLineHouse()
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
    ani.type('/put 4 a', 'halo')
    await house.calm()
    budi.take()
    const [file] = (await house.engine.join({ room: 'lobby', name: 'eyes' })).files
    await house.fileStore.remove(file?.file.id ?? '')
    budi.type(`/get ${file?.file.id}`, '/who')
    await house.calm()
    const got = budi.take()
    expect(got).toMatch(/! NO_SUCH_FILE a is not kept any more\n/)
    expect(got).toContain('* 3 in lobby')
  })
  it.each([
    ['is gone', new FileMissing('gone'), `SEND a\nha${MARK}! NO_SUCH_FILE a is not kept any more\n<ani> next\n`, false],
    ['can not be read', new Error('a bug'), 'SEND a\nha', true],
  ])('C30 that %s in the middle is not taken for whole', async (_, error, got, ended) => {
    const house = await openLineHouse()
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
    const cici = await house.enter('cici')
    cici.type('/files links')
    await house.calm()
    const read = house.fileStore.read.bind(house.fileStore)
    let reads = 0
    house.fileStore.read = async function* (...args) {
      // The first looks whether the mark can carry it.
      if (++reads === 1) return yield* read(...args)
      yield Buffer.from('ha')
      throw error
    }
    ani.type('/put 4 a', 'halonext')
    await house.calm(10)
    expect(budi.take().replaceAll(/^\* .*\n/gm, '')).toBe(got)
    expect(budi.ended).toBe(ended)
    expect(cici.take()).toMatch(/<ani> next\n/)
  })
  it('to a reader who goes away in the middle leaves nothing behind', async () => {
    const house = await openLineHouse({ line: { apartMs: 50, outboxMarkBytes: 100 } })
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi', 16)]
    budi.connection.stall()
    ani.type('/put 2000 a', 'x'.repeat(2000))
    await turns(10)
    budi.connection.destroy()
    await house.calm(10)
    expect(ani.take()).toContain('* budi left')
    await house.calm(60)
    expect(house.log.lines.filter(({ level }) => level === 'error')).toEqual([])
  })
  it('while its reader changes rooms ends first; then the other room is heard', async () => {
    const house = await openLineHouse({ line: { apartMs: 50 } })
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
    ani.type('/put 4 a', 'halo')
    await turns(10)
    budi.type('/join kitchen')
    await turns(10)
    await house.calm(10)
    await house.calm(60)
    expect(budi.take()).toBe(
      `* ani is sending a (4 B)\nSEND a\nhalo${MARK}* you are budi in kitchen: 1 here. /help tells what to type\n`,
    )
  })
  it('makes a reader who asks for too much meanwhile be read more slowly, and answers all of it', async () => {
    const house = await openLineHouse({ line: { apartMs: 50 } })
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
    ani.type('/put 4 a', 'halo')
    await turns(10)
    budi.type(...Array.from({ length: 200 }, () => '/topic'))
    await turns(250)
    expect(budi.near.readableLength + budi.connection.writableLength).toBeGreaterThan(100)
    await house.calm(10)
    await house.calm(60)
    expect(budi.take()).toBe(`* ani is sending a (4 B)\nSEND a\nhalo${MARK}${'* no topic is set\n'.repeat(200)}`)
  })
})
