import { describe, expect, test } from 'vitest'
import { replaceToken } from '#server/security/host-token.ts'
import { MemorySecretStore } from '#storage/memory/secret-store.ts'
import { startHost } from '../../harness/host.ts'
import { until } from '../../harness/patience.ts'
import { SshUser } from '../../harness/ssh-client.ts'
import { needs } from '../../harness/tools.ts'

const DENIED = 255

describe('logging in over SSH', () => {
  test('a host that wants its token asks a key for it once; keys are persons, and the owner has some', async () => {
    needs('scp')
    const secretStore = new MemorySecretStore()
    const { port, tamtam } = await startHost({ token: true, overrides: { secretStore } })
    const token = tamtam.token ?? ''
    const [ani, guest] = [await SshUser.at(port), await SshUser.at(port, { keyless: true })]

    expect((await ani.ssh('ani', ['who'])).code).toBe(DENIED)
    expect((await (await guest.answering('wrong', '', 'keyboard-interactive')).ssh('x', ['who'])).code).toBe(DENIED)
    expect((await (await ani.answering(token)).ssh('ani', ['who'])).code).toBe(0)
    expect((await ani.ssh('ani', ['who'])).code).toBe(0)
    // Without a key there is nothing to remember; a password will do, as programs give one.
    expect((await (await guest.answering('', token, 'password')).ssh('x', ['who'])).code).toBe(0)

    const owner = await tamtam.engine.join({ room: 'lobby', name: 'eka', role: 'owner' })
    const access = tamtam.roomAccess(owner)
    const invited = await access.invite()
    if ('type' in invited) throw new Error('no invitation')
    const citra = await SshUser.at(port)
    expect((await (await citra.answering(invited.code)).ssh('citra', ['say', 'halo'])).code).toBe(0)
    expect((await citra.ssh('citra', ['who'])).code).toBe(DENIED)

    await access.setPassword('rahasia')
    expect((await ani.ssh('ani', ['who'])).code).toBe(DENIED)
    expect((await (await ani.answering(token, 'rahasia')).ssh('ani', ['who'])).code).toBe(0)
    expect((await (await guest.answering('', `${token} rahasia`, 'password')).ssh('x', ['who'])).code).toBe(0)
    expect((await ani.ssh('ani/lab', ['who'])).code).toBe(0)

    expect((await ani.ssh('ani/lab', ['lock'])).code).toBe(4)
    const dewi = await SshUser.at(port, { type: 'ecdsa' })
    await secretStore.write('ssh-owners', `# laptop\n${await dewi.publicKey()}`)
    expect(await dewi.ssh('dewi/lab', ['lock'])).toMatchObject({ code: 0, errors: '' })

    await replaceToken(secretStore)
    await until('the new token to count', async () => (await ani.ssh('ani/dapur', ['who'])).code === DENIED)
  })
})
