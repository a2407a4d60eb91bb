import { X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../files/error-code.ts'
import { replaceFile } from '../files/replace-file.ts'
import { beginsWithMark, looksLikeUtf16, UTF8_MARK, utf16 } from '../files/text-encoding.ts'
import { certificateFor, daysLeft, fits, isKey, newKey } from './certificate.ts'
import { fingerprintOf } from './fingerprint.ts'

/** What a host shows over TLS, and how it proves that this is its own; both as PEM. */
export interface TlsIdentity {
  readonly cert: string
  readonly key: string
}

export interface IdentitySettings {
  /** How long a certificate of our own making holds, and how much of that is left when it is made anew. */
  readonly certificateDays: number
  readonly renewDays: number
}

export interface OwnIdentity extends TlsIdentity {
  /** `renewed`: the certificate was about to end, or could not be read; the key, and with it the fingerprint, is the same. */
  readonly was: 'there' | 'made' | 'renewed'
}

/** An identity can't be used as it is. The message says what to do. */
export class UnusableIdentity extends Error {}

const OTHERS = 0o077
const KEY_FILE = 'tls-key.pem'
const CERT_FILE = 'tls-cert.pem'

/**
 * The identity that a host makes itself: `tls-key.pem` (for its owner alone) and `tls-cert.pem` in its data directory, or without one for as
 * long as the process runs. To be asked for by whoever has the directory locked. Throws `UnusableIdentity`, and what the disk says.
 */
export async function ownIdentity(
  directory: string | undefined,
  names: readonly string[],
  now: number,
  settings: IdentitySettings,
): Promise<OwnIdentity> {
  const keyPath = join(directory ?? '', KEY_FILE)
  const kept = directory === undefined ? undefined : await keptKey(keyPath)
  const key = kept ?? newKey()
  if (directory !== undefined && kept === undefined) await replaceFile(keyPath, key)
  const known = directory === undefined ? undefined : await read(join(directory, CERT_FILE))
  if (known !== undefined && fits(known, key) && daysLeft(known, now) >= settings.renewDays)
    return { cert: known, key, was: 'there' }
  const cert = await keptCertificate(directory, key, names, now, settings)
  return { cert, key, was: kept === undefined ? 'made' : 'renewed' }
}

/** The same identity with a certificate made anew, where the one it has is about to end; undefined where it is not. */
export async function renewedIdentity(
  directory: string | undefined,
  { cert, key }: TlsIdentity,
  names: readonly string[],
  now: number,
  settings: IdentitySettings,
): Promise<TlsIdentity | undefined> {
  if (daysLeft(cert, now) >= settings.renewDays) return undefined
  return { cert: await keptCertificate(directory, key, names, now, settings), key }
}

async function keptCertificate(
  directory: string | undefined,
  key: string,
  names: readonly string[],
  now: number,
  { certificateDays }: IdentitySettings,
): Promise<string> {
  const cert = await certificateFor(key, names, now, certificateDays)
  if (directory !== undefined) await replaceFile(join(directory, CERT_FILE), cert)
  return cert
}

/** The identity in two files of somebody's own. Throws `UnusableIdentity`. */
export async function identityIn(certPath: string, keyPath: string): Promise<TlsIdentity> {
  const [cert, key] = await Promise.all([read(certPath), read(keyPath)])
  if (cert === undefined) throw new UnusableIdentity(`there is no certificate in ${certPath}`)
  if (key === undefined) throw new UnusableIdentity(`there is no key in ${keyPath}`)
  if (!fits(cert, key))
    throw new UnusableIdentity(
      `${certPath} and ${keyPath} must hold a certificate and its key, as PEM without a password`,
    )
  return { cert, key }
}

/** What clients know a host by that shows this certificate. */
export const fingerprintOfPem = (cert: string | Buffer): string => fingerprintOf(new X509Certificate(cert))

/** The names that a certificate in a file is for; none where it can not be read, of which whoever shows it will hear. */
export async function namesOfCertificate(path: string): Promise<readonly string[]> {
  try {
    const names = new X509Certificate(await readFile(path)).subjectAltName ?? ''
    return names.split(', ').flatMap((name) => (name.startsWith('DNS:') ? name.slice('DNS:'.length) : []))
  } catch {
    return []
  }
}

async function keptKey(path: string): Promise<string | undefined> {
  const key = await read(path)
  if (key === undefined) return undefined
  if (!isKey(key)) throw new UnusableIdentity(`${path} holds no key; remove it (clients will ask about the new one)`)
  // Who may have read it may pass for this host.
  if (process.platform !== 'win32' && ((await stat(path)).mode & OTHERS) !== 0)
    throw new UnusableIdentity(
      `others may read ${path}; say chmod 600, or remove it (clients will ask about the new one)`,
    )
  return key
}

async function read(path: string): Promise<string | undefined> {
  try {
    const bytes = await readFile(path)
    if (looksLikeUtf16(bytes)) throw new UnusableIdentity(`${path} can't be read: ${utf16.message}`)
    // Remarks between the parts may be of any encoding.
    return bytes.toString('latin1', beginsWithMark(bytes) ? UTF8_MARK.length : 0)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}
