import { PassThrough, Writable } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createTamtam, type TamtamOptions } from '#app/index.ts'
import { ManualClock } from '#system/clock.ts'
import { pieces } from '../../../harness/bytes.ts'
import { GREETING, openPipes } from '../../../harness/host-pipes.ts'
import { ScriptedJournal } from '../../../harness/scripted-journal.ts'
import { turns, until } from '../../../harness/turns.ts'

const MARK_BYTES = 256 * 1024
/** What one commit may add to what waits already. */
const BATCH_BYTES = 1024 * 1024

/** A reader of output that can stop: what it has not taken waits in the stream. */
class Reader extends Writable {
  text = ''
  #stopped: (() => void)[] | undefined

  override _write(chunk: Buffer, _encoding: string, taken: () => void): void {
    if (this.#stopped !== undefined) {
      this.#stopped.push(() => this._write(chunk, '', taken))
      return
    }
    this.text += chunk.toString()
    taken()
  }

  stop(): void {
    this.#stopped = []
  }

  readOn(): void {
    const stopped = this.#stopped ?? []
    this.#stopped = undefined
    for (const go of stopped) go()
  }

  /** Without what a host prints first. */
  get lines(): string[] {
    const lines = this.text.split('\n').slice(0, -1)
    return lines.slice(lines[0] === GREETING[0] ? GREETING.length : lines[0]?.includes('"listening"') ? 1 : 0)
  }
}

async function openAtPipes({ style = 'text' }: { readonly style?: 'text' | 'json' } = {}, options: TamtamOptions = {}) {
  const tamtam = createTamtam(options)
  await tamtam.start()
  const session = await tamtam.engine.join({ room: 'lobby', name: 'tuan' })
  const ani = await tamtam.engine.join({ room: 'lobby', name: 'ani' })
  const [stdin, stdout, stderr] = [new PassThrough(), new Reader(), new Reader()]
  const streams = {
    stdin: stdin,
    stdout: stdout,
    stderr,
  }
  openPipes(tamtam, session, { style, ...streams })
  onTestFinished(async () => {
    await tamtam.stop()
  })
  return { tamtam, session, ani, stdin, stdout, stderr }
}

describe('what a host prints at pipes', () => {
  it('C57 shows what others do, harmless, and not what was typed here', async () => {
    const { ani, stdin, stdout } = await openAtPipes()
    stdin.write('dari sini\n')
    await until(() => ani.last === 1)
    await ani.send({ type: 'say', text: 'ha\u001b[2Jlo' })
    await ani.send({ type: 'act', text: 'menari' })
    await ani.upload(pieces('isi'), { name: 'a.txt', size: 3 }).done
    await turns(2)
    expect(stdout.lines).toEqual([
      '<ani> ha␛[2Jlo',
      '* ani menari',
      '* ani is sending a.txt (3 B)',
      expect.stringMatching(/^\* file \[\w{8}\] a\.txt from ani: 3 B, sha256 \w{64}$/),
    ])
  })

  it('says one object a line in JSON, its own doings too, and nobody else’s whispers', async () => {
    const { tamtam, ani, stdin, stdout } = await openAtPipes({ style: 'json' })
    const budi = await tamtam.engine.join({ room: 'lobby', name: 'budi' })
    await ani.send({ type: 'whisper', to: 'budi', text: 'rahasia' })
    stdin.write('halo\n')
    await until(() => budi.last === 2)
    await turns(2)
    const events = stdout.lines.map((line) => JSON.parse(line))
    expect(events.map(({ v, type }) => [v, type])).toEqual([
      [1, 'joined'],
      [1, 'said'],
    ])
    expect(stdout.text).not.toContain('rahasia')
  })

  it('keeps the order of what is typed while the room is full and takes more again', async () => {
    const journal = new ScriptedJournal()
    const { ani, stdin } = await openAtPipes({}, { overrides: { journal }, limits: { mailboxCommands: 2 } })
    const type = async (...lines: string[]) => {
      stdin.write(lines.map((line) => `${line}\n`).join(''))
      await turns(3)
    }
    journal.hold()
    await type('1')
    expect(journal.waiting).toBe(1)
    await type('2', '3', '4')
    // Now 2 and 3 are on their way into the journal, the room has place, and 4 still waits to hear of it.
    journal.release(true)
    await until(() => journal.waiting === 1)
    await type('5')
    journal.release()
    await until(() => ani.last === 5)
    const texts = (await ani.history(10)).map((entry) => (entry.type === 'said' ? entry.text : ''))
    expect(texts).toEqual(['1', '2', '3', '4', '5'])
  })

  it('tells why a line was refused', async () => {
    const { stdin, stderr } = await openAtPipes()
    stdin.write(`${'x'.repeat(20_000)}\n`)
    await until(() => stderr.lines.length === 1)
    expect(stderr.lines[0]).toMatch(/^! (BAD_TEXT|LINE_TOO_LONG) /)
  })

  it('C89 keeps little for a reader that stops, and gives it everything when it reads again', async () => {
    const { ani, stdout } = await openAtPipes({ style: 'json' })
    const COUNT = 20_000
    stdout.stop()
    let most = 0
    for (let from = 0; from < COUNT; from += 1000) {
      const says = Array.from({ length: 1000 }, (_, index) => ({ type: 'say', text: `line ${from + index}` }) as const)
      expect(ani.post(says)).toBe('accepted')
      await until(() => ani.last === from + 1000)
      most = Math.max(most, stdout.writableLength)
    }
    expect(most).toBeGreaterThan(MARK_BYTES)
    expect(most).toBeLessThan(MARK_BYTES + BATCH_BYTES)
    stdout.readOn()
    await until(() => stdout.lines.length === COUNT)
    const texts = stdout.lines.map((line) => JSON.parse(line).text)
    expect(texts).toEqual(Array.from({ length: COUNT }, (_, index) => `line ${index}`))
  })

  it('tells programs who is away, who types, and how much of a file has come', async () => {
    const clock = new ManualClock()
    const { ani, stdout } = await openAtPipes({ style: 'json' }, { overrides: { clock } })
    await ani.send({ type: 'away', reason: 'makan' })
    ani.post([{ type: 'typing' }])
    const source = async function* () {
      yield Buffer.alloc(20)
      clock.advance(3000)
      yield Buffer.alloc(21)
      yield Buffer.alloc(59)
    }
    await ani.upload(source(), { name: 'lagu.mp3', size: 100 }).done
    const told = stdout.lines.map((line) => JSON.parse(line))
    expect(told).toContainEqual(expect.objectContaining({ v: 1, room: 'lobby', type: 'away', reason: 'makan' }))
    expect(told).toContainEqual(expect.objectContaining({ v: 1, type: 'typing', forMs: expect.any(Number) }))
    const file = expect.objectContaining({ name: 'lagu.mp3', size: 100 })
    expect(told).toContainEqual(expect.objectContaining({ v: 1, type: 'fileProgressed', file, bytes: 41 }))
  })

  it('C89 does not wait for a reader that has gone away', async () => {
    const { ani, stdout, stdin } = await openAtPipes()
    stdout.destroy(new Error('EPIPE'))
    await turns(2)
    await ani.send({ type: 'say', text: 'x'.repeat(10_000) })
    stdin.write('halo\n')
    await until(() => ani.last === 2)
  })
})
