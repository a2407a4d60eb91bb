import { execFileSync, spawnSync } from 'node:child_process'
import { TestRunner } from 'vitest'
import { MEASURED } from '../../bench/run/tools.ts'

/** Programs, and files, that some tests need, and Debian's packages of them. `.ci/run` installs them all. */
export const PACKAGES = {
  ...MEASURED,
  bsdtar: 'libarchive-tools',
  caddy: 'caddy',
  'chromium-headless-shell': 'chromium-headless-shell',
  'dpkg-deb': 'dpkg',
  faketime: 'faketime',
  'firefox-esr': 'firefox-esr',
  fish: 'fish',
  groff: 'groff-base',
  haproxy: 'haproxy',
  '/usr/lib/nginx/modules/ngx_stream_module.so': 'libnginx-mod-stream',
  ii: 'ii',
  ip: 'iproute2',
  irssi: 'irssi',
  'mkfs.ext4': 'e2fsprogs',
  dbclient: 'dropbear-bin',
  nc: 'netcat-openbsd',
  openssl: 'openssl',
  plink: 'putty-tools',
  prlimit: 'util-linux',
  python3: 'python3',
  ss: 'iproute2',
  strace: 'strace',
  'systemd-analyze': 'systemd',
  telnet: 'inetutils-telnet',
  tmux: 'tmux',
  unshare: 'util-linux',
  unzip: 'unzip',
  WebKitWebDriver: 'webkit2gtk-driver',
  weechat: 'weechat-curses',
  wget: 'wget',
  Xvfb: 'xvfb',
  zbarimg: 'zbar-tools',
  zsh: 'zsh',
} as const

export type Tool = keyof typeof PACKAGES

export const howToGet = (tool: Tool): string => `needs ${tool}: apt-get install ${PACKAGES[tool]}`

/** Whether a program is on this machine; in CI its absence is a failure. */
export function hasTool(tool: Tool): boolean {
  if (spawnSync('sh', ['-c', `command -v ${tool} || test -e ${tool}`]).status === 0) return true
  if (process.env['CI'] === 'true') throw new Error(`the test ${howToGet(tool)}`)
  return false
}

/** How to get a program that is not here; in CI its absence is a failure. */
export const missingTool = (tool: Tool): string | undefined => (hasTool(tool) ? undefined : howToGet(tool))

/** Leaves out the test that runs where a program is missing, and says how to get it. */
export function needs(...tools: readonly Tool[]): void {
  const missing = tools.map(missingTool).find((text) => text !== undefined)
  if (missing === undefined) return
  // The default reporter counts what was skipped, and does not say why.
  process.stderr.write(`skipped: ${missing}\n`)
  TestRunner.getCurrentTest()?.context.skip(missing)
}

/** What a program says; leaves out the test where it is missing, and fails where the program does. */
export function run(program: Tool, ...args: readonly string[]): string {
  needs(program)
  const env = { ...process.env, LC_ALL: 'C.UTF-8' }
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, env })
}
