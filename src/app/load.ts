import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import sea from 'node:sea'
import { fileURLToPath } from 'node:url'
import { constants, Script } from 'node:vm'
import { crc32 } from 'node:zlib'

// The first code of the built program, and of its thread: runs the scripts that `scripts/build-program.ts` makes of our modules, and keeps
// their compiled code for the next start. Node's own compile cache keeps what V8 has of a module before it runs, which is none of the functions
// that it will call: compiling these was a third of a start. Here it is kept once the host is there, or when a command ends.

type Exports = Readonly<Record<string, unknown>>
/** A script is a function; with `await` at the top of its module it answers a promise. */
type Run = (load: (name: string) => Exports | Promise<Exports>, meta: ImportMeta) => Exports | Promise<Exports>

const FOLDER = new URL('.', import.meta.url)
const ENTRY = import.meta.url.endsWith('/worker.js') ? 'journal.js' : 'tamtam.js'
/** Before the code: the checksums of its source and of itself. V8 compares lengths and versions only, and trusts the rest. */
const HEADER_BYTES = 8
const PLACE = placeOfCompiled()

const exportsOf = new Map<string, Exports | Promise<Exports>>()
/** What was loaded, and whose compiled code was found. */
const scripts: { name: string; source: Buffer; script: Script; found: string | undefined }[] = []
let isKept = false

process.once('exit', () => keep('.part'))
await load(ENTRY)

function load(name: string): Exports | Promise<Exports> {
  const known = exportsOf.get(name)
  if (known !== undefined) return known
  const source = sourceOf(name)
  const { found, cachedData } = compiledOf(name, source)
  const { href } = new URL(name, FOLDER)
  const script = new Script(source.toString(), {
    filename: href,
    ...(cachedData === undefined ? {} : { cachedData }),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
  if (!isKept) scripts.push({ name, source, script, found: script.cachedDataRejected === true ? undefined : found })
  const run: Run = script.runInThisContext()
  const made = run(load, { ...import.meta, url: href, keepCompiled: () => keep('') })
  exportsOf.set(name, made)
  return made
}

/** A file of the program, in a folder or in the executable. */
function sourceOf(name: string): Buffer {
  if (sea.isSea()) return Buffer.from(sea.getRawAsset(`dist/program/${name}`) as ArrayBuffer)
  return readFileSync(new URL(name, FOLDER))
}

/** Of a host that was there, or else of a command that came to its end, which has called less. */
function compiledOf(name: string, source: Buffer): { found?: string; cachedData?: Buffer } {
  for (const found of ['', '.part'])
    try {
      const kept = readFileSync(join(PLACE, name + found))
      const cachedData = kept.subarray(HEADER_BYTES)
      if (kept.readUInt32LE(0) === crc32(source) && kept.readUInt32LE(4) === crc32(cachedData))
        return { found, cachedData }
    } catch {
      // Not there, or cut off: compiled anew.
    }
  return {}
}

/** `kind` is the end of the name: '' once all of a start has run, '.part' at the end of a command. */
function keep(kind: '' | '.part'): void {
  if (isKept) return
  isKept = true
  for (const { name, source, script, found } of scripts.splice(0)) {
    if (found === '' || found === kind) continue
    const path = join(PLACE, name + kind)
    const unfinished = `${path}-${process.pid}`
    try {
      const compiled = script.createCachedData()
      const header = Buffer.alloc(HEADER_BYTES)
      header.writeUInt32LE(crc32(source), 0)
      header.writeUInt32LE(crc32(compiled), 4)
      writeFileSync(unfinished, Buffer.concat([header, compiled]))
      renameSync(unfinished, path)
    } catch {
      // A full disk, or a folder of somebody else: the next start compiles, too.
      return
    }
  }
}

/** Beside the program, or in the user's own cache where its folder can only be read. */
function placeOfCompiled(): string {
  const own = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'tamtam')
  for (const folder of [fileURLToPath(new URL('.cache', FOLDER)), own]) {
    const place = join(folder, `${process.version}-${process.arch}`, ENTRY)
    try {
      mkdirSync(place, { recursive: true })
      return place
    } catch {
      // The next one.
    }
  }
  return own
}
