import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const example = async (name: string) => (await promisify(execFile)(process.execPath, [`examples/${name}`])).stdout

describe('the examples run as they are', () => {
  it('01 embeds a room in memory, with two members and a file', async () => {
    const lines = (await example('01-embed.ts')).trim().split('\n')
    expect(lines.toSorted()).toEqual([
      '<ani> halo',
      'kept as number 1',
      'recipe.txt is in the room: 18 bytes',
      'recipe.txt: rice, coconut milk',
    ])
  })

  it('02 keeps the room in a journal of its own, which passes the contract', async () => {
    const [cases, ...transcript] = (await example('02-own-journal.ts')).trim().split('\n')
    expect(cases).toMatch(/^\d+ cases of the contract hold$/)
    expect(transcript).toEqual(['lobby 1 ani: halo', 'lobby 2 ani: apa kabar?'])
  })
})
