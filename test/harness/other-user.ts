import { spawnSync } from 'node:child_process'

/** So that what a folder's rights forbid is forbidden in a test that root runs as well. */
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']

const isRoot = process.getuid?.() === 0

/** How a program runs that rights are to hold for. */
export const underRights = { command: isRoot ? NOBODY : [], env: { XDG_CONFIG_HOME: '/nowhere' } }

export const canBeUnderRights = (): boolean =>
  process.platform !== 'win32' && (!isRoot || spawnSync(NOBODY[0] ?? '', [...NOBODY.slice(1), 'true']).status === 0)
