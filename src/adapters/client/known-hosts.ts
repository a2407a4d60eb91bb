import { open, readFile, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { failureText } from '#domain/names/failure-text.ts'
import { errorCode, makeDirectory, replaceFile } from '#system/files/file-system.ts'
import { textOf } from '#system/files/text.ts'
import { NotTrusted } from './errors.ts'

/** What somebody should hear who goes to a host over TLS. */
export type TrustNews =
  /** Nothing was known of this host: what it shows is believed, and held against it from now on. */
  | { readonly type: 'met'; readonly at: string; readonly fingerprint: string }
  /** It showed the right key, with a certificate that has ended. */
  | { readonly type: 'ended'; readonly at: string; readonly since: Date }
  | { readonly type: 'unkept'; readonly path: string; readonly why: string }

export interface ShownKey {
  readonly fingerprint: string
  readonly until: Date
}

const LOCK_MS = 20
const STALE_LOCK_MS = 3000

/**
 * The hosts that were reached over TLS, and the key that each has shown: a line `host:port sha256:…` for each, in a file for its owner alone
 * (trust on first use, C123). Several programs may have the file at once.
 */
export class KnownHosts {
  readonly #path: string
  readonly #tell: (news: TrustNews) => void
  readonly #told = new Set<string>()

  constructor(path: string, tell: (news: TrustNews) => void = () => {}) {
    this.#path = path
    this.#tell = tell
  }

  /** Throws `NotTrusted` where the host is known by TLS: nobody goes there in plain by mistake, or because somebody strips it. */
  async allowPlain(at: string): Promise<void> {
    if (!(await this.#read()).has(at)) return
    throw new NotTrusted(
      'TLS_REQUIRED',
      `${at} was reached over TLS before, and is not spoken to in plain; write tls://${at}, or remove its line from ${this.#path}`,
    )
  }

  /** Throws `NotTrusted` where the key is neither the one that was asked for nor, where none was, the one that is known. */
  async allow(at: string, { fingerprint, until }: ShownKey, wanted: string | undefined): Promise<void> {
    if (wanted !== undefined && wanted !== fingerprint)
      throw new NotTrusted(
        'HOST_CHANGED',
        `${at} shows the key ${fingerprint}, and not ${wanted}; nothing was said to it`,
      )
    const known = (await this.#read()).get(at)
    if (known !== fingerprint) {
      if (known !== undefined && wanted === undefined) throw this.#changed(at, known, fingerprint)
      if (wanted === undefined) this.#tell({ type: 'met', at, fingerprint })
      await this.#remember(at, fingerprint, known)
    }
    if (until.getTime() < Date.now() && !this.#told.has(at)) this.#tell({ type: 'ended', at, since: until })
    this.#told.add(at)
  }

  #changed(at: string, known: string, shown: string): NotTrusted {
    return new NotTrusted(
      'HOST_CHANGED',
      `${at} does not show the key that it is known by. It was ${known}, and is now ${shown}. Either the host was set up anew, or somebody stands ` +
        `between you and it; nothing was said to it. Ask whoever hosts for the fingerprint. If it is right, write tls://${at}#${shown} once, ` +
        `or remove its line from ${this.#path}`,
    )
  }

  /** `before`: what was known of it a moment ago; somebody else may have met it meanwhile. */
  async #remember(at: string, fingerprint: string, before: string | undefined): Promise<void> {
    try {
      await makeDirectory(dirname(this.#path), 0o700)
      await locked(`${this.#path}.lock`, async () => {
        const hosts = await this.#read()
        const now = hosts.get(at)
        if (now === fingerprint) return
        if (now !== before && now !== undefined) throw this.#changed(at, now, fingerprint)
        await this.#write(hosts.set(at, fingerprint))
      })
    } catch (error) {
      if (error instanceof NotTrusted) throw error
      this.#tell({ type: 'unkept', path: this.#path, why: failureText(error) })
    }
  }

  async #read(): Promise<Map<string, string>> {
    const bytes = await readFile(this.#path).catch((error: unknown) => {
      // Also where the way to it is no directory: then nobody is known. What is there and can't be read is another thing.
      if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return Buffer.alloc(0)
      throw error
    })
    const text = textOf(bytes)
    if (typeof text !== 'string') throw new NotTrusted(text.code, `${this.#path} can't be read: ${text.message}`)
    const lines = text.split('\n').map((line) => line.trim().split(/\s+/))
    return new Map(lines.flatMap(([at = '', key]) => (key === undefined || at.startsWith('#') ? [] : [[at, key]])))
  }

  #write(hosts: ReadonlyMap<string, string>): Promise<void> {
    return replaceFile(this.#path, [...hosts].map(([at, key]) => `${at} ${key}\n`).join(''))
  }
}

/** Runs while no other process does. Whoever died in between does not hold the others up for long. */
async function locked(path: string, run: () => Promise<void>): Promise<void> {
  while (true) {
    const lock = await open(path, 'wx', 0o600).catch((error: unknown) => {
      if (errorCode(error) === 'EEXIST') return undefined
      throw error
    })
    if (lock !== undefined) {
      await lock.close()
      break
    }
    const since = (await stat(path).catch(() => undefined))?.mtimeMs
    if (since !== undefined && Date.now() - since > STALE_LOCK_MS) await rm(path, { force: true })
    else await pause(LOCK_MS)
  }
  try {
    await run()
  } finally {
    await rm(path, { force: true })
  }
}
