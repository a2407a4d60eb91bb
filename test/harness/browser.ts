import axe from 'axe-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { test as base, expect } from 'vitest'
import { chromiumPath, launch } from './chromium.ts'
import { PATIENCE_MS } from './patience.ts'

export interface Visit extends Pick<BrowserContextOptions, 'viewport' | 'colorScheme' | 'locale' | 'reducedMotion'> {
  /** Where faults go that the test expects, as when the host is not there; without it any fault fails the test. */
  readonly faults?: string[]
  /** axe-core is in the page, for `violations`. */
  readonly checked?: boolean
  /** Another browser than the one that all tests share. */
  readonly browser?: Browser
}

/** Opens a page as somebody who was never here before. */
export type Open = (url: string, visit?: Visit) => Promise<Page>

/** `open` of these tests fails the test afterwards when a page said an error, broke its policy or asked anybody but its host. */
export const test = base
  // One for all files.
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern what the fixture needs
  .extend('browser', { scope: 'worker' }, async ({}: object, { onCleanup }) => {
    const browser = await launch()
    onCleanup(() => browser.close())
    return browser
  })
  .extend('open', async ({ browser: shared }, { onCleanup }) => {
    const unexpected: string[] = []
    const contexts: { close(): Promise<void> }[] = []
    const open: Open = async (url, { faults = unexpected, checked = false, browser = shared, ...options } = {}) => {
      const context = await browser.newContext({ locale: 'en', ...options })
      contexts.push(context)
      context.setDefaultTimeout(PATIENCE_MS)
      if (checked) await context.addInitScript({ content: axe.source })
      const page = await context.newPage()
      watch(page, new URL(url).origin, (fault) => faults.push(fault))
      await page.goto(url)
      return page
    }
    onCleanup(async () => {
      for (const context of contexts) await context.close()
      expect(unexpected).toEqual([])
    })
    return open
  })

/** Tests that need a browser, left out where there is none. */
export const browserTest = (chromiumPath === undefined ? test.skip : test) as typeof test

/** What axe-core finds wrong, each with the elements that have it. */
export async function violations(page: Page): Promise<readonly string[]> {
  const found = await page.evaluate(async () => {
    const injected = globalThis as unknown as { axe: typeof axe }
    return (await injected.axe.run()).violations
  })
  return found.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`)
}

function watch(page: Page, origin: string, tell: (fault: string) => void): void {
  // What breaks the policy is an error on the console, too.
  page.on('console', (message) => {
    if (message.type() === 'error') tell(`on the console: ${message.text()} ${message.location().url}`)
  })
  page.on('pageerror', (error) => tell(`not caught: ${error.stack ?? error.message}`))
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith('blob:') && new URL(url).origin !== origin) tell(`asked for ${url}`)
  })
  page.on('websocket', (socket) => {
    const { protocol, host } = new URL(socket.url())
    if (`${protocol.replace('ws', 'http')}//${host}` !== origin) tell(`a WebSocket to ${socket.url()}`)
  })
}
