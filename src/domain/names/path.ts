import { type Rejected, rejected } from '../errors.ts'
import { isDevice, withoutHidden } from './file-name.ts'
import { forTerminal, utf8Length } from './text.ts'

// A path inside a folder that is sent. Unlike a file name it is never changed, but for NFC: the receiver of the folder has the tree that was sent, or
// hears which path could not travel.

const MAX_PATH_BYTES = 1024
const MAX_LEVELS = 32
/** The limits of file systems. */
const MAX_COMPONENT_BYTES = 255

const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u
const DRIVE = /^[a-z]:/i
const DOT_OR_SPACE_AT_END = /[. ]$/

/**
 * A path relative to its folder, `sub/a.txt`, in NFC: at most 32 components, 1,024 bytes of UTF-8. Refuses with BAD_PATH paths that
 * leave the folder, invisible ones, and those that some system takes for anything but a file of that name.
 */
export function checkPath(raw: string): string | Rejected {
  if (raw === '') return badName(raw, 'it is empty')
  // Before it is normalised, which takes quadratic time (C46).
  if (utf8Length(raw) > 2 * MAX_PATH_BYTES) return badName(raw, TOO_LONG)
  if (raw.startsWith('/') || DRIVE.test(raw)) return badName(raw, 'it is absolute')
  const path = raw.normalize('NFC')
  if (utf8Length(path) > MAX_PATH_BYTES) return badName(raw, TOO_LONG)
  const components = path.split('/')
  if (components.length > MAX_LEVELS) return badName(raw, `it is more than ${MAX_LEVELS} levels deep`)
  for (const component of components) {
    const why = faultOf(component)
    if (why !== undefined) return badName(raw, why)
  }
  return path
}

/**
 * The target of a symbolic link at `path`, as it is kept: inside the folder, whatever other links exist there. `..` leads out of a
 * folder around the link, so it may stand only at the beginning, and at most as often as there are such folders. Refuses with BAD_PATH.
 */
export function checkLink(path: string, target: string): string | Rejected {
  const [first, ...more] = target.split('/')
  const components = [first, ...more.filter((each) => each !== '')].filter((each) => each !== '.')
  const down = components.findIndex((component) => component !== '..')
  const ups = down < 0 ? components.length : down
  if (first === '' || ups > path.split('/').length - 1)
    return badPath(path, 'it is a symbolic link that leads out of the folder')
  if (ups === components.length) return components.join('/') || '.'
  // In NFC as well, like the name of its target.
  const rest = checkPath(components.slice(ups).join('/'))
  if (typeof rest === 'string') return [...components.slice(0, ups), rest].join('/')
  return badPath(path, 'it is a symbolic link that leads out of the folder, or nowhere')
}

function faultOf(component: string): string | undefined {
  if (component === '') return 'a part of it is empty'
  if (component === '.' || component === '..') return `a part of it is ${component}`
  if (component.includes('\\')) return 'a backslash separates on other systems'
  if (UNPRINTABLE.test(component)) return 'it has a control character'
  if (withoutHidden(component) !== component) return 'it has a character that is not seen'
  if (DOT_OR_SPACE_AT_END.test(component)) return 'a part of it ends with a dot or a blank, which Windows cuts off'
  if (isDevice(component)) return `Windows takes ${component} for a device`
  return utf8Length(component) > MAX_COMPONENT_BYTES ? TOO_LONG : undefined
}

const TOO_LONG = `it is too long: a path has at most ${MAX_PATH_BYTES} bytes, each part ${MAX_COMPONENT_BYTES}`
const MAX_SHOWN = 200

const badPath = (path: string, why: string): Rejected =>
  rejected('BAD_PATH', `${forTerminal(path.slice(0, MAX_SHOWN))}: ${why}`)

const badName = (path: string, why: string): Rejected => badPath(path, `${why}; rename it`)
