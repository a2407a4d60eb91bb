// The animation at the top of the README: a host in a terminal, the room on a phone, and netcat, as they really are (tmux, Chromium, nc).
// `npm run screenshots` makes it with the other pictures; `npm run screenshots -- hero` makes it alone. It takes root, for a network of its own.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { launch } from '../test/harness/chromium.ts'
import { ansiToHtml } from './ansi.ts'

const ADDRESS = '192.168.1.5'
/** Of the whole picture. */
const [WIDTH, HEIGHT] = [1120, 720]

/** One terminal of tmux. */
class Terminal {
  readonly #name: string
  readonly #socket: string

  constructor(socket: string, name: string, columns: number, rows: number) {
    this.#name = name
    this.#socket = socket
    const size = ['-x', String(columns), '-y', String(rows)]
    this.#tmux('new-session', '-d', '-s', name, ...size, "env PS1='$ ' LANG=C.UTF-8 sh")
    this.#tmux('set-option', '-t', name, 'status', 'off')
  }

  /** What it shows, with colours. */
  get html(): string {
    return ansiToHtml(this.#tmux('capture-pane', '-e', '-p', '-t', this.#name))
  }

  get text(): string {
    return this.#tmux('capture-pane', '-p', '-t', this.#name)
  }

  type(keys: string): void {
    this.#tmux('send-keys', '-t', this.#name, '-l', keys)
  }

  enter(line = ''): void {
    if (line !== '') this.type(line)
    this.#tmux('send-keys', '-t', this.#name, 'Enter')
  }

  async shows(text: string): Promise<void> {
    for (let tries = 0; !this.text.includes(text); tries++) {
      if (tries > 200) throw new Error(`${this.#name} does not show ${text}:\n${this.text}`)
      await soon()
    }
  }

  end(): void {
    this.#tmux('kill-session', '-t', this.#name)
  }

  #tmux(...args: readonly string[]): string {
    const { stdout, stderr, status } = spawnSync('tmux', ['-L', this.#socket, ...args], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`tmux ${args[0]}: ${stderr}`)
    return stdout
  }
}

const soon = (ms = 100) => new Promise((resolve) => setTimeout(resolve, ms))

interface Frame {
  readonly image: Buffer
  readonly ms: number
}

/** Plays the scene, and takes a picture of each step. */
async function play(directory: string): Promise<readonly Frame[]> {
  const program = join(process.cwd(), 'scripts', 'launch.mjs')
  writeFileSync(join(directory, 'tamtam'), `#!/bin/sh\nunset npm_package_name\nexec node ${program} tamtam "$@"\n`, {
    mode: 0o755,
  })
  writeFileSync(join(directory, 'timetable.pdf'), Buffer.alloc(1_200_000, '%PDF-1.7 '))
  process.env['PATH'] = `${directory}:${process.env['PATH']}`
  Object.assign(process.env, { XDG_DATA_HOME: join(directory, 'data'), XDG_CONFIG_HOME: join(directory, 'config') })
  process.chdir(directory)
  const socket = `hero-${process.pid}`
  const host = new Terminal(socket, 'host', 80, 27)
  const netcat = new Terminal(socket, 'netcat', 80, 10)
  const browser = await launch()
  try {
    const context = await browser.newContext({
      locale: 'en',
      viewport: { width: 340, height: 660 },
      deviceScaleFactor: 1,
      isMobile: true,
      hasTouch: true,
    })
    const phone = await context.newPage()
    const stage = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT } })
    const frames: Frame[] = []
    const shoot = async (ms: number) => {
      const screen = phone.url() === 'about:blank' ? undefined : await phone.screenshot({ animations: 'disabled' })
      frames.push({ image: await composed(stage, host.html, netcat.html, screen), ms })
    }

    host.type('tamtam --lan --open')
    await shoot(1200)
    host.enter()
    await host.shows('Ctrl-C')
    await shoot(2400)
    await phone.goto(`http://${ADDRESS}:8268/`)
    await phone.locator('input[name=name]').fill('Ani')
    await shoot(1400)
    await phone.locator('button[type=submit]').click()
    await phone.locator('main.room').waitFor()
    await host.shows('Ani joined')
    await shoot(1200)
    netcat.type(`nc ${ADDRESS} 8268`)
    await shoot(900)
    netcat.enter()
    await netcat.shows('lobby')
    netcat.enter('/nick budi')
    await host.shows('budi')
    await shoot(1000)
    netcat.enter('Who has the timetable?')
    await phone.getByText('Who has the timetable?').waitFor()
    await shoot(1600)
    await phone.locator('#message').fill('The host does, I think.')
    await shoot(900)
    await phone.locator('#message').press('Enter')
    await netcat.shows('I think')
    await shoot(1400)
    host.type('/send timetable.pdf')
    await shoot(1000)
    host.enter()
    await netcat.shows('/timetable.pdf')
    await phone.locator('.file').first().waitFor()
    await shoot(2600)
    await phone.locator('.file a[download]').first().click()
    await host.shows('1 of 2')
    await shoot(1800)
    netcat.enter('Got it, thanks!')
    await phone.getByText('Got it, thanks!').waitFor()
    await shoot(3000)
    return frames
  } finally {
    await browser.close()
    host.end()
    netcat.end()
  }
}

/** The three side by side. */
async function composed(stage: Page, host: string, netcat: string, phone: Buffer | undefined): Promise<Buffer> {
  const screen =
    phone === undefined
      ? '<i></i>'
      : `<img src="data:image/png;base64,${phone.toString('base64')}" width="340" height="660">`
  await stage.setContent(`<style>
body { margin: 0; width: ${WIDTH}px; height: ${HEIGHT}px; background: #e9eef0; position: relative; overflow: hidden }
section { position: absolute; border-radius: 8px; background: #12181b; overflow: hidden; box-shadow: 0 4px 16px #0004 }
h1 { margin: 0; font: 12px 'DejaVu Sans', sans-serif; color: #9fb0b6; background: #222b30; padding: 6px 12px }
pre { margin: 0; padding: 8px 12px; font: 13.29px/16px 'DejaVu Sans Mono', monospace; color: #dde5e8 }
b { display: inline-block; width: 8px; height: 16px; vertical-align: top }
.full { background: currentColor } .upper { border-top: 8px solid; height: 8px } .lower { border-bottom: 8px solid; height: 8px; padding-top: 0; vertical-align: bottom }
#phone { border-radius: 30px; background: #0c0f10; padding: 14px 9px 14px }
#phone img, #phone i { display: block; width: 340px; height: 660px; border-radius: 18px; background: #2a3134 }
</style>
<section style="left: 20px; top: 18px; width: 690px; height: 476px"><h1>a laptop: the host</h1><pre>${host}</pre></section>
<section style="left: 20px; top: 510px; width: 690px; height: 194px"><h1>another machine: netcat, nothing installed</h1><pre>${netcat}</pre></section>
<section id="phone" style="left: 738px; top: 16px">${screen}</section>`)
  const session = await stage.context().newCDPSession(stage)
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 82 })
  await session.detach()
  return Buffer.from(data, 'base64')
}

/** One picture after the other, for ever. Who wants no motion sees the last. */
function animated(frames: readonly Frame[]): string {
  const total = frames.reduce((sum, { ms }) => sum + ms, 0)
  let at = 0
  const percent = (ms: number) => `${((100 * ms) / total).toFixed(2)}%`
  const rules = frames.map(({ ms }, index) => {
    const [from, to] = [percent(at), percent(at + ms)]
    at += ms
    return `@keyframes f${index}{0%{opacity:0}${from}{opacity:1}${to}{opacity:${at === total ? 1 : 0}}100%{opacity:${at === total ? 1 : 0}}}#f${index}{animation:f${index} ${total}ms step-end infinite}`
  })
  const images = frames.map(
    ({ image }, index) =>
      `<image id="f${index}" width="${WIDTH}" height="${HEIGHT}" href="data:image/webp;base64,${image.toString('base64')}"/>`,
  )
  const still = `@media (prefers-reduced-motion:reduce){image{animation:none!important}}`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}"><style>${rules.join('')}${still}</style>${images.join('')}</svg>\n`
}

/** A network of its own, with an address as people have them. */
const NETWORK = `set -e; ip link set lo up; ip link add lan type veth peer name wire; for end in lan wire; do ip link set "$end" addrgenmode none up; done; ip addr add ${ADDRESS}/24 dev lan; exec "$@"`

/** Makes `hero.svg` in a folder. */
export function makeHero(folder: string): void {
  const inside = [process.execPath, import.meta.filename, folder]
  const { status } = spawnSync('unshare', ['--net', 'sh', '-c', NETWORK, 'sh', ...inside], { stdio: 'inherit' })
  if (status !== 0) throw new Error('the animation could not be made: it takes root, ip, tmux, nc and Chromium')
}

if (process.argv[1] === import.meta.filename) {
  const path = join(process.cwd(), process.argv[2] ?? 'docs/images', 'hero.svg')
  const directory = mkdtempSync(join(tmpdir(), 'tamtam-hero-'))
  const frames = await play(directory)
  writeFileSync(path, animated(frames))
  rmSync(directory, { recursive: true, force: true })
  console.log(path)
}
