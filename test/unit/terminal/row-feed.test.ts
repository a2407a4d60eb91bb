import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { RowFeed } from '#terminal/row-feed.ts'
import { turns } from '../../harness/turns.ts'

/** A reader that takes nothing until it is told to. */
class Stuck extends Writable {
  text = ''
  #waiting: (() => void) | undefined
  #stuck = true

  override _write(chunk: Buffer, _encoding: string, taken: () => void): void {
    const take = () => {
      this.text += chunk.toString()
      taken()
    }
    if (this.#stuck) this.#waiting = take
    else take()
  }

  readOn(): void {
    this.#stuck = false
    this.#waiting?.()
  }
}

const skipped = (count: number) => `skipped ${count}`

test('C61, C89: a reader that takes nothing costs so much and no more; it gets the newest rows, and is told how many it missed', async () => {
  for (const size of [10, 5000]) {
    const reader = new Stuck()
    const feed = new RowFeed({ to: reader, skipped })
    const rows = Array.from({ length: 50_000 }, (_, index) => `${index} ${'x'.repeat(size)}`)
    let most = 0
    for (const [index, row] of rows.entries()) {
      feed.add(row)
      if (index % 100 > 0) continue
      await turns(1)
      most = Math.max(most, reader.writableLength)
    }
    expect(most).toBeLessThan(reader.writableHighWaterMark + 500 * (size + 20))
    expect(feed.waitingChars).toBeLessThanOrEqual(4_000_000)
    reader.readOn()
    await turns(50)
    const lines = reader.text.trimEnd().split('\n')
    const at = lines.findIndex((line) => line.startsWith('skipped'))
    const missed = Number(lines[at]?.split(' ')[1])
    expect(lines.length - 1 + missed).toBe(rows.length)
    expect(lines.slice(at + 1)).toEqual(rows.slice(at + missed))
  }
})

test('a reader that keeps up gets everything, in order', async () => {
  const reader = new Stuck()
  reader.readOn()
  const feed = new RowFeed({ to: reader, skipped, shaped: (row) => `* ${row}` })
  for (let index = 0; index < 1000; index++) feed.add(`${index}`)
  feed.end()
  await turns(2)
  expect(reader.text).toBe(Array.from({ length: 1000 }, (_, index) => `* ${index}\n`).join(''))
})
