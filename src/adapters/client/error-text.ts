/** Why a connection failed, for people: several addresses may have been tried. */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return errorText(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code.startsWith('HPE_')) return 'what answers there is no tamtam'
  if (code.startsWith('ERR_SSL_')) return 'no TLS is spoken there as it should be'
  return WORDS.get(code) ?? (error.message || code || error.name)
}

const WORDS = new Map([
  ['ECONNREFUSED', 'the connection is refused'],
  ['ECONNRESET', 'the connection was cut'],
  ['EPIPE', 'the connection was cut'],
  ['ENOTFOUND', 'there is no host of this name'],
  ['EAI_AGAIN', 'the host name cannot be looked up now'],
  ['EHOSTUNREACH', 'there is no way to this host'],
  ['ENETUNREACH', 'there is no way to this host'],
  ['ETIMEDOUT', 'it does not answer'],
])
