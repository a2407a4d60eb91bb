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

/** A Chromium of this machine; in CI there must be one. The one without windows opens a page in a third of the time. */
function chromiumHere(): string | undefined {
  const names = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome']
  const found = names.flatMap((name) => {
    const { status, stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' })
    return status === 0 ? [stdout.trim()] : []
  })
  return found[0]
}

export const chromiumPath = chromiumHere()
if (chromiumPath === undefined) {
  const how = 'apt-get install chromium-headless-shell'
  if (process.env['CI'] === 'true') throw new Error(`Chromium is missing; install it: ${how}`)
  process.stderr.write(`no Chromium on this machine: the tests of the page are left out; ${how}\n`)
}

/** A new Chromium with nothing of anybody's in it. */
export const launch = (executablePath = chromiumPath): Promise<Browser> =>
  chromium.launch({ ...(executablePath === undefined ? {} : { executablePath }), args: FLAGS, headless: true })
