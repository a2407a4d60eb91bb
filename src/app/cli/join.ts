import { constants } from 'node:os'
import { ownCommand } from '#app/about.ts'
import { enterRoom } from '#app/connect.ts'
import { clientDefaults } from '#app/defaults.ts'
import { keyFor } from '#app/secrets.ts'
import { ApiClient } from '#client/api-client.ts'
import { downloadFile } from '#client/downloader.ts'
import { isRefusal, Unreachable } from '#client/errors.ts'
import { uploadPath } from '#client/folder-upload.ts'
import { NodeHttp } from '#client/node-http.ts'
import { listRooms, roomAccess } from '#client/queries.ts'
import { Retries } from '#client/retries.ts'
import type { OnTransferUpdate } from '#client/transfers.ts'
import { forTerminal } from '#domain/names/text.ts'
import { Refused, type RoomSession } from '#domain/session.ts'
import { sizeText } from '#i18n/format.ts'
import { type Language, languageOf, translatorFor } from '#i18n/i18n.ts'
import { nameAt, pathTypedAs } from '#system/files/disk-path.ts'
import { SaveFolder } from '#system/files/publish.ts'
import { NoSource } from '#system/files/source.ts'
import type { Ending, FileTransfers } from '#terminal/ports.ts'
import type { RoomClient } from '#terminal/room-client.ts'
import { type Paint, refusalRow } from '#terminal/rows.ts'
import { flushed, hangUpWith, inputOf, neverWaitFor, type RoomTarget, runShowing, targetOf } from './command.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { unreadable } from './host-files.ts'
import { linkFor, shareOf } from './share.ts'
import { openTerminal, pathTyped, TypedInput } from './terminal.ts'

interface JoinFlags {
  readonly auto: number
  readonly save: string
  readonly prefix: string
  readonly limit?: number
  readonly lang?: Language
  readonly plain?: boolean
}

/** Whoever waits for longer is told for what. */
const SLOW_MS = 1000

/** The time for a host that is away to hear that we leave, and for our reader to take the last output. */
const FAREWELL_MS = 500

/** `tamtam join`. */
export const runJoin = (address: string, flags: JoinFlags): Promise<void> =>
  runShowing(() =>
    join(targetOf(address, process.env), flags, process).catch((error: unknown) => {
      throw address === 'localhost' && error instanceof Unreachable ? nobodyHere(error) : error
    }),
  )

/** For somebody who has named no host, and may not know that there must be one. */
function nobodyHere(cause: Unreachable): CommandFailed {
  const text = `no host at localhost:8268; start one with ${ownCommand()}, or: ${ownCommand('join HOST[:PORT][/ROOM]')}`
  return new CommandFailed(exitCodes.unreachable, text, { cause })
}

async function join(first: RoomTarget, flags: JoinFlags, process: NodeJS.Process): Promise<void> {
  // The same key is the same person, also after the host was restarted.
  const key = keyFor(first, process.env)
  const { endpoint } = first
  const shown = {
    ...(first.token === undefined ? {} : { token: first.token }),
    ...(first.password === undefined ? {} : { password: first.password }),
  }
  const api = new ApiClient(new NodeHttp(endpoint, clientDefaults, true), { key: () => key, ...shown })
  for (const stream of [process.stdout, process.stderr]) neverWaitFor(stream)
  let client: RoomClient | undefined
  // While it is on its way into a room there is nothing to leave.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (client === undefined) process.exit(128 + constants.signals[signal])
      client.end({ type: 'quit' })
    })
  hangUpWith(process)

  const enter = async (room: string, name: string | undefined, password = shown.password): Promise<RoomSession> => {
    const asked = { ...shown, ...(password === undefined ? {} : { password }) }
    client = undefined
    const slow = setTimeout(() => {
      if (process.stderr.isTTY === true) process.stderr.write(`${words().say('connectingTo', { at: endpoint.at })}\n`)
    }, SLOW_MS)
    return await enterRoom({ room, ...(name === undefined ? {} : { name }) }, endpoint, { key, ...asked }).finally(() =>
      clearTimeout(slow),
    )
  }
  const typed = new TypedInput(inputOf(process))
  let language = flags.lang ?? languageOf(process.env)
  const words = () => translatorFor(language, forTerminal)
  const run = (session: RoomSession, greeting: (paint: Paint) => readonly string[]): Promise<Ending> =>
    openTerminal(
      {
        session,
        files: remoteFiles(api, session, { folder: flags, autoBytes: flags.auto, limit: flags.limit }),
        rooms: async () => {
          const rooms = await listRooms(api)
          return isRefusal(rooms) ? [] : rooms.map(({ name }) => name)
        },
        host: {
          access: roomAccess(api, session.room),
          base: endpoint.base,
          share: (paint, words) => shareOf(api, { ...first, room: session.room }, paint, words),
          link: (file) => linkFor(api, first, file),
          speak: (chosen) => {
            language = chosen
          },
        },
        language,
        plain: flags.plain === true,
        typed,
        suspends: true,
        greeting,
        made: (made) => {
          client = made
        },
      },
      process,
    )

  const welcome = ({ member, room }: RoomSession) => `* ${words().say('welcome', { name: member.name, room })}`
  /** Before the first one comes by itself, into a folder that one may not have thought of. */
  const filesTo = () => {
    const { auto, save } = flags
    const folder = save === '.' ? words().say('thisFolder') : forTerminal(save)
    const size = sizeText(auto, language)
    return `* ${words().say(auto > 0 ? 'filesComeTo' : 'filesGoTo', { folder, size })}`
  }
  /** A refusal by the host ends the command. */
  const failed = (error: unknown): never => {
    if (!(error instanceof Refused)) throw error
    const why = error.code === 'NOT_FOUND' ? words().say('maybePrivate') : words().refusal(error.rejected)
    throw new CommandFailed(exitCodes.refused, `${first.room} at ${endpoint.at}: ${why} (${error.code})`, {
      cause: error,
    })
  }
  let session = await enter(first.room, first.name).catch(failed)
  let ending = await run(session, () => [welcome(session), ...(process.stdout.isTTY === true ? [filesTo()] : [])])
  while (ending.type === 'room') {
    const { name } = session.member
    const before = session.room
    await session.close()
    const next = await enter(ending.room, first.name === undefined ? undefined : name, ending.password).catch(refusalOf)
    if (next instanceof Refused) {
      session = await enter(before, name).catch(failed)
      ending = await run(session, (paint) => [refusalRow(next.code, words().refusal(next.rejected), paint)])
    } else {
      session = next
      ending = await run(session, () => [welcome(session)])
    }
  }
  if (ending.type === 'closed')
    throw new CommandFailed(exitCodes.refused, forTerminal(words().say('closed', { why: ending.why })))
  await Promise.race([session.close(ending.message), new Promise((resolve) => setTimeout(resolve, FAREWELL_MS))])
  await flushed(process.stdout, FAREWELL_MS)
  // A person has seen the refusals; a program has only this.
  if (process.stdin.isTTY !== true) typed.count.end()
  process.exit(exitCodes.done)
}

function refusalOf(error: unknown): Refused {
  if (error instanceof Refused) return error
  throw error
}

interface RemoteFilesOptions {
  readonly folder: { readonly save: string; readonly prefix: string }
  readonly autoBytes: number
  /** Bytes a second, for each transfer. */
  readonly limit: number | undefined
}

/** Files of a room on another host: each on a connection of its own, going on where it was cut, for ever if need be. */
function remoteFiles(
  api: ApiClient,
  { room, member: { id: by } }: Pick<RoomSession, 'room' | 'member'>,
  options: RemoteFilesOptions,
): FileTransfers {
  const { autoBytes, limit } = options
  const folder = new SaveFolder(options.folder.save, options.folder.prefix)
  const transfer = (report: OnTransferUpdate) => ({
    api,
    retries: new Retries(clientDefaults, { report: (retry) => report({ type: 'retry', ...retry }) }),
    report,
    ...(limit === undefined ? {} : { limit }),
  })
  return {
    early: true,
    autoBytes,
    send: async (typed, to, tell) => {
      const path = await pathTypedAs(pathTyped(typed))
      const meta = { name: nameAt(path), by, ...(to === undefined ? {} : { to }) }
      return await uploadPath({ ...transfer(tell), settings: clientDefaults, room }, path, meta).catch(
        (error: unknown) => {
          if (error instanceof NoSource || (error instanceof Error && 'syscall' in error)) return unreadable(error)
          throw error
        },
      )
    },
    receive: (file, tell) => downloadFile(transfer(tell), file, { folder }),
  }
}
