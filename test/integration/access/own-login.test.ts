import { expect, test } from 'vitest'
import type { AccessAnswer, AccessRequest } from '#app/index.ts'
import { startHost } from '../../harness/host.ts'
import { ask, sayOverHttp } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { keyOf, SessionClient } from '../../harness/session-client.ts'

/** A program with accounts, which knows them by a cookie or by a token. */
function accounts() {
  const known = new Map<string, AccessAnswer>([
    ['t-ani', { name: 'ani', role: 'op', person: '17' }],
    ['t-budi', { name: 'budi', person: '23' }],
    ['t-late', { type: 'rejected', code: 'NOT_ALLOWED', message: 'your account has ended' }],
  ])
  const access = async ({ headers, credential }: AccessRequest): Promise<AccessAnswer> => {
    const cookie = /session=(\S+)/.exec(String(headers?.['cookie'] ?? ''))?.[1]
    await new Promise((resolve) => setImmediate(resolve))
    return known.get(cookie ?? credential ?? '') ?? false
  }
  return { known, access }
}

const cookie = (session: string) => ({ Cookie: `theme=dark; session=${session}` })

test('a program says who somebody is, a moment later, on every server alike', async () => {
  const { known, access } = accounts()
  const { port, tamtam } = await startHost({ access })

  // A WebSocket, by the cookie of the page that opens it; whatever it calls itself.
  const ani = await SessionClient.connect(port, 'websocket', { headers: cookie('t-ani') })
  ani.send({ type: 'hello', version: 1, key: keyOf('x'), name: 'somebody' })
  expect(await ani.enter('lobby')).toMatchObject({ member: { name: 'ani', role: 'op' } })
  expect(await ani.ask({ type: 'rename', name: 'boss' })).toMatchObject({ type: 'rejected', code: 'NOT_ALLOWED' })

  // Frames and lines, by a token.
  const budi = await SessionClient.connect(port, 'frames')
  budi.send({ type: 'hello', version: 1, key: keyOf('y'), token: 't-budi' })
  expect((await budi.enter('lobby')).member).toEqual({ id: expect.anything(), name: 'budi' })
  const line = await LineClient.connect(port)
  line.write('/token t-budi\n')
  await line.until(/^! NAME_TAKEN /)

  // HTTP, by either.
  expect((await ask(port, 'GET /rooms/lobby')).status).toBe(404)
  expect((await ask(port, 'GET /rooms', { headers: cookie('t-budi') })).json).toMatchObject({
    rooms: [{ name: 'lobby' }],
  })
  await sayOverHttp(port, 'lobby', 'over http', { headers: { ...cookie('t-budi') } })
  await ani.until(() => ani.texts.includes('over http'))
  expect(ani.entries.at(-1)?.by.name).toBe('budi')

  // A refusal is told as it is.
  expect((await ask(port, 'GET /rooms/lobby', { headers: cookie('t-late') })).json).toEqual({
    ...{ code: 'NOT_ALLOWED', message: 'your account has ended' },
  })
  const late = await SessionClient.connect(port, 'frames')
  late.send({ type: 'hello', version: 1, key: keyOf('z'), token: 't-late' }).send({ type: 'join', room: 'lobby' })
  await late.until(() => late.of('rejected').length > 0)
  expect(late.of('rejected')[0]).toMatchObject({ code: 'NOT_ALLOWED', message: 'your account has ended' })

  // The person goes by the account: a ban holds for it with another key, and for nobody else.
  expect(await ani.ask({ type: 'ban', name: 'budi' })).toMatchObject({ type: 'ack' })
  await budi.closed()
  const again = await SessionClient.connect(port, 'frames')
  again.send({ type: 'hello', version: 1, key: keyOf('w'), token: 't-budi' }).send({ type: 'join', room: 'lobby' })
  await again.until(() => again.of('rejected').length > 0)
  expect(again.of('rejected')[0]).toMatchObject({ code: 'BANNED' })

  // When the program says so, everybody whom it does not know any more is out.
  known.delete('t-ani')
  tamtam.recheckAccess()
  await ani.closed()
})

test('an answer that is none, and a rule that fails, let nobody in', async () => {
  const answers: (() => unknown)[] = [() => ({ role: 'admin' }), () => 'yes', () => Promise.reject(new Error('down'))]
  for (const answer of answers) {
    const { port } = await startHost({ access: answer as () => AccessAnswer })
    const client = await SessionClient.connect(port, 'frames')
    client.send({ type: 'hello', version: 1, key: keyOf('x'), name: 'ani' }).send({ type: 'join', room: 'lobby' })
    await client.closed()
    expect(client.of('joined')).toEqual([])
    expect((await ask(port, 'GET /rooms/lobby')).status).toBe(500)
  }
})
