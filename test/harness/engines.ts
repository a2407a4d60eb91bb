import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import axe from 'axe-core'
import puppeteer, { type Page } from 'puppeteer-core'
import { until } from './patience.ts'
import { missingTool } from './tools.ts'

/** A tab of any browser, with what `test/browser/engines.test.ts` does in one. Selectors are CSS; expressions are JavaScript of the page. */
export interface Tab {
  /** Shows it, as its person does before doing anything in it: a hidden page gets around to things later. */
  show(): Promise<void>
  goTo(url: string): Promise<void>
  evaluate<T>(expression: string): Promise<T>
  click(selector: string): Promise<void>
  /** Types into a field; `\n` is Enter. */
  type(selector: string, text: string): Promise<void>
  chooseFiles(selector: string, paths: readonly string[]): Promise<void>
  /** Another tab of the same person. */
  another(): Promise<Tab>
  /** Errors on the console; WebKit's driver tells only those that no code caught. */
  faults(): Promise<readonly string[]>
  close(): Promise<void>
}

/** A browser that is not Chromium. */
export interface Engine {
  /** A tab of somebody who was never here before. */
  person(): Promise<Tab>
  /** Where it saves downloads. */
  readonly downloads: string
  stop(): Promise<void>
}

/** The engines by name, each with the programs that it takes. */
export const ENGINES = {
  Firefox: { tools: ['firefox-esr'], start: startFirefox },
  WebKit: { tools: ['WebKitWebDriver', 'Xvfb'], start: startWebKit },
} as const

/** What is missing for an engine, in words; in CI it is a failure. */
export const missingFor = (name: keyof typeof ENGINES): string | undefined =>
  ENGINES[name].tools.map(missingTool).find((text) => text !== undefined)

/** What axe-core finds wrong in a tab. */
export async function violationsIn(tab: Tab): Promise<readonly string[]> {
  await tab.evaluate(`(() => { ${axe.source}; return 0 })()`)
  return await tab.evaluate(`axe.run().then(({ violations }) => violations.map(({ id, help }) => id + ': ' + help))`)
}

/** Clicks the button, link, menu item or switch that has this text or label, once it is there. */
export async function clickButton(tab: Tab, label: string): Promise<void> {
  const found = `(() => {
    document.querySelector('[data-found]')?.removeAttribute('data-found')
    const button = [...document.querySelectorAll('button, a, label.switch')].find(
      (each) => each.checkVisibility() && [each.textContent.trim(), each.getAttribute('aria-label'), each.querySelector('b')?.textContent].includes(${JSON.stringify(label)}))
    button?.setAttribute('data-found', '')
    return button !== undefined
  })()`
  await tab.show()
  await until(`the button ${label}`, () => tab.evaluate<boolean>(found))
  await tab.click('[data-found]')
}

async function startFirefox(): Promise<Engine> {
  const downloads = await mkdtemp(join(tmpdir(), 'tamtam-test-'))
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: pathOf('firefox-esr'),
    headless: true,
    protocolTimeout: 600_000,
    extraPrefsFirefox: {
      'browser.download.folderList': 2,
      'browser.download.dir': downloads,
      'browser.download.useDownloadDir': true,
    },
  })
  return {
    downloads,
    person: async () => {
      const context = await browser.createBrowserContext()
      return await firefoxTab(await context.newPage(), () => context.newPage())
    },
    stop: async () => {
      await browser.close()
      await rm(downloads, { recursive: true, force: true })
    },
  }
}

async function firefoxTab(page: Page, newPage: () => Promise<Page>): Promise<Tab> {
  const faults: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`on the console: ${message.text()}`)
  })
  page.on('pageerror', (error) => faults.push(`not caught: ${error}`))
  return {
    show: () => page.bringToFront(),
    goTo: async (url) => {
      await page.goto(url)
    },
    evaluate: async (expression) => (await page.evaluate(expression)) as never,
    click: (selector) => page.click(selector),
    type: async (selector, text) => {
      await page.focus(selector)
      await page.keyboard.type(text)
    },
    chooseFiles: async (selector, paths) => {
      const input = (await page.$(selector)) as Awaited<ReturnType<typeof page.$<'input'>>>
      await input?.uploadFile(...paths)
    },
    another: async () => await firefoxTab(await newPage(), newPage),
    faults: async () => faults,
    close: () => page.close(),
  }
}

/** WebKit is driven over WebDriver, on a screen of its own. */
async function startWebKit(): Promise<Engine> {
  const screen = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  const display = await new Promise<string>((resolve, reject) => {
    screen.once('error', reject)
    screen.stdio[3]?.once('data', (number) => resolve(`:${String(number).trim()}`))
  })
  const sessions: { readonly url: string; readonly driver: ChildProcess }[] = []
  // It saves where the desktop says.
  const downloads = await mkdtemp(join(tmpdir(), 'tamtam-test-'))
  await writeFile(join(downloads, 'user-dirs.dirs'), `XDG_DOWNLOAD_DIR="${downloads}"\n`)
  return {
    downloads,
    // A driver has one session at a time.
    person: async () => {
      const port = await freePort()
      const driver = spawn('WebKitWebDriver', [`--port=${port}`, '--host=127.0.0.1'], {
        stdio: 'ignore',
        env: { ...process.env, DISPLAY: display, WEBKIT_DISABLE_COMPOSITING_MODE: '1', XDG_CONFIG_HOME: downloads },
      })
      const base = `http://127.0.0.1:${port}`
      const isUp = () => fetch(`${base}/status`).then(({ ok }) => ok)
      await until('the driver of WebKit', () => isUp().catch(() => false))
      const { sessionId } = await ask<{ sessionId: string }>(base, 'POST', '/session', {
        capabilities: { alwaysMatch: { unhandledPromptBehavior: 'accept' } },
      })
      const url = `${base}/session/${sessionId}`
      sessions.push({ url, driver })
      return webKitTab(url, await ask(url, 'GET', '/window'))
    },
    stop: async () => {
      for (const { url, driver } of sessions) {
        await ask(url, 'DELETE', '').catch(() => {})
        driver.kill()
      }
      screen.kill()
      await rm(downloads, { recursive: true, force: true })
    },
  }
}

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'

function webKitTab(session: string, window: string): Tab {
  // A session has one window at a time in front.
  const here = async <T>(method: string, path: string, body?: object): Promise<T> => {
    await ask(session, 'POST', '/window', { handle: window })
    return await ask<T>(session, method, path, body)
  }
  // The policy of the page keeps it from evaluating a text; the body of a script of the driver's it may be.
  const evaluate = <T>(expression: string): Promise<T> =>
    here('POST', '/execute/async', {
      script: `const done = arguments[0]; Promise.resolve(${expression}).then(done, (error) => done(String(error)))`,
      args: [],
    })
  const element = async (selector: string): Promise<string> => {
    const found = await here<Record<string, string>>('POST', '/element', { using: 'css selector', value: selector })
    return `/element/${found[ELEMENT]}`
  }
  const type = async (selector: string, text: string) => {
    await here('POST', `${await element(selector)}/value`, { text: text.replaceAll('\n', '\uE007') })
  }
  return {
    // Each session has a window of its own.
    show: async () => {},
    goTo: async (url) => {
      await here('POST', '/url', { url })
      await evaluate(`(() => { window.faults = []; addEventListener('error', ({ message }) => faults.push(message));
        addEventListener('unhandledrejection', ({ reason }) => faults.push(String(reason))); return 0 })()`)
    },
    evaluate,
    click: async (selector) => {
      await here('POST', `${await element(selector)}/click`, {})
    },
    type,
    chooseFiles: (selector, paths) => type(selector, paths.join('\n')),
    another: async () => {
      const { handle } = await ask<{ handle: string }>(session, 'POST', '/window/new', { type: 'tab' })
      return webKitTab(session, handle)
    },
    faults: () => evaluate('window.faults ?? []'),
    close: async () => {
      await here('DELETE', '/window')
    },
  }
}

async function ask<T>(base: string, method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(base + path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  const { value } = (await response.json()) as { value: T }
  if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(value)}`)
  return value
}

const pathOf = (program: string): string =>
  spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim()

/** The driver takes no port 0. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** A file that a browser has saved whole, once it is there. */
export async function saved(path: string, size: number): Promise<Buffer> {
  await until(`all of ${path}`, async () => (await readFile(path).catch(() => Buffer.alloc(0))).length === size)
  return await readFile(path)
}
