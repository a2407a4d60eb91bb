// Rooms inside a Fastify application that has its own login: whoever it knows by the cookie of their session is in the rooms under
// the name of their account. Run it: node examples/08-own-login.ts [8080]
import { createServer } from 'node:http'
import Fastify from 'fastify'
import { type AccessAnswer, type AccessRequest, createTamtam } from 'tamtam-room'

// The application as it was: it knows its users, and gives each a session.
const users = new Map([
  ['ani', { id: 17, isTeacher: true }],
  ['budi', { id: 23, isTeacher: false }],
])
const sessions = new Map<string, string>()

// What it adds: tamtam asks it who somebody is, for each request and each joining. It may answer later, as a database does.
async function access({ headers, room }: AccessRequest): Promise<AccessAnswer> {
  const [, session = ''] = /(?:^|; )session=([^;]*)/.exec(headers?.cookie ?? '') ?? []
  const name = sessions.get(session)
  const user = users.get(name ?? '')
  if (name === undefined || user === undefined) return false
  if (room === 'staff' && !user.isTeacher)
    return { type: 'rejected', code: 'NOT_ALLOWED', message: 'this room is for teachers' }
  return { name, person: String(user.id), ...(user.isTeacher ? { role: 'op' } : {}) }
}

const tamtam = createTamtam({ access })
await tamtam.start()

const app = Fastify({
  serverFactory: (handler) =>
    createServer((request, response) => {
      if (!tamtam.handler.request(request, response)) handler(request, response)
    }),
})
app.server.on('upgrade', (request, socket, head) => {
  if (!tamtam.handler.upgrade(request, socket, head)) socket.destroy()
})
app.get('/', () => 'this is the school\n')
app.get<{ Params: { name: string } }>('/login/:name', (request, reply) => {
  const session = crypto.randomUUID()
  sessions.set(session, request.params.name)
  return reply.header('Set-Cookie', `session=${session}; HttpOnly; SameSite=Lax; Path=/`).send('welcome\n')
})
app.get('/logout', (request, reply) => {
  sessions.delete(/session=([^;]*)/.exec(request.headers.cookie ?? '')?.[1] ?? '')
  // Whoever is in a room by this session is sent out.
  tamtam.recheckAccess()
  return reply.send('bye\n')
})

console.log(`the school is open at ${await app.listen({ port: Number(process.argv[2] ?? 0) })}`)
process.once('SIGINT', async () => {
  await tamtam.stop()
  await app.close()
})
