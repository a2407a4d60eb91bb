import { describe, expect, it } from 'vitest'
import { openLineHouse } from '../../../harness/line-house.ts'
import { scene, typed } from './scene.ts'

const NOWHERE = '! NOT_A_MEMBER you are in no room; /join one\n'

describe('outside of any room', () => {
  for (const line of [
    'halo',
    '/me waves',
    '/nick x',
    '/msg budi x',
    '/topic',
    '/who',
    '/history',
    '/search x',
    '/files',
    '/get 0',
    '/part',
  ])
    it(`"${line}" is refused`, async () => {
      const made = await scene()
      await typed(made, '/part')
      const [got, seen] = await typed(made, line)
      expect(got).toBe(NOWHERE)
      expect(seen).toBe('')
    })
  it('files are refused once and read over; the way back is /join, with the nick', async () => {
    const made = await scene()
    await typed(made, '/part')
    const [got, seen] = await typed(made, '/put 5 a.txt', 'halo', '/join lobby', 'back')
    expect(got).toBe(`${NOWHERE}* you are ani in lobby: 2 here. /help tells what to type\n`)
    expect(seen).toBe('* ani joined\n<ani> back\n')
  })
})

describe('rooms', () => {
  it('keep the nick, and nothing of one is heard in the other', async () => {
    const made = await scene()
    await typed(made, '/join kitchen')
    expect(await typed(made, 'in the kitchen')).toEqual(['', ''])
    made.budi.type('in the lobby')
    await made.calm()
    expect(made.ani.take()).toBe('')
    made.budi.type('/join kitchen')
    await made.calm()
    expect(made.ani.take()).toBe('* budi joined\n')
  })
  it('C66 of one connection are limited; those it knows stay open to it', async () => {
    const house = await openLineHouse({ line: { roomsPerConnection: 2 } })
    const ani = await house.enter('ani')
    ani.type('/join b', '/join c', '/join lobby', '/join b')
    await house.calm()
    expect(ani.take().match(/TOO_MANY_ROOMS|in \w+:/g)).toEqual(['in b:', 'TOO_MANY_ROOMS', 'in lobby:', 'in b:'])
  })
  it('C66 of the host are limited, and who does not get in stays where they are', async () => {
    const house = await openLineHouse({ limits: { rooms: 1 } })
    const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
    ani.type('/join b', 'still here')
    await house.calm()
    expect(ani.take()).toMatch(/^! TOO_MANY_ROOMS /)
    expect(budi.take()).toBe('<ani> still here\n')
  })
})

describe('guests', () => {
  it('are called by their address, counted together, and can not be whispered to when they share it', async () => {
    const house = await openLineHouse()
    const ani = await house.enter('ani')
    const guest = house.connect()
    await house.calm()
    expect(ani.take()).toBe('* 10.0.0.2 joined\n')
    guest.type('halo')
    ani.type('/who')
    await house.calm()
    expect(ani.take().split('\n').toSorted()).toEqual(['', '*   ani, 10.0.0.2', '* 2 in lobby:', '<10.0.0.2> halo'])
    ani.type('/msg 10.0.0.2 psst')
    await house.calm()
    expect(guest.take()).toContain('* ani whispers: psst\n')
  })
})
