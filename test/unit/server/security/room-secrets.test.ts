import { describe, expect, it } from 'vitest'
import { type KeptDropLink, RoomSecrets } from '#server/security/room-secrets.ts'
import { MemorySecretStore } from '#storage/memory/secret-store.ts'
import { MemorySharedSecretStore, SharedSecrets } from '#storage/memory/shared-secret-store.ts'
import { ManualClock } from '#system/clock.ts'

const settings = {
  inviteMs: 1000,
  invitedMs: 5000,
  invitationsPerRoom: 3,
  dropLinkMs: 1000,
  mostDropLinkMs: 9000,
  dropLinksPerRoom: 2,
  basePath: '',
}
const full = new Error('no space')

/** A secret store whose disk can be full. */
class SecretStore extends MemorySecretStore {
  isFull = false
  override write(...args: Parameters<MemorySecretStore['write']>): Promise<void> {
    return this.isFull ? Promise.reject(full) : super.write(...args)
  }
}

async function opened(secretStore = new SecretStore(), clock = new ManualClock()) {
  const keys = new RoomSecrets(secretStore, clock, settings)
  await keys.open()
  const idOf = (index: number) => keys.invitations('den')[index]?.id ?? ''
  return { secretStore, clock, keys, idOf, again: () => opened(secretStore, clock) }
}

async function invited(keys: RoomSecrets) {
  const invitation = await keys.invite('den', 'boss')
  if (invitation === undefined) throw new Error('the room has too many')
  return invitation
}

describe('what opens a room', () => {
  it('is after a restart what it was before, whatever was asked for while the disk was full', async () => {
    const { secretStore, keys, idOf, again } = await opened()
    await keys.setPassword('den', 'one')
    const { code } = await invited(keys)
    const before = keys.passwordId('den')
    secretStore.isFull = true
    await expect(keys.setPassword('den', 'two')).rejects.toThrow(full)
    await expect(keys.setPassword('den', undefined)).rejects.toThrow(full)
    await expect(keys.invite('den', 'boss')).rejects.toThrow(full)
    await expect(keys.revoke('den', idOf(0))).rejects.toThrow(full)
    secretStore.isFull = false
    for (const now of [keys, (await again()).keys]) {
      expect([await now.opens('den', 'one'), await now.opens('den', 'two')]).toEqual([true, false])
      expect(now.passwordId('den')).toBe(before)
      expect(now.invitations('den')).toHaveLength(1)
    }
    expect(keys.invites([code], 'den', 'ani', 'join')).toEqual({ code, inviter: 'boss', isUnused: true })
  })

  it('is an invitation for one person, who comes in once it is kept that it is theirs, also at the second try', async () => {
    const { secretStore, keys, again } = await opened()
    const { code } = await invited(keys)
    expect(keys.invites([code], 'den', 'ani', 'see')).toBeUndefined()
    secretStore.isFull = true
    expect(keys.invites(['wrong', code], 'den', 'ani', 'join')).toMatchObject({ code, isUnused: true })
    await expect(keys.claim(code, 'den', 'ani')).rejects.toThrow(full)
    await expect(keys.claim(code, 'den', 'ani')).rejects.toThrow(full)
    secretStore.isFull = false
    expect(await Promise.all(['ani', 'budi'].map((person) => keys.claim(code, 'den', person)))).toEqual([true, false])
    expect(keys.invites([code], 'den', 'ani', 'join')).toEqual({ code, inviter: 'boss' })
    await keys.joinedBy(code, 'den')
    const { keys: next } = await again()
    for (const each of [keys, next]) {
      expect(each.invites([code], 'den', 'budi', 'join')).toBeUndefined()
      expect(each.invites([code], 'den', 'ani', 'see')).toEqual({ code })
    }
  })

  it('has an end: so many invitations to a room, used or not, until some are taken back or their time is over', async () => {
    const { secretStore, clock, keys, idOf } = await opened()
    const asked = await Promise.all(Array.from({ length: 50 }, () => keys.invite('den', 'boss')))
    expect(asked.filter((each) => each !== undefined)).toHaveLength(3)
    expect(await keys.claim(asked[0]?.code ?? '', 'den', 'ani')).toBe(true)
    expect(await keys.invite('den', 'boss')).toBeUndefined()
    const { length } = (await secretStore.read('rooms')) ?? ''
    expect(await keys.invite('hall', 'boss')).toBeDefined()
    await keys.revoke('den', idOf(1))
    expect(await keys.invite('den', 'boss')).toBeDefined()
    clock.advance(settings.inviteMs)
    for (let time = 0; time < 5; time++) await keys.invite('den', 'boss')
    expect(keys.invitations('den')).toHaveLength(3)
    expect((await secretStore.read('rooms'))?.length).toBeLessThan(2 * length)
  })

  it('lets others in and on while one sets passwords, the last of which holds', async () => {
    const { keys } = await opened()
    const { code } = await invited(keys)
    let set = 0
    const words = Array.from({ length: 10 }, (_, index) => `word ${index}`)
    const setting = words.map((word) => keys.setPassword('hall', word).then(() => set++))
    setting.push(keys.setPassword('attic', undefined).then(() => set++))
    expect(await keys.claim(code, 'den', 'ani')).toBe(true)
    expect(set).toBeLessThan(words.length)
    await Promise.all(setting)
    expect([await keys.opens('hall', 'word 8'), await keys.opens('hall', 'word 9')]).toEqual([false, true])
  })

  it('loses nothing where much is changed at once', async () => {
    const { keys, again } = await opened()
    const [{ code }] = await Promise.all([
      invited(keys),
      ...['a', 'b', 'c'].map((room) => keys.setPassword(room, room)),
    ])
    const password = keys.setPassword('den', 'secret')
    const claimed = keys.claim(code, 'den', 'ani')
    const more = keys.invite('den', 'boss')
    await Promise.all([claimed, password, more])
    const { keys: next } = await again()
    expect(await Promise.all(['a', 'b', 'c'].map((room) => next.opens(room, room)))).toEqual([true, true, true])
    expect(await next.opens('den', 'x')).toBe(false)
    expect(next.invites([code], 'den', 'budi', 'join')).toBeUndefined()
    expect(next.invitations('den')).toHaveLength(2)
  })

  it('is the same at every host that shares it, and an invitation lets one person in, wherever they come', async () => {
    const shared = new SharedSecrets()
    const clock = new ManualClock()
    let changes = 0
    const hosts = await Promise.all(
      ['a', 'b'].map(async () => {
        const keys = new RoomSecrets(new MemorySharedSecretStore(shared), clock, settings)
        await keys.open(() => changes++)
        return keys
      }),
    )
    const [one, other] = hosts
    if (one === undefined || other === undefined) throw new Error('there are two')
    await one.setPassword('den', 'one')
    await other.caughtUp('den')
    expect([await other.opens('den', 'one'), await other.opens('den', 'two')]).toEqual([true, false])
    await other.setPassword('den', 'two')
    await one.caughtUp('den')
    expect([await one.opens('den', 'one'), await one.opens('den', 'two')]).toEqual([false, true])
    const { code } = await invited(one)
    await other.caughtUp('den')
    const people = Array.from({ length: 6 }, (_, index) => `person ${index}`)
    const claimed = await Promise.all(people.map((person, index) => hosts[index % 2]?.claim(code, 'den', person)))
    expect(claimed.filter(Boolean)).toHaveLength(1)
    const theirs = people[claimed.indexOf(true)] ?? ''
    for (const keys of hosts) {
      await keys.caughtUp('den')
      expect(people.filter((person) => keys.invites([code], 'den', person, 'join') !== undefined)).toEqual([theirs])
    }
    expect(changes).toBeGreaterThan(0)
    const link = (await one.addDropLink('den')) as KeptDropLink
    await other.caughtUp('den')
    expect(other.dropLink(link.id)).toEqual(link)
    expect(await other.revokeDropLink('den', link.id)).toBe(true)
    await one.caughtUp('den')
    expect(one.dropLink(link.id)).toBeUndefined()
  })

  it('is read as versions kept it that knew less', async () => {
    const secretStore = new SecretStore()
    const kept = { passwords: {}, invitations: { [`${'ab'.repeat(32)}`]: { room: 'den', expiresAt: 9e15 } } }
    await secretStore.write('rooms', JSON.stringify(kept))
    expect((await opened(secretStore)).keys.invitations('den')).toEqual([
      { id: 'abababab', expiresAt: 9e15, used: false },
    ])
  })
})
