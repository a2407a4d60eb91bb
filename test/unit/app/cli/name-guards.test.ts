import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FileSaver } from '#app/cli/host-files.ts'
import { pieces } from '../../../harness/bytes.ts'
import { temporaryDirectory } from '../../../harness/directory.ts'
import { openHouse, watch } from '../../../harness/house.ts'

const HOSTILE = ['../../escaped', '..\\escaped', '/etc/escaped', '.escaped', 'CON', 'a\nb', 'photo\u202egnp.exe']

/** Each guard by itself: with either call of `safeFileName` taken away, one of these fails. */
describe('C55 the guards of file names', () => {
  it.each(HOSTILE)('the room takes no sender at its word: %j', async (name) => {
    const { join: enter } = await openHouse()
    const ani = await enter('ani')
    const { events } = watch(await enter('budi'))
    await ani.upload(pieces('x'), { name }).done
    const names = events.flatMap((event) => ('file' in event ? [event.file.name] : []))
    expect(names).toHaveLength(2)
    for (const told of names) {
      expect(told).not.toBe(name)
      expect(told).toMatch(/^[^/\\\x00-\x1f\u202e]+$/)
    }
  })

  it.each(HOSTILE)('the folder takes no room at its word: %j', async (name) => {
    const base = await temporaryDirectory()
    const { join: enter } = await openHouse()
    const [ani, tuan] = [await enter('ani'), await enter('tuan')]
    const sent = await ani.upload(pieces('x'), { name: 'harmless' }).done
    if ('type' in sent) throw new Error(sent.message)
    await new FileSaver(join(base, 'terima'), tuan, { prefix: 'terima_' }).save({ ...sent, name })
    expect(await readdir(base)).toEqual(['terima'])
    const [saved, ...others] = await readdir(join(base, 'terima'))
    expect(others).toEqual([])
    expect(saved).not.toBe(`terima_${name}`)
  })
})
