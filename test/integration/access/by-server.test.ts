import { expect, test } from 'vitest'
import type { ClientCommand } from '#domain/room/commands.ts'
import { hosted, OWNER } from '../../harness/den.ts'
import { type Asked, ask } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { keyOf, SessionClient } from '../../harness/session-client.ts'

const WHO = ['muted', 'member', 'op', 'owner'] as const
type Who = (typeof WHO)[number]
const ALL: readonly Who[] = WHO
const FREE: readonly Who[] = ['member', 'op', 'owner']
const OPERATORS: readonly Who[] = ['op', 'owner']

interface Row {
  /** Apart from the program's own table of permissions. */
  readonly may: readonly Who[]
  readonly line?: string
  readonly session?: ClientCommand
  readonly http?: readonly [line: string, asked?: Asked]
}

const json = (value: object): Asked => ({
  body: JSON.stringify(value),
  headers: { 'Content-Type': 'application/json' },
})

/** What somebody in a room may do, and how they ask for it at each server that has it. `MESSAGE` and `FILE` are the owner's. */
const ROWS: Readonly<Record<string, Row>> = {
  'read the history': { may: ALL, line: '/history 5', http: ['GET /rooms/den/events'] },
  search: { may: ALL, line: '/search halo', http: ['GET /rooms/den/search?q=halo'] },
  'list the files': { may: ALL, line: '/files', http: ['GET /rooms/den/files'] },
  'get a file': { may: ALL, line: '/get FILE', http: ['GET /files/FILE'] },
  'say that they have a file': {
    may: ALL,
    session: { type: 'receiveFile', file: 'FILE' },
  },
  say: {
    may: FREE,
    line: 'halo',
    session: { type: 'say', text: 'halo' },
    http: ['POST /rooms/den/messages', { body: 'halo', headers: { 'Content-Type': 'text/plain' } }],
  },
  whisper: { may: FREE, line: '/msg boss psst', session: { type: 'whisper', to: 'boss', text: 'psst' } },
  'set the topic': { may: FREE, line: '/topic teh', session: { type: 'setTopic', topic: 'teh' } },
  'send a file': { may: FREE, line: '/put 2 b.txt\nok', http: ['PUT /den/c.txt', { body: 'ok' }] },
  'remove a message of somebody else': {
    may: OPERATORS,
    line: '/remove #MESSAGE',
    session: { type: 'removeMessage', seq: 0 },
    http: ['DELETE /rooms/den/messages/MESSAGE'],
  },
  mute: { may: OPERATORS, line: '/mute nobody', session: { type: 'mute', name: 'nobody' } },
  'slow the room': { may: OPERATORS, line: '/slow 1', session: { type: 'setSlowMode', seconds: 0 } },
  'make files expire': { may: OPERATORS, line: '/expire 7d', session: { type: 'setExpiry', seconds: 0 } },
  collect: { may: OPERATORS, line: '/collect off', session: { type: 'endCollection' } },
  'see the hand-ins': { may: OPERATORS, line: '/collect', http: ['GET /rooms/den/hand-ins'] },
  unlock: { may: OPERATORS, line: '/unlock', session: { type: 'unlock' } },
  'set a password': {
    may: OPERATORS,
    line: '/password off',
    http: ['PUT /rooms/den/password', json({ password: 'rahasia' })],
  },
  invite: { may: OPERATORS, line: '/invite', http: ['POST /rooms/den/invitations', json({})] },
  'make a drop link': { may: OPERATORS, line: '/drop-link', http: ['POST /rooms/den/drop-links', json({})] },
  'remove everything': { may: ['owner'], line: '/clear', session: { type: 'clear' } },
}

/** The den, with a message and a file of its owner, and somebody of each kind at each server that can have them. */
async function den() {
  const host = await hosted()
  const { port, owner } = host
  const lines = new Map<Who, LineClient>()
  const sessions = new Map<Who, SessionClient>([['owner', owner]])
  for (const who of ['muted', 'member', 'op'] as const) {
    const line = await LineClient.join(port, `${who}-line`)
    await line.ask('/join den', /you are .* in den/)
    // A file in band keeps everything behind it waiting for its sentinel's silence.
    await line.ask('/files links', /^\* files come as a line/)
    lines.set(who, line)
    sessions.set(who, await SessionClient.join(port, 'frames', `${who}-session`, 'den'))
  }
  for (const at of ['line', 'session'] as const) {
    await owner.ask({ type: 'mute', name: `muted-${at}` })
    await owner.ask({ type: 'op', name: `op-${at}` })
  }
  const keyFor = (who: Who) => (who === 'owner' ? OWNER : keyOf(`${who}-session`))
  return { port, owner, lines, sessions, keyFor }
}

/** A new message and a new file of the owner's: some rows take them away. */
async function subjects(port: number, owner: SessionClient, count: number) {
  const said = await owner.ask({ type: 'say', text: `halo ${count}` })
  const headers = { 'Tamtam-Key': OWNER }
  const put = await ask(port, 'PUT /den/a.txt', { body: `isi ${count}`, headers })
  const { id } = put.json as { id: string }
  return { MESSAGE: 'seq' in said ? said.seq : 0, FILE: id }
}

test('what somebody in a room may do is the same at every server', async () => {
  const { port, owner, lines, sessions, keyFor } = await den()
  let count = 0
  for (const [what, { may, line, session, http }] of Object.entries(ROWS)) {
    const done: string[] = []
    const wanted: string[] = []
    for (const who of WHO) {
      const note = (server: string, isDone: boolean) => {
        if (isDone) done.push(`${who} at ${server}`)
        if (may.includes(who)) wanted.push(`${who} at ${server}`)
      }
      const about = async () => {
        const { MESSAGE, FILE } = await subjects(port, owner, count++)
        return { seq: MESSAGE, filled: (text: string) => text.replace('MESSAGE', `${MESSAGE}`).replace('FILE', FILE) }
      }
      const client = lines.get(who)
      if (line !== undefined && client !== undefined) {
        const { filled } = await about()
        const from = client.lines.length
        client.write(`${filled(line)}\n`)
        // Asked behind it: what comes before the answer is the answer to the row.
        await client.ask('/who', /^\* \d+ in den:/)
        note('the line server', !client.lines.slice(from).some((each) => each.startsWith('! ')))
      }
      const member = sessions.get(who)
      if (session !== undefined && member !== undefined) {
        const { seq, filled } = await about()
        const command = JSON.parse(filled(JSON.stringify(session))) as ClientCommand
        const answer = await member.ask('seq' in command ? { ...command, seq } : command)
        note('the session server', answer.type === 'ack')
      }
      if (http !== undefined) {
        const { filled } = await about()
        const [path, asked = {}] = http
        const headers = { ...asked.headers, 'Tamtam-Key': keyFor(who) }
        const { status } = await ask(port, filled(path), { ...asked, headers })
        note('HTTP', status < 300)
      }
    }
    expect({ what, done }).toEqual({ what, done: wanted })
  }
})
