import { describe, expect, it } from 'vitest'
import { openLineHouse } from '../../../harness/line-house.ts'
import { turn, turns } from '../../../harness/turns.ts'

describe('coming in', () => {
  it('is greeted, and everybody else is told', async () => {
    const house = await openLineHouse()
    const ani = await house.enter('ani')
    const guest = house.connect()
    await house.calm()
    expect(guest.take()).toBe('* you are 10.0.0.2 in lobby: 2 here. /help tells what to type\n')
    expect(ani.take()).toBe('* 10.0.0.2 joined\n')
  })
  it('counts itself, also while nobody has heard of it yet', async () => {
    const house = await openLineHouse()
    const guest = house.connect('', undefined, 1000)
    await house.calm()
    expect(guest.take()).toBe('* you are 10.0.0.1 in lobby: 1 here. /help tells what to type\n')
  })
  it('says at once what came with the first bytes', async () => {
    const house = await openLineHouse()
    const ani = await house.enter('ani')
    house.connect('halo\nsecond ').type('half')
    await house.calm()
    expect(ani.take()).toBe('* 10.0.0.2 joined\n<10.0.0.2> halo\n<10.0.0.2> second half\n')
  })
  it('under the nick that its first line asks for is one event, and the line is answered', async () => {
    const house = await openLineHouse()
    const ani = await house.enter('ani')
    const budi = house.connect('/nick budi\nhalo\n')
    await house.calm()
    expect(budi.take()).toMatch(/\* you are budi in lobby: 2 here\. .*\n\* you are now budi\n$/)
    expect(ani.take()).toBe('* budi joined\n<budi> halo\n')
    budi.type('/join hall', '/nick cici')
    await house.calm()
    expect(budi.take()).toBe('* you are budi in hall: 1 here. /help tells what to type\n* you are now cici\n')
  })
  it.each([
    ['ani', '! NAME_TAKEN '],
    ['a/b', '! BAD_NAME '],
  ])('is under its address where %s is not to be had, and the line is answered with the reason', async (nick, code) => {
    const house = await openLineHouse()
    const ani = await house.enter('ani')
    const guest = house.connect(`/nick ${nick}\nhalo\n`)
    await house.calm()
    const [greeting, refusal] = guest.take().split('\n')
    expect(greeting).toBe('* you are 10.0.0.2 in lobby: 2 here. /help tells what to type')
    expect(refusal).toContain(code)
    expect(ani.take()).toBe('* 10.0.0.2 joined\n<10.0.0.2> halo\n')
  })
  it('in a crowd, with a nick or before one, is a line to each and no more for all of a moment together', async () => {
    const house = await openLineHouse()
    const first = house.connect('/nick first\n')
    /** Lines that all together get until nothing happens any more: a crowd is told of what happened in 50 ms. */
    const lines = async (): Promise<number> => {
      await house.calm(25)
      return house.people.reduce((sum, each) => sum + (each.take().match(/\n/g)?.length ?? 0), 0)
    }
    for (let index = 0; index < 100; index++) house.connect(`/nick early${index}\n`)
    await lines()
    const before = first.arrivals.length
    const late = Array.from({ length: 200 }, (_, index) => house.connect(`/nick late${index}\n`))
    // Each gets a greeting and an answer, and those who were there before it one line.
    expect(await lines()).toBe(2 * 200 + 101)
    for (const [index, each] of late.entries()) each.type(`/nick new${index}`)
    // An answer each, and the one line to all but the member whose own it is.
    expect(await lines()).toBe(200 + 300)
    expect(first.arrivals.length - before).toBe(2)
    expect(first.bytes).toContain('* 200 people joined\n* 200 people have new names\n')
  })
  it('is refused where there is no room for it', async () => {
    const house = await openLineHouse({ limits: { rooms: 0 } })
    const guest = house.connect('halo\n')
    await house.calm()
    expect(guest.take()).toMatch(/^! TOO_MANY_ROOMS /)
    expect(guest.ended).toBe(true)
  })
  it('and going at once leaves nobody behind', async () => {
    const house = await openLineHouse()
    const ani = await house.enter('ani')
    house.connect().connection.destroy()
    await house.calm()
    ani.type('/who')
    await house.calm()
    expect(ani.take()).toMatch(/\* 1 in lobby:\n\* {3}ani\n$/)
  })
})

describe('going', () => {
  it('C8 on one side only leaves the other open for a while', async () => {
    const house = await openLineHouse({ line: { halfCloseMs: 10_000 } })
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
    budi.connection.end('last words')
    await house.calm()
    ani.type('heard you')
    await house.calm()
    expect(ani.take()).toBe('<budi> last words\n')
    expect(budi.take()).toBe('<ani> heard you\n')
    house.clock.advance(10_000)
    await house.calm()
    expect(ani.take()).toBe('* budi left\n')
  })
  it('frees the nick', async () => {
    const house = await openLineHouse()
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
    budi.connection.destroy()
    await house.calm()
    ani.take()
    ani.type('/nick budi')
    await house.calm()
    expect(ani.take()).toBe('* you are now budi\n')
  })
  it('by /quit says good-bye, and what was typed behind it is not said, in one segment or in two', async () => {
    for (const parts of [['/quit\nboo\n'], ['/quit\n', 'boo\n'], ['/quit\n/nick x\nboo\n']]) {
      const house = await openLineHouse()
      const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
      for (const part of parts) {
        budi.connection.write(part)
        await turn()
      }
      await house.calm()
      expect(budi.take()).toBe('* bye\n')
      expect(budi.ended).toBe(true)
      await house.calm(500)
      expect(ani.take(), parts.join('|')).toBe('* budi left\n')
    }
  })
  it('while it changes rooms leaves nobody behind in either', async () => {
    const house = await openLineHouse()
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
    ani.type('/join kitchen')
    await house.calm()
    house.journal.hold()
    ani.type('so that joining waits')
    await turns(4)
    budi.type('/join kitchen')
    await turns(4)
    budi.connection.destroy()
    await turns(4)
    house.journal.release()
    await house.calm()
    ani.take()
    ani.type('/who', '/nick budi')
    await house.calm()
    expect(ani.take()).toBe('* 1 in kitchen:\n*   ani\n* you are now budi\n')
    expect(await (await house.engine.join({ room: 'lobby', name: 'eyes' })).members).toHaveLength(1)
  })
  it('because the connection broke is told as that', async () => {
    const house = await openLineHouse()
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
    budi.near.destroy(new Error('reset'))
    await house.calm()
    expect(ani.take()).toBe('* budi left (connection lost)\n')
  })
})

describe('what is typed', () => {
  it('C5 counts blank lines and commands too', async () => {
    const line = { linesPerSecond: 10, linesBurst: 5, rateOnLoopback: true }
    const house = await openLineHouse({ line })
    const [ani, budi] = [house.connect(), house.connect()]
    await house.calm()
    budi.take()
    ani.connection.write('\n\n\n\n\n\n\n\n')
    await turns(2)
    ani.type('halo')
    await turns(8)
    expect(budi.take()).toBe('')
    house.clock.advance(400)
    await turns(8)
    expect(budi.take()).toBe('<10.0.0.1> halo\n')
  })
  it('C67 over the rate is read more slowly, and nothing is lost or told late beyond it', async () => {
    const line = { linesPerSecond: 10, linesBurst: 5, rateOnLoopback: true }
    const house = await openLineHouse({ line })
    const [ani, budi] = [house.connect(), house.connect()]
    await house.calm()
    budi.take()
    const lines = Array.from({ length: 30 }, (_, at) => `<10.0.0.1> ${at}\n`)
    ani.type(...Array.from({ length: 30 }, (_, at) => `${at}`))
    await turns(20)
    expect(budi.take()).toBe(lines.slice(0, 5).join(''))
    for (let at = 5; at < 30; at++) {
      house.clock.advance(100)
      await turns(6)
      expect(budi.take(), `line ${at}`).toBe(lines[at])
    }
  })
  it('C67 over the rate is forgotten with the connection', async () => {
    const line = { linesPerSecond: 10, linesBurst: 5, rateOnLoopback: true }
    const house = await openLineHouse({ line })
    const ani = house.connect()
    await house.calm()
    ani.connection.write('halo\n'.repeat(30))
    await turns(20)
    ani.connection.destroy()
    await turns(4)
    house.clock.advance(100)
    await turns(4)
    expect(house.clock.waiting).toBe(0)
  })
  it('is read no faster than the room keeps it, and all of it is kept', async () => {
    const house = await openLineHouse({ limits: { mailboxCommands: 10, commitCommands: 10 } })
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
    for (let at = 0; at < 100; at++) ani.connection.write(`${at}\n`)
    await house.calm()
    expect(budi.take()).toBe(Array.from({ length: 100 }, (_, at) => `<ani> ${at}\n`).join(''))
  })
  it('that is a command waits like text does when the room has too much', async () => {
    const house = await openLineHouse({ limits: { mailboxCommands: 2 } })
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
    house.journal.hold()
    ani.type('a')
    await turns(3)
    ani.type('b', 'c', '/me d', 'e')
    await turns(3)
    house.journal.release()
    await house.calm()
    expect(ani.take()).toBe('')
    expect(budi.take()).toBe('<ani> a\n<ani> b\n<ani> c\n* ani d\n<ani> e\n')
  })
  it('that is refused is answered', async () => {
    const house = await openLineHouse()
    const ani = await house.enter('ani')
    house.journal.script.push({ status: 'readOnly', message: 'the disk is full' })
    ani.type('halo')
    await house.calm()
    expect(ani.take()).toBe('! READ_ONLY the disk is full\n')
  })
  it('C9 C91 that can not be a line ends the connection with the reason', async () => {
    const house = await openLineHouse()
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
    budi.connection.write('GET / HTTP/1.1\r\nHost: x\r\n\r\nSEND y\n')
    await house.calm()
    expect(budi.take()).toMatch(/^! WRONG_PROTOCOL /)
    expect(budi.ended).toBe(true)
    await house.calm(500)
    expect(ani.take()).toBe('* budi left\n')
  })
  it('C90 that meets an error of ours ends that connection only, and is reported', async () => {
    const house = await openLineHouse()
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
    const { search } = house.journal
    house.journal.search = () => Promise.reject(new Error('a bug'))
    budi.type('/search x')
    await house.calm()
    house.journal.search = search
    ani.type('/who')
    await house.calm()
    expect(ani.take()).toBe('* budi left\n* 1 in lobby:\n*   ani\n')
    expect(house.log.lines.map(({ level }) => level)).toEqual(['error'])
  })
})

describe('the host', () => {
  it('C73 closes a peer that takes nothing for too long, and nobody else', async () => {
    const house = await openLineHouse({ line: { outboxMarkBytes: 64 } })
    const [ani, budi, cici] = [await house.enter('ani'), await house.enter('budi', 16), await house.enter('cici', 16)]
    budi.connection.stall()
    ani.type(...Array.from({ length: 50 }, (_, at) => `${at}`))
    await house.calm()
    house.server.sweep(600_000)
    house.clock.advance(400_000)
    house.server.sweep(600_000)
    await house.calm()
    expect(budi.near.destroyed).toBe(false)
    house.clock.advance(201_000)
    house.server.sweep(600_000)
    await house.calm()
    expect(budi.near.destroyed).toBe(true)
    expect(cici.take()).toMatch(/\* budi left \(took nothing for too long\)\n$/)
    expect(cici.near.destroyed || ani.near.destroyed).toBe(false)
  })
  it('C73 spares a peer that takes a little from time to time', async () => {
    const house = await openLineHouse({ line: { outboxMarkBytes: 64 } })
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi', 16)]
    for (let round = 0; round < 4; round++) {
      budi.connection.stall()
      ani.type(...Array.from({ length: 50 }, (_, at) => `${at}`))
      await house.calm()
      house.server.sweep(600_000)
      house.clock.advance(500_000)
      house.server.sweep(600_000)
      budi.connection.unstall()
      await turns(3)
    }
    expect(budi.near.destroyed).toBe(false)
  })
  it('that stops takes in nothing more, tells everybody why, and hangs up', async () => {
    const house = await openLineHouse()
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
    ani.type('before')
    await turns(1)
    house.server.stopReading()
    ani.type('after')
    await house.engine.settled()
    const closed = house.server.close('the host stops', 5000)
    await house.calm()
    await closed
    await house.calm(500)
    expect(budi.take()).toBe('<ani> before\n* the host stops\n')
    expect([ani.ended, budi.ended]).toEqual([true, true])
  })
  it('that stops does not wait longer than it says for a peer that takes nothing', async () => {
    const house = await openLineHouse({ line: { outboxMarkBytes: 64 } })
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi', 16)]
    budi.connection.stall()
    ani.type(...Array.from({ length: 50 }, (_, at) => `${at}`))
    await house.calm()
    let closed = false
    void house.server.close('bye', 5000).then(() => {
      closed = true
    })
    await turns(5)
    expect([closed, ani.ended]).toEqual([false, true])
    house.clock.advance(5000)
    await turns(5)
    expect(closed).toBe(true)
    house.clock.advance(2000)
    await turns(5)
    expect(budi.near.destroyed).toBe(true)
  })
})
