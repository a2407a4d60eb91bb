import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { connect, type RoomSession } from '#app/index.ts'
import { sha256Of } from './bytes.ts'
import { LineClient } from './line-client.ts'

// A class of 30 with what they have, on a guest's machine: each comes in, receives what is handed out, and hands in a file when the room
// collects. Says with a line of JSON when all have done each of these.

interface Pupil {
  /** Resolves with the digest of what was handed out. */
  readonly received: Promise<string>
  handIn(name: string, bytes: Buffer): Promise<unknown>
  leave(): unknown
}

const { host, port, token, lesson } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly host: string
  readonly port: number
  readonly token: string
  /** What the file is called that is handed out. */
  readonly lesson: string
}
const at = `${host}:${port}`

/** Real netcat, which gets the bytes in band. */
async function withNetcat(name: string): Promise<Pupil> {
  const child = spawn('nc', [host, String(port)])
  const client = new LineClient(Duplex.from({ readable: child.stdout, writable: child.stdin }) as never, {
    keepBytes: false,
  })
  client.write(`/token ${token}\n`)
  await client.ask(`/nick ${name}`, `* you are now ${name}`)
  return {
    received: client.until((each) => each.files.length > 0).then(() => client.files[0]?.sha256 ?? ''),
    handIn: (file, bytes) => {
      client.write(`/put ${bytes.length} ${file}\n`).write(bytes)
      return client.until(new RegExp(`\\] ${file} is with the moderators: `))
    },
    leave: () => child.kill(),
  }
}

/** A session, which says that it has verified what it got. */
async function withSession(name: string, transport: 'frames' | 'websocket'): Promise<Pupil> {
  const session = await connect(`${at}/lobby`, { name, token, transport })
  return {
    received: handedOut(session).then(async (file) => {
      const hash = createHash('sha256')
      for await (const bytes of session.download(file)) hash.update(bytes)
      await session.send({ type: 'receiveFile', file })
      return hash.digest('hex')
    }),
    handIn: async (file, bytes) => {
      const done = await session.upload(pieces(bytes), { name: file, size: bytes.length, sha256: sha256Of(bytes) }).done
      if (!('sha256' in done)) throw new Error(JSON.stringify(done))
    },
    leave: () => session.close(),
  }
}

const handedOut = (session: RoomSession): Promise<string> =>
  new Promise((resolve) =>
    session.events$.subscribe((event) => {
      if (event.type === 'fileCompleted' && event.file.name === lesson) resolve(event.file.id)
    }),
  )

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** curl: one that listens, and one for each thing that is done. */
async function withCurl(name: string): Promise<Pupil> {
  const curl = (...args: readonly string[]) => spawn('curl', ['-q', '-sSf', '-u', `${name}:${token}`, ...args])
  const listening = curl('-N', '-v', '-H', 'Accept: application/x-ndjson', `http://${at}/rooms/lobby/events`)
  const events = createInterface(listening.stdout)
  const there = new Promise<void>((resolve) =>
    createInterface(listening.stderr).on('line', (line) => line.startsWith('< HTTP/1.1 200') && resolve()),
  )
  const received = new Promise<string>((resolve, reject) =>
    events.on('line', (line) => {
      const { type, file } = JSON.parse(line)
      if (type === 'fileCompleted' && file.name === lesson) fetched(file.id, file.url).then(resolve, reject)
    }),
  )
  const fetched = async (id: string, url: string): Promise<string> => {
    const hash = createHash('sha256')
    for await (const bytes of curl(`http://${at}${url}`).stdout) hash.update(bytes)
    const digest = hash.digest('hex')
    await said(curl('--json', JSON.stringify({ sha256: digest }), `http://${at}/files/${id}/receipts`))
    return digest
  }
  await there
  return {
    received,
    handIn: async (file, bytes) => {
      const sending = curl('-T', '-', `http://${at}/lobby/${file}`)
      sending.stdin.end(bytes)
      await said(sending)
    },
    leave: () => listening.kill(),
  }
}

async function said(child: ChildProcessWithoutNullStreams): Promise<string> {
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (errors !== '') throw new Error(errors)
  return out
}

const say = (phase: string, told: object) => process.stdout.write(`${JSON.stringify({ phase, ...told })}\n`)

const kinds = [
  withNetcat,
  (name: string) => withSession(name, 'frames'),
  (name: string) => withSession(name, 'websocket'),
  withCurl,
]
const teacher = await connect(`${at}/lobby`, { name: 'assistant', token })
const collecting = new Promise<void>((resolve) =>
  teacher.events$.subscribe(({ type }) => type === 'collectionStarted' && resolve()),
)
const names = Array.from({ length: 30 }, (_, index) => `pupil${index + 1}`)
const pupils = await Promise.all(names.map((name, index) => (kinds[index % kinds.length] as typeof withNetcat)(name)))
say('here', {})
say('received', { digests: await Promise.all(pupils.map(({ received }) => received)) })
await collecting
const work = names.map((name) => ({ name: `${name}.txt`, bytes: randomBytes(100_000) }))
await Promise.all(pupils.map((pupil, index) => pupil.handIn(work[index]!.name, work[index]!.bytes)))
say('handed in', { work: work.map(({ name, bytes }) => ({ name, sha256: sha256Of(bytes) })) })
await Promise.all([...pupils.map((pupil) => pupil.leave()), teacher.close()])
process.exit(0)
