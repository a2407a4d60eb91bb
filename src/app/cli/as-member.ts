import { clientDefaults } from '#app/defaults.ts'
import { hasGivenKey, hasKey, isKnown, keyFor } from '#app/secrets.ts'
import { ApiClient } from '#client/api-client.ts'
import { isPassing, isRefusal, type Refusal } from '#client/errors.ts'
import { NodeHttp } from '#client/node-http.ts'
import { roomFacts } from '#client/queries.ts'
import { Retries } from '#client/retries.ts'
import { Refused } from '#domain/session.ts'
import { apiOf, type RoomTarget, reportFirstRetry } from './command.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { refused } from './failures.ts'

/**
 * Runs a command with the rights of the member whose key its user has: as they are in the room, on whichever connection, or else it joins
 * for so long. The room sees that, like any joining.
 */
export async function asMember<T>(target: RoomTarget, act: (api: ApiClient) => Promise<T>): Promise<T> {
  const { endpoint, room, name } = target
  if (!hasKey(target, process.env)) throw new CommandFailed(exitCodes.usage, nobody)
  const { api, ...shown } = memberOf(target)
  try {
    if (await isInside(api, room)) return await act(api)
    const { enterRoom } = await import('#app/connect.ts')
    const asked = { room, ...(name === undefined ? {} : { name }) }
    const session = await enterRoom(asked, endpoint, shown).catch((error: unknown) => {
      if (!(error instanceof Refused)) throw error
      throw new CommandFailed(exitCodes.refused, `${room}: ${error.rejected.message} (${error.code})`, { cause: error })
    })
    return await act(api).finally(() => session.close())
  } finally {
    api.close()
  }
}

/**
 * Runs a command for whoever asks: as the member whose key they have named (`TAMTAM_KEY_FILE`), or as the one of their name while that is in
 * the room, and else as a guest of that name.
 */
export async function asAsker<T>(target: RoomTarget, act: (api: ApiClient) => Promise<T>): Promise<T> {
  if (target.file === undefined && hasGivenKey(process.env)) return await asMember(target, act)
  const api = await apiOfAsker(target)
  return await act(api).finally(() => api.close())
}

/**
 * Runs a command as a guest of the caller's name, and what that is refused once more as the member whose key they have: a file is of the one
 * or of the other, whichever has sent it. `act` answers whether it is done.
 */
export async function asGuestOrMember(target: RoomTarget, act: (api: ApiClient, isLast: boolean) => Promise<boolean>) {
  const isLast = !isKnown(target, process.env)
  const api = apiOf(target)
  const isDone = await act(api, isLast).finally(() => api.close())
  if (!isDone && !isLast) await asMember(target, (member) => act(member, true))
}

async function apiOfAsker(target: RoomTarget): Promise<ApiClient> {
  const { room } = target
  const guest = apiOf(target)
  if (target.file !== undefined || !hasKey(target, process.env)) return guest
  const { api: member } = memberOf(target)
  const isMember = await isInside(member, room)
  const [used, other] = isMember ? [member, guest] : [guest, member]
  other.close()
  return used
}

function memberOf(target: RoomTarget) {
  const { endpoint, token, password } = target
  const key = keyFor(target, process.env)
  const shown = { ...(token === undefined ? {} : { token }), ...(password === undefined ? {} : { password }) }
  const api = new ApiClient(new NodeHttp(endpoint, clientDefaults), { key: () => key, ...shown })
  return { api, key, ...shown }
}

async function isInside(api: ApiClient, room: string): Promise<boolean> {
  const retries = new Retries(clientDefaults, { report: reportFirstRetry })
  const facts = await retries.until(() => roomFacts(api, room), { passes: (why) => isPassing(why) && !isAbsent(why) })
  if (isRefusal(facts) && !isAbsent(facts)) throw refused(room, facts)
  return !isRefusal(facts)
}

const isAbsent = ({ code }: Refusal): boolean => code === 'NOT_A_MEMBER'

const nobody =
  'only moderators can do that: write your name in front of the address (name@host/room), or name the key of one in TAMTAM_KEY_FILE'
