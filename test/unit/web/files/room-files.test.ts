import { expect, test } from 'vitest'
import { ApiClient, type Http } from '#client/api-client.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { RoomFiles } from '#web/files/room-files.ts'

const by = { id: 'i1', name: 'ani' }
const journaled = { seq: 1, at: 1, by }
const file = { id: 'f1', name: 'a.txt', size: 10 }
const whole = { ...file, sha256: 'ab'.repeat(32) }

const filesOf = (rows: readonly object[]) => {
  const listed = rows.map((row) => ({ by: 'ani', byId: 'i1', at: 1, url: '/files/f', verified: 0, ...row }))
  const bytes = async () => new TextEncoder().encode(JSON.stringify({ files: listed }))
  const answer = { status: 200, bytes } as unknown as Awaited<ReturnType<Http['request']>>
  const http: Http = { at: 'host', base: '', request: async () => answer, close: () => {} }
  return new RoomFiles(new ApiClient(http), 'lobby')
}

const received = (name: string): RoomEvent => ({ type: 'fileReceived', ...journaled, by: { id: name, name }, file })

test('what the host lists is known, and goes on with what happens', async () => {
  const files = filesOf([
    { id: 'f1', name: 'a.txt', status: 'paused', size: 10, offset: 4 },
    {
      id: 'f2',
      name: 'b.txt',
      status: 'whole',
      size: 7,
      receipts: [{ name: 'budi', at: 1 }],
      served: [{ name: 'sari', at: 1 }],
    },
  ])
  await files.load()
  expect(files.of('f2').value).toMatchObject({
    ...{ status: 'whole', arrived: 7, verified: ['budi'], served: ['sari'] },
    ...{ by: { id: 'i1', name: 'ani' }, file: { name: 'b.txt', size: 7 } },
  })
  expect(files.ids.value).toEqual(['f1', 'f2'])
  const seen = () => files.of('f1').value
  expect(seen()).toMatchObject({ status: 'paused', arrived: 4, verified: [], served: [] })
  files.heard({ type: 'fileProgressed', by, file, bytes: 6 })
  expect(seen()).toMatchObject({ status: 'arriving', arrived: 6 })
  files.heard({ type: 'fileCompleted', ...journaled, file: whole })
  for (const name of ['budi', 'sari', 'budi']) files.heard(received(name))
  for (const name of ['tono', 'tono']) files.heard({ type: 'fileServed', ...journaled, by: { id: name, name }, file })
  expect(seen()).toMatchObject({ status: 'whole', arrived: 10, verified: ['budi', 'sari'], served: ['tono'] })
  files.heard({ type: 'fileWithdrawn', ...journaled, file, reason: 'made place' })
  expect(seen()?.status).toBe('gone')
  expect(files.ids.value).toEqual(['f2'])
})
