import { describe, expect, it } from 'vitest'
import { httpDefaults, roomSecretDefaults } from '#app/defaults.ts'
import { type Access, openToAll } from '#domain/engine/access.ts'
import { Refused } from '#domain/session.ts'
import { AccessControl, type Credentials } from '#server/security/access-control.ts'
import { FailedAttempts } from '#server/security/failed-attempts.ts'
import { HostToken, OwnerKey } from '#server/security/host-token.ts'
import { RoomSecrets } from '#server/security/room-secrets.ts'
import { SignedLinks } from '#server/security/signed-links.ts'
import { MemorySecretStore } from '#storage/memory/secret-store.ts'
import { ManualClock } from '#system/clock.ts'
import { SilentLog } from '#system/log.ts'
import { MemoryMetrics } from '#system/metrics.ts'

const SETTINGS = {
  ...httpDefaults,
  guessFloorMs: 0,
  guessesPerMinuteAndAddress: 6,
  guessesPerMinute: 20,
  guessWaitMs: 0,
}
const NAT = '192.0.2.1'

const from = (address: string, person?: string) => ({
  connection: {},
  address,
  ...(person === undefined ? {} : { person }),
})

describe('C119 tries at what people choose', () => {
  const scene = (settings = SETTINGS, hosts = 1) => {
    const clock = new ManualClock()
    const failedAttempts = new FailedAttempts(clock, settings, () => hosts)
    const tries = async (count: number, target: string, by = from(NAT)) => {
      const outcomes: (number | 'may')[] = []
      for (let index = 0; index < count; index++) {
        const guess = await failedAttempts.next(target, by)
        outcomes.push(typeof guess === 'number' ? guess : 'may')
      }
      return outcomes.filter((outcome) => outcome === 'may').length
    }
    return { clock, failedAttempts, tries }
  }

  it('are so many a minute from one address, also those that are made at once', async () => {
    const { clock, failedAttempts, tries } = scene()
    const all = await Promise.all(Array.from({ length: 100 }, () => failedAttempts.next('den', from(NAT))))
    expect(all.filter((each) => typeof each !== 'number')).toHaveLength(6)
    // And leave no debt behind: the next is as far off as the rate says.
    expect(await failedAttempts.next('den', from(NAT))).toBe(10_000)
    clock.advance(10_000)
    expect(await tries(5, 'den')).toBe(1)
    clock.advance(3_600_000)
    expect(await tries(100, 'den')).toBe(6)
  })

  it('are as many over all hosts of a cluster: each allows its share, and one at least', async () => {
    expect(await scene(SETTINGS, 3).tries(10, 'den')).toBe(2)
    expect(await scene(SETTINGS, 100).tries(10, 'den')).toBe(1)
    const { failedAttempts } = scene(SETTINGS, 3)
    for (let count = 0; count < 10; count++) {
      const right = await failedAttempts.next('den', from(NAT, 'ani'))
      if (typeof right === 'number') throw new Error('a right one costs nothing')
      right.right()
    }
  })

  it('are so many at one room from all addresses together', async () => {
    const { tries } = scene()
    let made = 0
    for (let last = 1; last < 20; last++) made += await tries(6, 'den', from(`192.0.2.${last}`))
    expect(made).toBe(20)
  })

  it('at one room are none at another, and from one address none from another', async () => {
    const { tries } = scene()
    await tries(50, 'den')
    expect([await tries(9, 'den'), await tries(1, 'nook'), await tries(1, 'den', from('192.0.2.2'))]).toEqual([0, 1, 1])
  })

  it('of whoever was right once are their own, whatever strangers at the same address do', async () => {
    const { failedAttempts, tries } = scene()
    const right = await failedAttempts.next('den', from(NAT, 'ani'))
    if (typeof right === 'number') throw new Error('it was not tried')
    right.right()
    await tries(50, 'den')
    expect([await tries(1, 'den', from(NAT, 'budi')), await tries(1, 'den', from(NAT, 'ani'))]).toEqual([0, 1])
    // Not without end: a new password has to be guessed by them too.
    expect(await tries(50, 'den', from('192.0.2.9', 'ani'))).toBe(5)
  })

  it('that were right cost nothing', async () => {
    const { failedAttempts, tries } = scene()
    for (let index = 0; index < 50; index++) {
      const guess = await failedAttempts.next('den', from(NAT))
      if (typeof guess !== 'number') guess.right()
    }
    expect(await tries(6, 'den')).toBe(6)
  })

  it('wait for their turn where that is soon', async () => {
    const { clock, failedAttempts, tries } = scene({ ...SETTINGS, guessWaitMs: 10_000 })
    await tries(6, 'den')
    let may = false
    void failedAttempts.next('den', from(NAT)).then((guess) => {
      may = typeof guess !== 'number'
    })
    expect(await failedAttempts.next('den', from(NAT))).toBe(20_000)
    await new Promise((resolve) => setImmediate(resolve))
    expect(may).toBe(false)
    clock.advance(10_000)
    await new Promise((resolve) => setImmediate(resolve))
    expect(may).toBe(true)
  })
})

describe('C119 who shows the right thing', () => {
  async function scene({ access = openToAll, token = true }: { access?: Access; token?: boolean } = {}) {
    const clock = new ManualClock()
    const secretStore = new MemorySecretStore()
    await secretStore.write('owner', '0123456789abcdef'.repeat(2))
    const [hostToken, owner] = [new HostToken(secretStore, clock, new SilentLog()), new OwnerKey(secretStore)]
    const keys = new RoomSecrets(secretStore, clock, roomSecretDefaults)
    await hostToken.open(() => {})
    await owner.open()
    await keys.setPassword('den', 'buka pintu')
    const accessControl = new AccessControl({
      access,
      ...(token ? { token: hostToken } : {}),
      owner,
      roomSecrets: keys,
      signedLinks: new SignedLinks(secretStore, clock, 1000),
      clock,
      metrics: new MemoryMetrics(),
      settings: SETTINGS,
    })
    const credential = token ? (hostToken.text ?? '') : 'open'
    /** Comes in from one address, each time over another connection, unless told otherwise. */
    const come = async (shown: Partial<Credentials>, room = 'den') => {
      try {
        return (await accessControl.enter({ ...from(NAT), ...shown }, room)) === undefined ? 'no' : 'in'
      } catch (error) {
        if (error instanceof Refused) return error.code
        throw error
      }
    }
    return { accessControl, come, credential, keys, owner, clock }
  }
  const GUESSES = 50

  it('is let in by the token, whatever was shown before at the same address', async () => {
    const { come, credential } = await scene()
    for (let index = 0; index < GUESSES; index++)
      expect(await come({ credential: `wrong${index}` }, 'lobby')).toBe('no')
    expect(await come({ credential }, 'lobby')).toBe('in')
  })

  it('is let in by the token on the connection that showed others before, as behind a proxy', async () => {
    const { come, credential } = await scene()
    const connection = {}
    for (let index = 0; index < GUESSES; index++) await come({ connection, credential: `wrong${index}` }, 'lobby')
    expect(await come({ connection, credential }, 'lobby')).toBe('in')
  })

  it('is let in by the owner’s key and by an invitation where others have guessed at the password', async () => {
    const { come, credential, keys, owner } = await scene()
    const code = (await keys.invite('den', 'somebody'))?.code ?? ''
    for (let index = 0; index < GUESSES; index++) await come({ credential, password: `wrong${index}` })
    expect(await come({ credential, password: 'buka pintu' })).toBe('TRY_LATER')
    expect(await come({ person: 'ani', password: code })).toBe('in')
    expect(await come({ person: owner.person })).toBe('in')
    expect(await come({ credential, inside: true })).toBe('in')
    expect(await come({ credential }, 'lobby')).toBe('in')
  })

  it('is told when to come again where the right password was not looked at, and comes in by it then', async () => {
    const { accessControl, come, credential, clock } = await scene()
    for (let index = 0; index < 6; index++) expect(await come({ credential, password: `wrong${index}` })).toBe('no')
    const shown = { ...from(NAT), credential, password: 'buka pintu' }
    const why = await accessControl.enter(shown, 'den').catch((error: Refused) => error.rejected)
    expect(why).toMatchObject({ code: 'TRY_LATER', retrySeconds: 10, message: expect.stringContaining('10 s') })
    clock.advance(10_000)
    expect(await come({ credential, password: 'buka pintu' })).toBe('in')
  })

  it('of a list of rooms makes one try of it, which is counted: nobody guesses there without end', async () => {
    const { accessControl, credential } = await scene()
    const list = async (password: string) => {
      const seen = await accessControl
        .visible({ ...from(NAT), credential, password }, ['den', 'lobby'])
        .catch((error: Refused) => [error.code])
      return [...seen].sort()
    }
    expect(await list('buka pintu')).toEqual(['den', 'lobby'])
    for (let index = 0; index < 6; index++) expect(await list(`wrong${index}`)).toEqual(['lobby'])
    expect(await list('buka pintu')).toEqual(['TRY_LATER'])
  })

  it('by a rule of an embedder’s own has tries like those at a password: it may ask for what can be guessed', async () => {
    let looked = 0
    const access: Access = ({ credential }) => {
      if (credential !== undefined) looked++
      return credential === 'right'
    }
    const { come } = await scene({ access, token: false })
    expect(await come({ person: 'ani', credential: 'right' }, 'lobby')).toBe('in')
    for (let index = 0; index < GUESSES; index++) await come({ credential: `wrong${index}` }, 'lobby')
    expect(looked).toBe(7)
    expect(await come({ credential: 'right' }, 'lobby')).toBe('TRY_LATER')
    expect(await come({ person: 'ani', credential: 'right' }, 'lobby')).toBe('in')
  })
})
