// `npm run pack:deb`: a Debian package of the executable, dist/tamtam-room_<version>_<architecture>.deb, for this machine's architecture, with manual
// page, completions, service and its user. Made with dpkg-deb alone; the same sources always give the same bytes.
import { spawnSync } from 'node:child_process'
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }
const SCRIPTS = ['postinst', 'prerm', 'postrm']
/** As npm dates what it packs. */
const MADE_AT_S = 499_162_500

const architecture = ARCHITECTURES[process.arch]
if (process.platform !== 'linux' || architecture === undefined)
  throw new Error(`there is no Debian package for ${process.platform} ${process.arch}: make it on Linux, x64 or arm64`)
const { name, version } = JSON.parse(readFileSync('package.json', 'utf8'))
const place = 'dist/deb'
const executable = run('npm', 'run', '--silent', 'pack:binary').trim().split('\n').at(-1) ?? ''

rmSync(place, { recursive: true, force: true })
write('usr/bin/tamtam', readFileSync(executable), 0o755)
write('usr/share/man/man1/tamtam.1.gz', gzipSync(run(executable, 'man'), { level: 9 }))
write('usr/share/bash-completion/completions/tamtam', run(executable, 'completion', 'bash'))
write('usr/share/zsh/vendor-completions/_tamtam', run(executable, 'completion', 'zsh'))
write('usr/share/fish/vendor_completions.d/tamtam.fish', run(executable, 'completion', 'fish'))
write(`usr/share/doc/${name}/copyright`, readFileSync(`${executable}.LICENSES.txt`))
write(`usr/share/doc/${name}/changelog.gz`, gzipSync(readFileSync('CHANGELOG.md'), { level: 9 }))
write('usr/lib/systemd/system/tamtam.service', unit())
write('usr/lib/sysusers.d/tamtam.conf', 'u tamtam - "tamtam host" /var/lib/tamtam /usr/sbin/nologin\n')
write('etc/tamtam/environment', readFileSync('packaging/debian/environment'))
const kilobytes = Math.ceil(bytesIn(place) / 1024)
write('DEBIAN/conffiles', '/etc/tamtam/environment\n')
write('DEBIAN/control', filled(readFileSync('packaging/debian/control', 'utf8'), { version, architecture, kilobytes }))
for (const script of SCRIPTS) write(`DEBIAN/${script}`, readFileSync(join('packaging/debian', script)), 0o755)
const file = `dist/${name}_${version}_${architecture}.deb`
process.env['SOURCE_DATE_EPOCH'] = String(MADE_AT_S)
run('dpkg-deb', '--root-owner-group', '-Zgzip', '-z6', '--build', place, file)
rmSync(place, { recursive: true })
console.log(`${executable}\n${file}`)

function write(path: string, content: string | Uint8Array, mode = 0o644): void {
  const whole = join(place, path)
  mkdirSync(dirname(whole), { recursive: true, mode: 0o755 })
  writeFileSync(whole, content)
  chmodSync(whole, mode)
}

/** The unit as `packaging` has it, for the path and the user of this package. */
function unit(): string {
  const changes = [
    ['/usr/local/bin/tamtam', '/usr/bin/tamtam'],
    ['DynamicUser=yes', 'User=tamtam'],
  ] as const
  let text = readFileSync('packaging/tamtam.service', 'utf8').replace(/^#.*\n/gm, '')
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`packaging/tamtam.service has no ${from}`)
    text = text.replace(from, to)
  }
  return text
}

function filled(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/@(\w+)@/g, (_, key: string) => String(values[key]))
}

function bytesIn(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.reduce((sum, { parentPath, name }) => sum + lstatSync(join(parentPath, name)).size, 0)
}

function run(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${error ?? ''}${stderr}`)
  return stdout
}
