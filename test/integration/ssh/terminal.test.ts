import { once } from 'node:events'
import { Client } from 'ssh2'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startHost } from '../../harness/host.ts'
import { PATIENCE_MS, until } from '../../harness/patience.ts'
import { SshUser } from '../../harness/ssh-client.ts'
import { Terminal } from '../../harness/tmux.ts'
import { needs } from '../../harness/tools.ts'

const WINDOW_BYTES = 64 * 1024

/** The inside of the client's library, for a client that takes less than it would. */
interface Inside {
  readonly _protocol: { session(id: number, window: number, packetBytes: number): void }
}

describe('the chat on a terminal over SSH', () => {
  test('is the screen of tamtam join: it talks, moves, resizes, and is left as it was found', async () => {
    needs('tmux', 'scp')
    const { port, tamtam, stop } = await startHost({ ssh: { terminals: 1 } })
    const budi = await tamtam.engine.join({ room: 'lobby', name: 'budi' })
    const user = await SshUser.at(port)
    const ani = new Terminal(user.commandLine('ani'), { program: ['ssh'], columns: 80 })
    await ani.sees('* you are ani in lobby')
    await ani.sees(/^<You> +ani · lobby · 2 here$/)
    ani.line('halo, ñandú 👋')
    await ani.sees(/^\d\d:\d\d <ani> halo, ñandú 👋$/)
    await budi.send({ type: 'say', text: 'apa kabar, ani' })
    await ani.sees('<budi> apa kabar, ani')
    expect(ani.styled.join('\n')).toMatch(/\[\d+m/)
    ani.type('bu')
    ani.press('Tab')
    await ani.sees('<You> budi:')
    ani.press('C-c')
    await ani.rests()
    ani.resize(40, 12)
    await ani.sees(/^<You> {8,15}ani · lobby · 2 here$/)
    ani.line('/send talk.pdf')
    await until('the line to type', () =>
      ani.screen.join(' ').replaceAll(/ +/g, ' ').includes(`scp -P ${port} talk.pdf`),
    )

    // There is place for one screen.
    const other = user.begin('citra', [], undefined, ['-tt'], { TERM: 'xterm' })
    await until(`plain lines: ${other.errors}`, () => /! BUSY too many terminals[\s\S]*lobby/.test(other.out))
    expect(other.out).not.toContain('\u001b[?2004h')
    other.write('\u0004')
    expect((await other.ended()).code).toBe(0)

    ani.line('/join lab')
    await ani.sees('* you are ani in lab')
    ani.line('sendiri')
    await ani.sees('<ani> sendiri')
    expect(budi.members.map(({ name }) => name)).toEqual(['budi'])
    await stop()
    await ani.sees('ended with 6')
    expect(ani.screen.join('\n')).toMatch(/! RESTART [\s\S]*ended with 6/)
  })

  test('a client that takes nothing is told all of it once it does, and costs one batch meanwhile', async () => {
    const { port, tamtam } = await startHost()
    const budi = await tamtam.engine.join({ room: 'lobby', name: 'budi' })
    const client = new Client()
    onTestFinished(() => void client.destroy())
    client.connect({ host: '127.0.0.1', port, username: 'ani', password: 'x' })
    await once(client, 'ready')
    const { _protocol: protocol } = client as unknown as Inside
    const { session } = protocol
    protocol.session = (id, _window, packet) => session.call(protocol, id, WINDOW_BYTES, packet)
    const channel = await new Promise<import('ssh2').ClientChannel>((resolve, reject) =>
      client.shell({ term: 'xterm', cols: 100, rows: 30 }, (error, opened) =>
        error ? reject(error) : resolve(opened),
      ),
    )
    Object.assign((channel as unknown as { readonly incoming: object }).incoming, { window: WINDOW_BYTES })
    let shown = ''
    channel.setEncoding('utf8').on('data', (text: string) => {
      shown += text
    })
    await until('the screen', () => shown.includes('<You>'), PATIENCE_MS)
    // More than its window, and what the host holds for it.
    channel.pause()
    const lines = 100
    for (let count = 0; count < lines; count++)
      await budi.send({ type: 'say', text: `nomor ${count}. ${'x'.repeat(12_000)}` })
    channel.setWindow(25, 90, 0, 0)
    channel.resume()
    await until('the last line', () => shown.includes(`nomor ${lines - 1}.`), PATIENCE_MS)
    const numbers = Array.from(shown.matchAll(/nomor (\d+)\./g), ([, number]) => Number(number))
    expect(numbers).toEqual(Array.from({ length: lines }, (_, index) => index))
    channel.write('/quit\r')
    await once(channel, 'close')
  })
})
