import { expect, onTestFinished, test } from 'vitest'
import { connect } from '#app/index.ts'
import { startHost } from '../../harness/host.ts'
import { ask } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { until } from '../../harness/patience.ts'
import { keyOf } from '../../harness/session-client.ts'

test('an op elsewhere, an op with netcat and the host are told the same: who has left without handing in counts', async () => {
  const { port, tamtam } = await startHost()
  const owner = await tamtam.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
  const enter = async (name: string) => {
    const session = await connect(`${name}@127.0.0.1:${port}/lobby`, { key: keyOf(name) })
    onTestFinished(() => session.close())
    return session
  }
  const guru = await enter('guru')
  const line = await LineClient.join(port, 'asisten')
  await until('both', () => owner.members.length === 3)
  for (const name of ['guru', 'asisten']) await owner.send({ type: 'op', name })
  await owner.send({ type: 'startCollection' })
  for (const name of ['ani', 'budi', 'cici']) {
    const student = await enter(name)
    if (name !== 'cici') await ask(port, 'PUT /lobby/essay.txt', { body: name, headers: { 'Tamtam-Key': keyOf(name) } })
    if (name !== 'ani') await student.close()
  }
  await until('that they left', () => owner.members.length === 4)
  const here = await owner.handIns()
  expect(here.people.map(({ name, isHere, files }) => [name, isHere, files.length])).toEqual([
    ['ani', true, 1],
    ['budi', false, 1],
    ['cici', false, 0],
  ])
  const there = await guru.handIns()
  expect({ since: there.since, knownSince: there.knownSince }).toEqual({
    since: here.since,
    knownSince: here.knownSince,
  })
  expect(
    there.people.map(({ id, name, files }) => [id, name, files.map(({ file, by, at }) => [file.id, by.name, at])]),
  ).toEqual(
    here.people.map(({ id, name, files }) => [id, name, files.map(({ file, by, at }) => [file.id, by.name, at])]),
  )
  expect(await line.ask('/collect', /^\* nothing yet/)).toBe('* nothing yet from cici')
  expect(line.lines).toContain('* collected 2 files')
})
