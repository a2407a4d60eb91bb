import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from '../../harness/directory.ts'
import { filesOf } from '../../harness/files.ts'
import { HostProcess } from '../../harness/host-process.ts'
import { createUpload, receive, TUS } from '../../harness/http-files.ts'
import { until } from '../../harness/patience.ts'
import { Sample } from '../../harness/sample.ts'
import { needs } from '../../harness/tools.ts'

// Sender and receivers are real curls, so that what is measured is the host and not this process.

const FAST = 8
const SLOW_BYTES_PER_SECOND = '1M'
const MOST_GROWTH_BYTES = 64 * 1024 * 1024

interface Curl {
  readonly ended: Promise<{ readonly code: number | null; readonly said: string }>
  end(): void
}

function curl(...args: readonly string[]): Curl {
  needs('curl')
  const child = spawn('curl', ['--silent', '--show-error', ...args])
  let said = ''
  child.stdout.on('data', (bytes) => {
    said += bytes
  })
  child.stderr.on('data', (bytes) => {
    said += bytes
  })
  const ended = once(child, 'close').then(([code]) => ({ code, said }))
  const end = () => void child.kill('SIGKILL')
  onTestFinished(end)
  return { ended, end }
}

/** Asks for the file and never reads. */
async function stall(port: number, path: string): Promise<() => void> {
  const socket = connect({ port, host: '127.0.0.1' })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  socket.pause()
  socket.on('error', () => {})
  socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
  return () => void socket.destroy()
}

interface Turn {
  /** From the first byte sent until the last of the fast receivers has the last one; the one that never reads has none then. */
  readonly ms: number
  readonly path: string
}

/** One upload that everybody receives while it comes in. */
async function turn(port: number, file: string, sample: Sample, beset: boolean): Promise<Turn> {
  const path = await createUpload(port, sample, 'besar.bin')
  const url = `http://127.0.0.1:${port}${path}`
  const get = (...args: readonly string[]) =>
    curl('--output', '/dev/null', '--write-out', '%{size_download}', ...args, url)
  const slow = beset ? [get('--limit-rate', SLOW_BYTES_PER_SECOND)] : []
  const away = beset ? await stall(port, path) : () => {}
  const fast = Array.from({ length: FAST }, () => get())
  const began = performance.now()
  const headers = { ...TUS, 'Upload-Offset': '0', 'Content-Type': 'application/offset+octet-stream' }
  const fields = Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`])
  const sender = curl('--request', 'PATCH', '--upload-file', file, '--write-out', '%{http_code}', ...fields, url)
  for (const { ended } of fast) expect(await ended).toEqual({ code: 0, said: String(sample.size) })
  const ms = performance.now() - began
  expect(await sender.ended).toEqual({ code: 0, said: '204' })
  for (const { end } of slow) end()
  away()
  return { ms, path }
}

async function residentBytes(pid: number): Promise<number> {
  const found = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'latin1'))
  if (found === null) throw new Error('no VmRSS')
  return Number(found[1]) * 1024
}

/** `TRANSFER_MB=600 npm test -- test/integration/transfers-fan-out` moves 5.4 GB. */
const MEGABYTES = Number(process.env['TRANSFER_MB'] ?? 150)

test(`P4, C61, C82: ${MEGABYTES} MB to ${FAST} receivers, who wait neither for one at 1 MB/s nor for one that never reads; that costs the host less than 64 MB`, async () => {
  const base = await temporaryDirectory()
  const { host, port } = await HostProcess.start(['--data', join(base, 'data')])
  const sample = new Sample(MEGABYTES * 1e6)
  const file = join(base, 'besar.bin')
  // A first file brings the engine's heap to its working size.
  const warm = new Sample(20_000_000)
  await warm.save(file)
  await turn(port, file, warm, false)
  await sample.save(file)
  const before = await residentBytes(host.pid)
  let most = before
  let over = false
  const watching = until(
    'the end',
    async () => {
      most = Math.max(most, await residentBytes(host.pid))
      return over
    },
    600_000,
  )
  const { ms, path } = await turn(port, file, sample, true)
  over = true
  await watching
  const moved = (sample.size * (FAST + 1)) / 1e6
  process.stderr.write(
    `${moved} MB moved in ${(ms / 1000).toFixed(1)} s: the host grew by ${((most - before) / 1e6).toFixed(1)} MB\n`,
  )
  expect(await receive(port, path)).toMatchObject({ whole: true, size: sample.size, sha256: sample.sha256() })
  expect((await filesOf(port)).map(({ status }) => status)).toEqual(['whole', 'whole'])
  expect(most - before).toBeLessThan(MOST_GROWTH_BYTES)
})
