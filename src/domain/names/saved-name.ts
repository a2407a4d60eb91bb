import { collisionKey, isDevice, safeFileName } from './file-name.ts'
import { utf8Length } from './text.ts'

/** "Received": put before the names of files by the seed's client, and by the host's own terminal. */
export const SEED_PREFIX = 'terima_'

const MAX_PREFIX_BYTES = 40

/** Names with an effect on programs that find them: Windows the first two, git the one of a bare repository, npm the last in a checkout. */
const OBEYED = /^(?:autorun\.inf|desktop\.ini|head|npm-shrinkwrap\.json)$/
/** The ending of interrupted downloads, which can be resumed. */
const PART_AT_END = /\.part$/i

/**
 * The name under which a received file is saved: `prefix` and the file's own name. It is made safe once more, because a host may be
 * hostile, and means nothing to any program that finds it. At most two bytes longer than the prefix and a safe name. Idempotent without
 * a prefix.
 */
export function savedName(name: string, id: string, prefix = ''): string {
  const safe = safeFileName(name, id)
  const whole = prefix + (typeof safe === 'string' ? safe : `file-${id.slice(0, 8)}`)
  const harmless = OBEYED.test(collisionKey(whole)) || isDevice(whole) ? `_${whole}` : whole
  return harmless.replace(PART_AT_END, '$&_')
}

/** Whether files can be saved with this prefix. */
export const isPrefix = (prefix: string): boolean =>
  utf8Length(prefix) <= MAX_PREFIX_BYTES && safeFileName(`${prefix}x`, '') === `${prefix}x`
