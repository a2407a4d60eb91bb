import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { browserTest as test } from '../harness/browser.ts'
import { chromiumPath, launch } from '../harness/chromium.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { HostProcess } from '../harness/host-process.ts'
import { needs } from '../harness/tools.ts'
import { chooseFiles, comeIn } from './page-visitor.ts'

const NAMESPACE = `tamtam-${process.pid}`
const ip = (...args: string[]) => spawnSync('ip', args).status === 0

/** A network of nothing but loopback, gone when the test is over; false where that is not permitted. */
function cutOff(): boolean {
  if (!ip('netns', 'add', NAMESPACE)) return false
  onTestFinished(() => void ip('netns', 'delete', NAMESPACE))
  return ip('-n', NAMESPACE, 'link', 'set', 'lo', 'up')
}

test('P7: with the cable to the world cut, two people talk and share a file in the page', async ({ open, skip }) => {
  needs('ip')
  if (!cutOff()) return skip('needs root and ip netns')
  const inside = ['ip', 'netns', 'exec', NAMESPACE]
  const directory = await temporaryDirectory()
  const chromium = join(directory, 'chromium')
  await writeFile(chromium, `#!/bin/sh\nexec ${inside.join(' ')} ${chromiumPath} "$@"\n`, { mode: 0o755 })
  const browser = await launch(chromium)
  onTestFinished(() => browser.close())
  const { port } = await HostProcess.start(['--ephemeral'], { command: inside })
  const [ani, budi] = [await comeIn(open, port, 'ani', { browser }), await comeIn(open, port, 'budi', { browser })]
  await ani.locator('#message').fill('does this need a network?')
  await ani.keyboard.press('Enter')
  await budi.getByText('does this need a network?').waitFor()
  const path = join(directory, 'answer.txt')
  await writeFile(path, 'only a room')
  await chooseFiles(ani, [path])
  await budi.getByRole('button', { name: 'Show the text: answer.txt' }).click()
  await budi.getByRole('region', { name: 'Text: answer.txt' }).getByText('only a room').waitFor()
  expect(ip('-n', NAMESPACE, 'route', 'get', '192.0.2.1')).toBe(false)
})
