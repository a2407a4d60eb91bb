// Quotes, backslashes and per cent signs are allowed in a quoted string, but browsers differ in how they read them.
const NOT_PLAIN = /[^\x20-\x7e]|["\\%]/g
// What encodeURIComponent leaves although RFC 5987 does not allow it (attr-char).
const NOT_ATTRIBUTE = /['()*]/g

/**
 * `Content-Disposition` (RFC 6266): the name in plain ASCII, and beside it the exact one (RFC 5987) where that differs. Whatever the name
 * holds, the value is printable ASCII (C98).
 */
export function disposition(kind: 'attachment' | 'inline', name: string): string {
  const plain = name.replace(NOT_PLAIN, '_')
  const quoted = `${kind}; filename="${plain}"`
  return plain === name ? quoted : `${quoted}; filename*=UTF-8''${extended(name)}`
}

const extended = (name: string): string =>
  encodeURIComponent(name.toWellFormed()).replace(
    NOT_ATTRIBUTE,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
