import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { MemoryLog, SilentLog } from '#system/log.ts'
import { type LogLevel, PinoLog } from '#system/pino-log.ts'

/** Collects whole lines as what they say. */
const collecting = (level?: LogLevel) => {
  const lines: Record<string, unknown>[] = []
  const stream = new Writable({
    write: (chunk, _, done) => {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  return { lines, log: new PinoLog({ stream, ...(level && { level }) }) }
}

describe('PinoLog', () => {
  test('writes one object a line with level, time, what and fields', () => {
    const { lines, log } = collecting()
    log.info('started', { port: 8268 })
    log.warn('slow', { room: 'lobby', open: true, none: undefined })
    log.error('broken')
    expect(lines.map(({ level, msg }) => `${level} ${msg}`)).toEqual(['30 started', '40 slow', '50 broken'])
    expect(lines[0]).toMatchObject({ port: 8268, time: expect.stringMatching(/^\d{4}-.*Z$/) })
    expect(lines[1]).toMatchObject({ room: 'lobby', open: true })
  })

  test('leaves out what is below its level', () => {
    const { lines, log } = collecting('warn')
    log.info('quiet')
    log.warn('loud')
    expect(lines).toHaveLength(1)
  })

  test('C60 cuts values to 256 bytes, never within a character, and escapes control characters', () => {
    const { lines, log } = collecting()
    log.info('x'.repeat(1000), { wide: '語'.repeat(100), pair: '😀'.repeat(100), escape: '\u001b[31m\n' })
    expect(lines[0]).toMatchObject({
      msg: 'x'.repeat(256),
      wide: '語'.repeat(85),
      pair: '😀'.repeat(64),
      escape: '\u001b[31m\n',
    })
  })

  test('drops and counts lines while the reader is stalled, and goes on once it reads again (C89)', async () => {
    const taken: string[] = []
    let release = () => {}
    const stream = new Writable({
      highWaterMark: 1,
      write: (chunk, _, done) => {
        taken.push(String(chunk))
        release = done
      },
    })
    const log = new PinoLog({ stream })
    for (let round = 0; round < 10_000; round += 1) log.info('flood', { round })
    expect(log.dropped).toBeGreaterThan(0)
    expect(stream.writableLength).toBeLessThan(300 * 1024)
    const { dropped } = log
    while (stream.writableLength > 0) {
      release()
      await new Promise((resolve) => setImmediate(resolve))
    }
    log.info('again')
    expect(log.dropped).toBe(dropped)
    expect(taken).toHaveLength(10_001 - dropped)
  })

  test('counts and never throws when the stream fails or throws (C89)', async () => {
    const failing = new Writable({ write: (_, __, done) => done(new Error('EPIPE')) })
    const log = new PinoLog({ stream: failing })
    log.info('lost')
    await new Promise<void>((resolve) => failing.on('close', resolve))
    log.info('lost too')
    await new Promise((resolve) => setImmediate(resolve))
    expect(log.dropped).toBeGreaterThan(0)
    const throwing = { writableLength: 0, on: () => {}, write: () => raise(new Error('ENOSPC')) }
    const other = new PinoLog({ stream: throwing })
    other.info('lost')
    expect(other.dropped).toBe(1)
  })

  const FLOOD = fileURLToPath(new URL('./log-flood.ts', import.meta.url))

  test('a host whose standard error nobody reads goes on and exits (C89)', async () => {
    const child = spawn(process.execPath, [FLOOD], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stderr.pause()
    const [dropped] = await once(child.stdout, 'data')
    expect(Number(dropped)).toBeGreaterThan(10_000)
    await once(child, 'exit')
    child.stderr.destroy()
    expect(child.exitCode).toBe(0)
  })

  test.each(['closed', '/dev/full'])('a host whose standard error is %s goes on and exits (C89)', async (where) => {
    const stderr = where === 'closed' ? 'pipe' : openSync(where, 'w')
    const child = spawn(process.execPath, [FLOOD], { stdio: ['ignore', 'pipe', stderr] })
    child.stderr?.destroy()
    const [dropped] = await once(child.stdout!, 'data')
    expect(Number(dropped)).toBeGreaterThan(0)
    await once(child, 'exit')
    expect(child.exitCode).toBe(0)
  })
})

const raise = (error: Error): never => {
  throw error
}

test('MemoryLog keeps what was logged, SilentLog nothing', () => {
  const log = new MemoryLog()
  log.info('one')
  log.warn('two', { count: 2 })
  log.error('three')
  expect(log.lines).toEqual([
    { level: 'info', what: 'one', fields: {} },
    { level: 'warn', what: 'two', fields: { count: 2 } },
    { level: 'error', what: 'three', fields: {} },
  ])
  const silent = new SilentLog()
  expect([silent.info(), silent.warn(), silent.error()]).toEqual([undefined, undefined, undefined])
})
