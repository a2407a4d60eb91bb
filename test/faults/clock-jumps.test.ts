import { globSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../harness/directory.ts'
import { everythingKept } from '../harness/everything-kept.ts'
import { enter, HostProcess } from '../harness/host-process.ts'
import { ask } from '../harness/http-client.ts'

const JUMPS = ['+1h', '-10y', '@2038-01-19 03:14:06', '@2039-06-01 00:00:00', '+0']
const FILES = 12

/** A host whose time of day is what the file says; the time that passes is the real one, as where somebody sets a clock. */
const hostWithClock = (data: string, library: string, clock: string) =>
  HostProcess.start(['--data', data], {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    },
  })

const yearOfNewest = async (data: string): Promise<number> =>
  new Date((await everythingKept(data)).at(-1)?.at ?? 0).getUTCFullYear()

test('C83 a clock that is set ten years back, an hour on and past 2038 changes no order, cuts nobody, and lets no file go', async (context) => {
  const [library] = globSync('/usr/lib/*/faketime/libfaketime.so.1')
  if (library === undefined) {
    if (process.env['CI'] === 'true') throw new Error('faketime is missing: apt-get install faketime')
    return context.skip('needs libfaketime: apt-get install faketime')
  }
  const data = await temporaryDirectory()
  const clock = join(await temporaryDirectory(), 'clock')
  await writeFile(clock, '+0\n')
  const first = await hostWithClock(data, library, clock)
  const ani = await enter(first.port, 'ani')
  const budi = await enter(first.port, 'budi')
  const ids: string[] = []
  for (let number = 1; number <= FILES; number++) {
    const { status, json } = await ask(first.port, `PUT /lobby/lama${number}.txt`, { body: `isi ${number}` })
    expect(status).toBe(201)
    ids.push((json as { id: string }).id)
  }
  const said: string[] = []
  for (const [index, jump] of JUMPS.entries()) {
    await writeFile(clock, `${jump}\n`)
    for (const [speaker, name, reader] of [
      [ani, 'ani', budi],
      [budi, 'budi', ani],
    ] as const) {
      const text = `${index} dari ${name}`
      speaker.write(`${text}\n`)
      await reader.until(`<${name}> ${text}`)
      said.push(text)
    }
    const { status } = await ask(first.port, `PUT /lobby/baru${index}.txt`, { body: `baru ${index}` })
    expect(status).toBe(201)
  }
  expect([ani.over, budi.over]).toEqual(['open', 'open'])
  expect(await first.host.stop()).toBe(0)

  // Started with a clock that makes every file too old, and with one that makes them all of the future.
  for (const jump of ['+20y', '-20y']) {
    await writeFile(clock, `${jump}\n`)
    const { host, port } = await hostWithClock(data, library, clock)
    for (const id of ids) expect((await ask(port, `GET /files/${id}`)).status).toBe(200)
    const citra = await enter(port, 'citra')
    const dedi = await enter(port, 'dedi')
    citra.write(`jam ${jump}\n`)
    await dedi.until(`<citra> jam ${jump}`)
    said.push(`jam ${jump}`)
    expect(await host.stop()).toBe(0)
    // Otherwise nobody's clock has jumped.
    expect(Math.abs((await yearOfNewest(data)) - new Date().getUTCFullYear())).toBe(20)
  }
  const entries = await everythingKept(data)
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1))
  expect(entries.flatMap((entry) => (entry.type === 'said' ? [entry.text] : []))).toEqual(said)
  expect(entries.filter(({ type }) => type === 'fileWithdrawn')).toEqual([])
  console.log(`C83: ${JUMPS.length + 2} jumps, ${said.length} lines and ${FILES + JUMPS.length} files, none lost`)
})
