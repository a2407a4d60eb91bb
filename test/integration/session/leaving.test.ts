import { expect, test } from 'vitest'
import { startHost } from '../../harness/host.ts'
import { ask } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { SessionClient } from '../../harness/session-client.ts'

test('who leaves may say something to it, and the others are told whether they left the host', async () => {
  const { port } = await startHost()
  const cici = await SessionClient.join(port, 'websocket', 'cici')
  const netcat = await LineClient.join(port, 'dodi')
  const left = async (name: string) => {
    const found = () => cici.events.find((event) => event.type === 'left' && event.by.name === name)
    await cici.until(() => found() !== undefined)
    return found()
  }

  const ani = await LineClient.join(port, 'ani')
  ani.write('/quit see you\n')
  await netcat.until('* ani left (“see you”)')
  expect(await left('ani')).toMatchObject({ reason: 'left', message: 'see you', quit: true })
  const budi = await LineClient.join(port, 'budi')
  budi.write('/part to the kitchen\n')
  expect(await left('budi')).toEqual({ type: 'left', by: expect.anything(), reason: 'left', message: 'to the kitchen' })
  // Nobody's own words pass for the host's.
  const eka = await LineClient.join(port, 'eka')
  eka.write('/quit kicked by cici: spam\n')
  await netcat.until('* eka left (“kicked by cici: spam”)')

  const fifi = await SessionClient.join(port, 'frames', 'fifi')
  fifi.send({ type: 'leave', message: 'good night' })
  expect(await left('fifi')).toMatchObject({ message: 'good night', quit: true })
  // Another connection of hers is in another room: she is on this host still.
  const gita = await SessionClient.join(port, 'frames', 'gita')
  await SessionClient.join(port, 'frames', 'gita', 'kitchen')
  gita.send({ type: 'leave' })
  expect(await left('gita')).not.toHaveProperty('quit')
})

test('a notice is said by a program, and a topic taken away, on every server', async () => {
  const { port, tamtam } = await startHost()
  const ani = await SessionClient.join(port, 'frames', 'ani')
  const netcat = await LineClient.join(port, 'budi')
  const posted = await ask(port, 'POST /rooms/lobby/messages', {
    body: JSON.stringify({ type: 'notice', text: 'build 7 is done' }),
    headers: { 'Content-Type': 'application/json' },
  })
  expect(posted.status).toBe(201)
  await netcat.until('<127.0.0.1> build 7 is done')
  await ani.until(() => ani.texts.includes('build 7 is done'))
  expect(ani.entries.at(-1)).toMatchObject({ type: 'said', notice: true })
  await netcat.ask('/topic tea', '* topic set')
  await netcat.ask('/topic off', '* topic set')
  await netcat.ask('/topic', '* no topic is set')
  const session = await tamtam.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
  expect(session).toMatchObject({ rules: { topic: '' }, topicSet: { by: { name: 'budi' } } })
  expect((await ani.ask({ type: 'setTopic', topic: 'rice' })).type).toBe('ack')
  await netcat.until('* ani set the topic: rice')
  expect((await ani.ask({ type: 'setTopic', topic: '' })).type).toBe('ack')
  await netcat.until('* ani removed the topic')
})
