import { ownCommand } from '#app/about.ts'
import type { ApiClient } from '#client/api-client.ts'
import { isRefusal } from '#client/errors.ts'
import { listFiles, listRooms, roomFacts } from '#client/queries.ts'
import { Retries } from '#client/retries.ts'
import { forTerminal } from '#domain/names/text.ts'
import { amountText, fileSizeText, linkTo, shortId, titleOf } from '#i18n/format.ts'
import { languageOf, translatorFor } from '#i18n/i18n.ts'
import { goneText } from '#i18n/render-event.ts'
import type { FileRow } from '#protocol/schema.ts'
import { hostsNearby } from '#system/discovery.ts'
import { clientDefaults } from '../defaults.ts'
import { asMember } from './as-member.ts'
import { apiOf, print, printJson, type RoomTarget, reportFirstRetry, runShowing, targetOf } from './command.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { refused } from './failures.ts'
import { expectedIn, type HandInFlags, printHandIns, readHandIns } from './hand-ins.ts'

const NEARBY_MS = 2000

interface LsFlags extends Pick<HandInFlags, 'json' | 'csv' | 'expect'> {
  readonly collected?: boolean
}

/** `tamtam ls`. */
export const runLs = (address: string | undefined, flags: LsFlags): Promise<void> =>
  runShowing(async () => {
    if (flags.collected) return await listCollected(address, flags)
    if (flags.csv || flags.expect !== undefined)
      throw new CommandFailed(exitCodes.usage, '--csv and --expect are for --collected')
    if (address === undefined) return await listNearby(flags)
    const target = targetOf(address, process.env)
    const api = apiOf(target)
    const retries = new Retries(clientDefaults, { report: reportFirstRetry })
    await (target.roomNamed ? listRoom(api, retries, target, flags) : listHost(api, retries, flags)).finally(() =>
      api.close(),
    )
  })

async function listCollected(address: string | undefined, flags: LsFlags): Promise<void> {
  if (address === undefined) throw new CommandFailed(exitCodes.usage, '--collected is about a room: write its address')
  const target = targetOf(address, process.env)
  const expected = expectedIn(flags.expect)
  await asMember(target, async (api) => {
    const list = await readHandIns(api, new Retries(clientDefaults, { report: reportFirstRetry }), target.room)
    await printHandIns(list, flags, process.stdout, expected)
  })
}

async function listNearby({ json }: LsFlags): Promise<void> {
  const hosts = await hostsNearby(NEARBY_MS)
  for (const { name, address, port, tls, token } of hosts) {
    const at = `${tls ? 'tls://' : ''}${address}:${port}`
    if (json) await printJson({ type: 'host', name, address, port, tls, token })
    else await print(`${at}\t${forTerminal(name)}${token ? '\ta token is wanted' : ''}`)
  }
  if (hosts.length === 0)
    throw new CommandFailed(exitCodes.notFound, `no host found nearby; give its address: ${ownCommand('ls HOST')}`)
}

async function listHost(api: ApiClient, retries: Retries, { json }: LsFlags): Promise<void> {
  const rooms = await retries.until(() => listRooms(api))
  if (isRefusal(rooms)) throw refused(api.http.at, rooms)
  if (rooms.length === 0 && !json) {
    const { say } = translatorFor(languageOf(process.env))
    process.stderr.write(`tamtam: ${api.http.at}: ${say('maybePrivate')}\n`)
  }
  for (const room of rooms)
    if (json) await printJson({ type: 'room', ...room })
    else await print(`${forTerminal(room.name)}\t${room.members} here\t${room.last} entries`)
}

async function listRoom(api: ApiClient, retries: Retries, { room }: RoomTarget, { json }: LsFlags): Promise<void> {
  const [facts, files] = [
    await retries.until(() => roomFacts(api, room)),
    await retries.until(() => listFiles(api, room)),
  ]
  if (isRefusal(facts)) throw refused(room, facts)
  if (isRefusal(files)) throw refused(room, files)
  if (json) {
    for (const name of facts.members) await printJson({ type: 'member', name })
    for (const { url, ...file } of files) await printJson({ type: 'file', ...file, url: linkTo(api.http.base, url) })
    return
  }
  if (facts.topic !== '') await print(`topic: ${forTerminal(facts.topic)}`)
  await print(`here: ${facts.members.length === 0 ? 'nobody' : facts.members.map(forTerminal).join(', ')}`)
  const now = Date.now()
  for (const file of files) await print(fileRow(file, now))
}

function fileRow(file: FileRow, now: number): string {
  const { id, by, status, size, offset, sha256, verified } = file
  const amount =
    status === 'whole'
      ? fileSizeText({ ...file, size: size ?? 0 }, translatorFor('en'))
      : amountText(offset ?? 0, size ?? undefined)
  const state = status === 'whole' ? `sha256 ${sha256?.slice(0, 8)}…  verified by ${verified}` : status
  return `${shortId(id)}  ${forTerminal(titleOf(file))}  ${amount}  from ${forTerminal(by)}  ${state}${goneText(file, translatorFor('en'), now)}`
}
