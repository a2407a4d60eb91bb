import { MemorySecretStore } from '#storage/memory/secret-store.ts'
import { type HostOptions, startHost } from './host.ts'
import { ask } from './http-client.ts'
import { keyOf, SessionClient, type WireName } from './session-client.ts'

export const OWNER = 'f'.repeat(32)

/** A host whose owner shows a key that we know, and the owner in the room den. */
export async function hosted(options: HostOptions = {}) {
  const secretStore = new MemorySecretStore()
  await secretStore.write('owner', OWNER)
  const host = await startHost({
    ...options,
    overrides: { secretStore, ...options.overrides },
    http: { guessFloorMs: 0, ...options.http },
  })
  const owner = await SessionClient.connect(host.port, 'frames')
  owner.send({ type: 'hello', version: 1, key: OWNER, name: 'boss' })
  await owner.enter('den')
  const asOwner = (body?: string) => ({
    headers: { 'Tamtam-Key': OWNER, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    ...(body === undefined ? {} : { body }),
  })
  const setPassword = (password: string) =>
    ask(host.port, 'PUT /rooms/den/password', asOwner(JSON.stringify({ password })))
  const invite = async (room = 'den') => {
    const { json } = await ask(host.port, `POST /rooms/${room}/invitations`, asOwner())
    return (json as { code: string }).code
  }
  return { ...host, secretStore, owner, asOwner, setPassword, invite }
}

/** Says hello and asks for the room; answers how that ended. */
export async function come(
  port: number,
  by: WireName,
  name: string,
  shown: { token?: string; password?: string },
  room = 'den',
) {
  const { token, password } = shown
  const client = await SessionClient.connect(port, by)
  client.send({ type: 'hello', version: 1, key: keyOf(name), name, ...(token === undefined ? {} : { token }) })
  client.send({ type: 'join', room, ...(password === undefined ? {} : { password }) })
  await client.until(() => client.of('joined').length + client.of('rejected').length > 0)
  const [why] = client.of('rejected')
  return { client, outcome: why?.code ?? 'joined', why }
}
