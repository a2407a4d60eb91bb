// The page in Firefox and WebKit: the shorter list. Chromium has all of it, in the other files of this folder.
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../harness/directory.ts'
import { clickButton, ENGINES, type Engine, missingFor, saved, type Tab, violationsIn } from '../harness/engines.ts'
import { filesOf } from '../harness/files.ts'
import { HostProcess } from '../harness/host-process.ts'
import { startHttpHost } from '../harness/http-client.ts'
import { until } from '../harness/patience.ts'
import { Sample } from '../harness/sample.ts'

const MB = 1_000_000
const PICKER = '.file-buttons input[type=file]'

const has = (tab: Tab, selector: string) =>
  until(selector, () => tab.evaluate<boolean>(`document.querySelector(${JSON.stringify(selector)}) !== null`))
const sees = (tab: Tab, text: string) =>
  until(text, () => tab.evaluate<boolean>(`document.body.innerText.includes(${JSON.stringify(text)})`))
const texts = (tab: Tab) =>
  tab.evaluate<string[]>(`[...document.querySelectorAll('.timeline .row .text')].map((each) => each.innerText)`)
const say = (tab: Tab, text: string) => tab.type('#message', `${text}\n`)

async function comeIn(tab: Tab, port: number, name: string): Promise<Tab> {
  await tab.show()
  await tab.goTo(`http://127.0.0.1:${port}/#room=lobby`)
  await has(tab, 'input[name=name]')
  await tab.type('input[name=name]', `${name}\n`)
  await has(tab, 'main.room')
  // What listens to drops is there with the field that takes them.
  await has(tab, PICKER)
  return tab
}

/** Hands a text file to the page as a drop or a paste does. */
async function hand(tab: Tab, name: string, text: string, event: string): Promise<void> {
  await tab.show()
  await tab.evaluate(`(() => {
    const data = new DataTransfer()
    data.items.add(new File([${JSON.stringify(text)}], ${JSON.stringify(name)}, { type: 'text/plain' }))
    ${event}
    return 0
  })()`)
}
const DROP = `for (const type of ['dragenter', 'dragover', 'drop'])
  document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }))`
// Firefox takes no `clipboardData` for an event that a script makes.
const PASTE = `const pasted = new Event('paste', { bubbles: true, cancelable: true })
  Object.defineProperty(pasted, 'clipboardData', { value: data })
  document.querySelector('#message').dispatchEvent(pasted)`

describe.for(Object.keys(ENGINES) as (keyof typeof ENGINES)[])('the page in %s', (name) => {
  const missing = missingFor(name)
  if (missing !== undefined) process.stderr.write(`skipped: ${name} ${missing}\n`)
  const there = test.skipIf(missing !== undefined)
  let started: Promise<Engine> | undefined
  const engine = () => {
    started ??= ENGINES[name].start()
    return started
  }
  afterAll(async () => await (await started)?.stop())

  there(
    'two people come in, talk, drop, paste and save a file; a moderator takes one away and locks the room; nothing is said on the console',
    async () => {
      const { port, tamtam } = await startHttpHost({ page: true })
      const owner = await tamtam.engine.join({ room: 'lobby', name: 'guru', role: 'owner' })
      const [ani, budi] = [await (await engine()).person(), await (await engine()).person()]
      await comeIn(ani, port, 'ani')
      await comeIn(budi, port, 'budi')
      await say(ani, 'halo')
      await sees(budi, 'halo')
      await say(budi, 'halo juga')
      await sees(ani, 'halo juga')
      for (const tab of [ani, budi]) expect(await texts(tab)).toEqual(['halo', 'halo juga'])

      await hand(ani, 'dropped.txt', 'a dropped text', DROP)
      await sees(budi, 'dropped.txt')
      await hand(ani, 'pasted.txt', 'a pasted text', PASTE)
      await sees(budi, 'pasted.txt')
      await until('both files', async () => (await filesOf(port)).every(({ status }) => status === 'whole'))
      expect((await filesOf(port)).map(({ name, size }) => [name, size])).toEqual([
        ['dropped.txt', 14],
        ['pasted.txt', 13],
      ])
      const { downloads } = await engine()
      await clickButton(budi, 'Download: dropped.txt')
      expect(String(await saved(join(downloads, 'dropped.txt'), 14))).toBe('a dropped text')
      expect(await violationsIn(budi)).toEqual([])

      await owner.send({ type: 'op', name: 'ani' })
      await sees(ani, 'guru made ani a moderator')
      await clickButton(ani, 'More about: pasted.txt')
      await clickButton(ani, 'Remove: pasted.txt')
      await clickButton(ani, 'Remove')
      await until('it to be gone', async () => (await filesOf(port)).length === 1)
      await clickButton(ani, 'More')
      await clickButton(ani, 'Manage room')
      await clickButton(ani, 'Locked')
      await sees(ani, 'nobody new comes in (set by ani)')
      for (const tab of [ani, budi]) {
        expect(await tab.faults()).toEqual([])
        await tab.close()
      }
    },
  )

  there('two tabs of one person are one member, and each shows all once', async () => {
    const { port, tamtam } = await startHttpHost({ page: true })
    const watcher = await tamtam.engine.join({ room: 'lobby', name: 'watcher' })
    const names = () => watcher.members.map(({ name }) => name).toSorted()
    const first = await comeIn(await (await engine()).person(), port, 'ani')
    const second = await first.another()
    await second.goTo(`http://127.0.0.1:${port}/#room=lobby`)
    await has(second, 'main.room')
    await say(first, 'from the first')
    await sees(second, 'from the first')
    await say(second, 'from the second')
    await sees(first, 'from the second')
    for (const tab of [first, second]) expect(await texts(tab)).toEqual(['from the first', 'from the second'])
    expect(names()).toEqual(['ani', 'watcher'])
    await first.close()
    await say(second, 'still here')
    await until('the last word', async () => (await texts(second)).includes('still here'))
    expect(names()).toEqual(['ani', 'watcher'])
    await second.close()
    await expect.poll(names).toEqual(['watcher'])
  })

  there('an upload goes on when the host was killed', async () => {
    const data = await temporaryDirectory()
    const { host, port } = await HostProcess.start(['--data', data, '--limit-each', '3M'])
    const ani = await comeIn(await (await engine()).person(), port, 'ani')
    const sample = new Sample(30 * MB)
    const path = join(await temporaryDirectory(), 'film.bin')
    await sample.save(path)
    await ani.chooseFiles(PICKER, [path])
    await until('a part of it to be safe', async () => ((await filesOf(port))[0]?.offset ?? 0) > 4 * MB)
    await host.kill()
    await sees(ani, 'Reconnecting…')
    const again = new HostProcess(['host', '--json', '--port', String(port), '--data', data])
    await again.listening()
    await until('all of it', async () => (await filesOf(port))[0]?.status === 'whole')
    expect(await filesOf(port)).toMatchObject([{ size: 30 * MB, sha256: sample.sha256() }])
    await ani.close()
  })
})
