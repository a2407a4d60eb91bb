// What was set up in this checkout, and whether that still holds. Plain JavaScript, because Node 20 must run it.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
export const stateFile = `${root}dist/.set-up`
export const about = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
/** Beside the sources: all that decides what is installed and built, and what came of it. */
const OTHERS = ['package.json', 'package-lock.json', 'tsconfig.json', 'node_modules/.tamtam-set-up', 'dist/page/.stamp']

/** Whether this Node runs our sources. */
export function isModern() {
  const numbers = (version) => version.split('.').map(Number)
  const [major, minor] = numbers(process.versions.node)
  const [oldestMajor, oldestMinor] = numbers(/\d+\.\d+/.exec(about.engines.node)[0])
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
}

/** Each source with its size and the time of its last change, which no program can set; and the newest of these times. */
export function sourcesNow() {
  const lines = []
  let newest = 0
  const add = (path) => {
    const found = statSync(root + path, { throwIfNoEntry: false })
    if (found === undefined) return
    newest = Math.max(newest, found.ctimeMs)
    lines.push(`${path} ${found.size} ${found.ctimeMs} ${found.ino}`)
  }
  const walk = (folder) => {
    for (const entry of readdirSync(root + folder, { withFileTypes: true }))
      if (entry.isDirectory()) walk(`${folder}/${entry.name}`)
      else add(`${folder}/${entry.name}`)
  }
  walk('src')
  walk('scripts')
  for (const path of OTHERS) add(path)
  return { text: lines.join('\n'), newest }
}

/**
 * The last set-up, `{ kind, node, program }`, where nothing has changed since and it is enough for `kind`: `tamtam` or `development`. `node` is the
 * path of a Node that runs our sources, `program` that of the built program from here.
 */
export function currentState(kind) {
  let state
  try {
    state = JSON.parse(readFileSync(stateFile, 'utf8'))
  } catch {
    return undefined
  }
  if (state.kind !== 'development' && state.kind !== kind) return undefined
  const node = isModern() ? process.execPath : state.node
  return state.sources === sourcesNow().text && existsSync(root + state.program) && existsSync(node)
    ? { ...state, node }
    : undefined
}
