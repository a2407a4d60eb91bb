import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { onTestFinished } from 'vitest'
import { greetingOf, type HostFacts } from '#app/cli/greeting.ts'
import { stayIn } from '#app/cli/host-terminal.ts'
import { hostConfig } from '#app/config.ts'
import type { LocalSession, Tamtam } from '#app/index.ts'
import { translatorFor } from '#i18n/i18n.ts'

const facts: HostFacts = {
  room: 'lobby',
  host: '127.0.0.1',
  port: 8268,
  url: 'tcp://127.0.0.1:8268',
  reachable: ['192.168.1.5'],
  isTokenKept: true,
  qr: [],
}

/** What a host prints first, for people. */
export const GREETING = greetingOf(facts, translatorFor('en'))

/** The pipes of a host: `save` is the folder that received files go into. */
export function openPipes(
  tamtam: Tamtam,
  session: LocalSession,
  {
    style = 'text',
    save,
    ...streams
  }: {
    readonly style?: 'text' | 'json' | 'quiet'
    readonly save?: string
    readonly stdin: Readable
    readonly stdout: Writable
    readonly stderr: Writable
  },
): void {
  const flags = {
    json: style === 'json',
    quiet: style === 'quiet',
    lang: 'en',
    ...(save === undefined ? {} : { save }),
  }
  const process = { env: {}, ...streams } as unknown as NodeJS.Process
  const stopped = { promise: new Promise<never>(() => {}), now: () => {} }
  const config = hostConfig(flags, { XDG_CONFIG_HOME: '/nonexistent' })
  const terminal = stayIn(session, { tamtam, config, process, data: undefined, facts, stopped })
  onTestFinished(() => terminal.close())
}

/** A folder that goes when the test is over. */
export function temporaryFolder(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tamtam-pipes-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
