import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import QRCode from 'qrcode'
import { describe, expect, it } from 'vitest'
import { type QrModules, qrLines } from '#app/cli/greeting.ts'
import { temporaryDirectory } from '../../../harness/directory.ts'
import { run } from '../../../harness/tools.ts'

const URL = 'http://192.168.100.100:8268/#t=abcdefghijkmnpqrstuvwxyz23'
const code = (): QrModules => QRCode.create(URL, { errorCorrectionLevel: 'L' }).modules

/** The modules that lines of either kind stand for, 1 for a dark one. */
function modulesIn(lines: readonly string[], how: 'blocks' | 'ascii'): number[][] {
  if (how === 'ascii') return lines.map((line) => Array.from(line.matchAll(/../g), ([two]) => (two === '  ' ? 1 : 0)))
  const rows = lines.flatMap((line) => [
    Array.from(line, (letter) => (letter === '█' || letter === '▀' ? 0 : 1)),
    Array.from(line, (letter) => (letter === '█' || letter === '▄' ? 0 : 1)),
  ])
  return rows.slice(0, rows[0]?.length)
}

describe.each(['blocks', 'ascii'] as const)('a QR code in %s', (how) => {
  it('fits into 80 columns with a whole link, and stands in a light margin', () => {
    const lines = qrLines(code(), how, 80)
    expect(lines.length).toBeGreaterThan(10)
    for (const line of lines) expect([...line].length).toBe([...(lines[0] ?? '')].length)
    const modules = modulesIn(lines, how)
    for (const index of [0, 1]) {
      expect(modules[index]).not.toContain(1)
      expect(modules.map((row) => row[index])).not.toContain(1)
      expect(modules.map((row) => row.at(-1 - index))).not.toContain(1)
    }
  })

  it('has every module where it belongs', () => {
    const { size, data } = code()
    const modules = modulesIn(qrLines({ size, data }, how, 80), how)
    expect(modules.slice(2, -2).flatMap((row) => row.slice(2, -2))).toEqual(Array.from(data))
  })

  it('is read by a reader', async () => {
    const modules = modulesIn(qrLines(code(), how, 80), how)
    const path = join(await temporaryDirectory(), 'code.pgm')
    const pixels = modules.flatMap((row) => {
      const line = row.flatMap((dark) => Array.from({ length: 4 }, () => (dark === 1 ? 0 : 255)))
      return Array.from({ length: 4 }, () => line).flat()
    })
    const head = `P5 ${(modules[0]?.length ?? 0) * 4} ${modules.length * 4} 255\n`
    await writeFile(path, Buffer.concat([Buffer.from(head), Buffer.from(pixels)]))
    expect(run('zbarimg', '--nodbus', '--quiet', '--raw', path).trim()).toBe(URL)
  })

  it('is left out where it does not fit', () => expect(qrLines(code(), how, 30)).toEqual([]))
})
