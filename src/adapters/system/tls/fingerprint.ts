import { createHash, type X509Certificate } from 'node:crypto'

/**
 * The fingerprint of a host over TLS, as in `sha256:9f2c…`: the SHA-256 of its public key (SPKI, RFC 7469). It stays the same when the
 * certificate is renewed.
 */
export function fingerprintOf({ publicKey }: Pick<X509Certificate, 'publicKey'>): string {
  const key = publicKey.export({ type: 'spki', format: 'der' })
  return `sha256:${createHash('sha256').update(key).digest('hex')}`
}

/** Parses a fingerprint as people write it, with or without colons; undefined when it is none. */
export function readFingerprint(text: string): string | undefined {
  const [, digits = ''] = /^sha-?256:(.*)$/i.exec(text) ?? []
  const plain = digits.replaceAll(':', '').toLowerCase()
  return /^[0-9a-f]{64}$/.test(plain) ? `sha256:${plain}` : undefined
}
