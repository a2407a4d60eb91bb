import { expect, it } from 'vitest'
import { sendWhenReady } from '#domain/session.ts'

it('a command is sent again while the room is full, each time once there is room', async () => {
  const answers = [{ code: 'BUSY' }, { code: 'BUSY' }, { code: 'MUTED' }]
  const calls: string[] = []
  const session = {
    async send(command: string) {
      calls.push(command)
      return answers.shift() as object
    },
    async ready() {
      calls.push('ready')
    },
  }
  expect(await sendWhenReady(session, 'say')).toEqual({ code: 'MUTED' })
  expect(calls).toEqual(['say', 'ready', 'say', 'ready', 'say'])
})
