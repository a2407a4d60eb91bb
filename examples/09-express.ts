// Rooms inside an Express application that has its own login: whoever is known by the cookie of a session is in the rooms under the
// name of an account. Run it: node examples/09-express.ts [8080]
import express from 'express'
import { type AccessAnswer, type AccessRequest, createTamtam } from 'tamtam-room'

// The application as it was: its users, and a session for each who logged in.
const users = new Map([
  ['ani', { id: 17, isTeacher: true }],
  ['budi', { id: 23, isTeacher: false }],
])
const sessions = new Map<string, string>()
const sessionOf = (cookie = '') => /(?:^|; )session=([^;]*)/.exec(cookie)?.[1] ?? ''

const app = express()
// What is for tamtam goes to it, and all else on. This stands before every middleware that reads bodies: uploads are tamtam's to read.
app.use((request, response, next) => {
  if (!tamtam.handler.request(request, response)) next()
})
app.get('/', (_request, response) => {
  response.send('this is the school\n')
})
app.get('/login/:name', (request, response) => {
  const session = crypto.randomUUID()
  sessions.set(session, request.params.name)
  response.cookie('session', session, { httpOnly: true, sameSite: 'lax' }).send('welcome\n')
})
app.get('/logout', (request, response) => {
  sessions.delete(sessionOf(request.headers.cookie))
  // Whoever is in a room by this session is sent out.
  tamtam.recheckAccess()
  response.send('bye\n')
})

// What it adds: tamtam asks who somebody is, for each request and each joining.
async function access({ headers, room }: AccessRequest): Promise<AccessAnswer> {
  const name = sessions.get(sessionOf(headers?.cookie))
  const user = users.get(name ?? '')
  if (name === undefined || user === undefined) return false
  if (room === 'staff' && !user.isTeacher)
    return { type: 'rejected', code: 'NOT_ALLOWED', message: 'this room is for teachers' }
  return { name, person: String(user.id), ...(user.isTeacher ? { role: 'op' } : {}) }
}

const tamtam = createTamtam({ access })
await tamtam.start()

const server = app.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  const address = server.address()
  console.log(`the school is open at http://127.0.0.1:${typeof address === 'object' ? address?.port : address}`)
})
server.on('upgrade', (request, socket, head) => {
  if (!tamtam.handler.upgrade(request, socket, head)) socket.destroy()
})
process.once('SIGINT', async () => {
  await tamtam.stop()
  server.close()
})
