import { expect, test } from 'vitest'
import { startHost } from '../../harness/host.ts'
import { SessionClient, type WireName } from '../../harness/session-client.ts'

const SECRET = 'what nobody who is behind may read'
const LINE = 'x'.repeat(3000)

/**
 * Bytes that are in a socket's buffer, the host's own or the system's, are on their way and cannot be taken back. A reader with too much waiting
 * has nothing else there: what comes behind stays in the journal until its socket has drained.
 */
test.for<WireName>(['frames', 'websocket'])(
  'a reader with a full socket gets erased in place of what was removed meanwhile (%s)',
  async (wire) => {
    const { port } = await startHost()
    const [ani, watcher] = [await SessionClient.join(port, wire, 'ani'), await SessionClient.join(port, wire, 'citra')]
    const behind = await SessionClient.join(port, wire, 'budi')
    let raw = ''
    behind.wire.socket.on('data', (chunk: Buffer) => {
      raw += chunk.toString('latin1')
    })
    behind.pause()
    const before = 'said before it was behind'
    await ani.say(before)
    // Far more than its socket, the system and its outbox take.
    for (let batch = 0; batch < 60; batch++) await Promise.all(Array.from({ length: 100 }, () => ani.say(LINE)))
    const said = await ani.say(SECRET)
    expect(said.type).toBe('ack')
    const { seq } = said as { readonly seq: number }
    await watcher.until(() => watcher.texts.includes(SECRET))
    expect(await ani.ask({ type: 'removeMessage', seq })).toMatchObject({ type: 'ack', seq: seq + 1 })
    behind.wire.socket.resume()
    await behind.until(() => behind.entries.at(-1)?.seq === seq + 1)
    expect(raw).toContain(before)
    expect(raw).not.toContain(SECRET)
    expect(behind.entries.at(-2)).toEqual({
      type: 'erased',
      seq,
      at: expect.any(Number),
      by: ani.of('joined')[0]!.member,
    })
    // Nothing else is missing.
    expect(behind.entries.map((entry) => entry.seq)).toEqual(Array.from({ length: seq + 1 }, (_, index) => index + 1))
  },
)
