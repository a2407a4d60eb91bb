import { spawnSync } from 'node:child_process'
import { type Browser, chromium } from 'playwright-core'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A Chromium of this machine; in CI there must be one. */
function chromiumHere(): string | undefined {
  const found = ['chromium', 'chromium-browser', 'google-chrome'].flatMap((name) => {
    const { status, stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' })
    return status === 0 ? [stdout.trim()] : []
  })
  return found[0]
}

export const chromiumPath = chromiumHere()
if (chromiumPath === undefined) {
  if (process.env['CI'] === 'true') throw new Error('Chromium is missing; install it: apt-get install chromium')
  process.stderr.write('no Chromium on this machine: the tests of the page are left out; apt-get install chromium\n')
}

/** A new Chromium with nothing of anybody's in it. */
export const launch = (executablePath = chromiumPath): Promise<Browser> =>
  chromium.launch({ ...(executablePath === undefined ? {} : { executablePath }), args: FLAGS, headless: true })
