import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { roomSecretDefaults } from '#app/defaults.ts'
import { connect, createTamtam } from '#app/index.ts'
import { ManualClock } from '#system/clock.ts'
import { CliProcess } from '../../harness/cli-process.ts'
import { come, hosted, OWNER } from '../../harness/den.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { ask } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { keyOf, SessionClient } from '../../harness/session-client.ts'

describe('an invitation', () => {
  test('lets one person in, once, also past a lock, a password and the host’s token, and back again', async () => {
    const { port, owner, invite, setPassword } = await hosted({ token: true })
    await setPassword('secret')
    await owner.ask({ type: 'lock' })
    const [token, password] = [await invite(), await invite()]
    for (const [name, shown] of [
      ['by-token', { token }],
      ['by-password', { password }],
    ] as const) {
      const first = await come(port, 'frames', name, shown)
      expect(first.outcome).toBe('joined')
      expect((await come(port, 'frames', `not-${name}`, shown)).outcome).toBe('NOT_FOUND')
      expect((await come(port, 'frames', name, shown, 'lobby')).outcome).toBe('NOT_FOUND')
      first.client.leave()
      const again = await come(port, 'websocket', name, shown)
      expect(again.outcome).toBe('joined')
      expect(await again.client.say('halo')).toMatchObject({ type: 'ack' })
    }
  })

  test('lets one of two in who come at once', async () => {
    const { port, invite } = await hosted({ token: true })
    const token = await invite()
    const outcomes = await Promise.all(['ani', 'budi', 'cici'].map((name) => come(port, 'frames', name, { token })))
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['NOT_FOUND', 'NOT_FOUND', 'joined'])
  })

  test('on the line server stands where a password does', async () => {
    const { port, invite } = await hosted({ token: true })
    const code = await invite()
    const ani = await LineClient.connect(port)
    ani.write(`/join den ${code}\n`)
    await ani.until(/^\* you are .* in den:/)
    const budi = await LineClient.connect(port)
    budi.write(`/join den ${code}\n`)
    await budi.until(/^! NOT_FOUND/)
    ani.write('halo\n')
    await budi.ask(`/token ${code}`, /^! NOT_FOUND/)
  })

  test('serves a whole session: its history, its files and its downloads', async () => {
    const { port, invite, owner } = await hosted({ token: true })
    await owner.say('before')
    const ani = await connect(`ani@127.0.0.1:${port}/den`, { password: await invite() })
    expect(await ani.history(10)).toMatchObject([{ text: 'before' }])
    const sent = await ani.upload(
      (async function* () {
        yield Buffer.from('isi')
      })(),
      { name: 'a.txt' },
    ).done
    expect(sent).toMatchObject({ name: 'a.txt', size: 3 })
    await ani.close()
  })

  test('ends unused after a day', async () => {
    const clock = new ManualClock()
    const { port, invite, owner } = await hosted({ token: true, overrides: { clock } })
    await owner.settled()
    const token = await invite()
    clock.advance(roomSecretDefaults.inviteMs)
    const stranger = await SessionClient.connect(port, 'frames')
    stranger.send({ type: 'hello', version: 1, key: keyOf('ani'), token })
    stranger.send({ type: 'join', room: 'den' })
    await stranger.until(() => stranger.of('rejected').length > 0)
  })

  test('is listed without its code, and taken back: unused it opens nothing, used it sends out who came by it', async () => {
    const { port, asOwner, invite, owner } = await hosted({ token: true })
    const [unused, used] = [await invite(), await invite()]
    const ani = await come(port, 'frames', 'ani', { token: used })
    expect(ani.outcome).toBe('joined')
    const listed = async () => {
      const { json } = await ask(port, 'GET /rooms/den/invitations', asOwner())
      return (json as { invitations: { id: string; used: boolean }[] }).invitations
    }
    const all = await listed()
    expect(all.map((each) => each.used)).toEqual([false, true])
    expect(JSON.stringify(all)).not.toMatch(new RegExp(`${unused}|${used}`))
    const revoke = (id: string) => ask(port, `DELETE /rooms/den/invitations/${id}`, asOwner())
    for (const { id } of all) expect((await revoke(id)).status).toBe(204)
    await ani.client.closed()
    expect((await come(port, 'frames', 'ani', { token: used })).outcome).toBe('NOT_FOUND')
    expect((await come(port, 'frames', 'budi', { token: unused })).outcome).toBe('NOT_FOUND')
    expect(await listed()).toEqual([])
    expect((await revoke(all[0]?.id ?? '')).json).toMatchObject({ code: 'NO_SUCH_INVITATION' })
    expect(await owner.say('still here')).toMatchObject({ type: 'ack' })
  })

  test('is taken back on the line server by who looks after the room, and stays so over a restart', async () => {
    const { port, owner, secretStore, invite } = await hosted()
    const code = await invite()
    const ani = await LineClient.join(port, 'ani')
    await ani.ask('/join den', /^\* you are ani in den:/)
    await owner.ask({ type: 'op', name: 'ani' })
    const [, id] = /\[(\w+)\] not used yet/.exec(await ani.ask('/invite list', /not used yet/)) ?? []
    await ani.ask(`/invite off ${id}`, '* Invitation cancelled.')
    await ani.ask(`/invite off ${id}`, /^! NO_SUCH_INVITATION /)
    await ani.ask('/invite list', '* there are no invitations to this room')
    const next = createTamtam({ token: true, overrides: { secretStore } })
    await next.start()
    const { port: again } = await next.listen({ port: 0, silentMs: 20 })
    expect((await come(again, 'frames', 'budi', { token: code })).outcome).toBe('NOT_FOUND')
    await next.stop()
  })

  test('is made, listed and taken back in the terminal of tamtam join, over HTTP', async () => {
    const { port, owner } = await hosted({ listen: { silentMs: 10_000 } })
    owner.leave()
    const TAMTAM_KEY_FILE = join(await temporaryDirectory(), 'owner')
    await writeFile(TAMTAM_KEY_FILE, OWNER, { mode: 0o600 })
    const type = async (ends: number, ...lines: readonly string[]) => {
      const how = { env: { TAMTAM_KEY_FILE }, input: `${lines.join('\n')}\n` }
      const { code, errors } = await CliProcess.run(['join', `boss@127.0.0.1:${port}/den`, '--plain'], how)
      expect(code).toBe(ends)
      return errors
    }
    const [, id] = /^\* \[(\w{8})\] not used yet, and good until /m.exec(await type(0, '/invite', '/invite list')) ?? []
    expect(await type(4, `/invite off ${id}`, '/invite list', `/invite off ${id}`)).toMatch(
      /^\* Invitation cancelled\.\n\* there are no invitations to this room\n! NO_SUCH_INVITATION /m,
    )
  })

  test('C80 is refused where it can not be kept, as a password is, and nobody is told of the disk', async () => {
    const { port, owner, secretStore, asOwner, invite, setPassword } = await hosted()
    const code = await invite()
    const write = secretStore.write.bind(secretStore)
    secretStore.write = () => Promise.reject(new Error('ENOSPC: no space left on device, write /home/ani/keys/rooms'))
    const { json: listed } = await ask(port, 'GET /rooms/den/invitations', asOwner())
    const [{ id } = { id: '' }] = (listed as { invitations: { id: string }[] }).invitations
    const refused = [
      await setPassword('secret'),
      await ask(port, 'POST /rooms/den/invitations', asOwner()),
      await ask(port, `DELETE /rooms/den/invitations/${id}`, asOwner()),
    ]
    for (const { status, json, text } of refused) {
      expect([status, json]).toMatchObject([503, { code: 'READ_ONLY' }])
      expect(text).not.toContain('/home')
    }
    secretStore.write = write
    await owner.ask({ type: 'lock' })
    expect((await come(port, 'frames', 'ani', {})).outcome).toBe('LOCKED')
    expect((await come(port, 'frames', 'budi', { password: code })).outcome).toBe('joined')
  })

  test('is not to be had by members, over no server', async () => {
    const { port } = await hosted()
    const { client } = await come(port, 'frames', 'ani', {})
    expect(client.of('joined')).toHaveLength(1)
    const asAni = { headers: { 'Tamtam-Key': keyOf('ani') } }
    for (const line of ['POST /rooms/den/invitations', 'GET /rooms/den/invitations', 'DELETE /rooms/den/password'])
      expect([line, (await ask(port, line, asAni)).json]).toMatchObject([line, { code: 'NOT_ALLOWED' }])
    const netcat = await LineClient.join(port, 'netcat')
    expect(await netcat.ask('/invite', /^! /)).toMatch(/^! NOT_ALLOWED /)
    expect(await netcat.ask('/invite list', /^! /)).toMatch(/^! NOT_ALLOWED /)
    expect(await netcat.ask('/password x', /^! /)).toMatch(/^! NOT_ALLOWED /)
  })
})
