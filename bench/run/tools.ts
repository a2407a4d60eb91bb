import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Programs of this machine that are measured or used, and Debian's packages of them. */
export const MEASURED = {
  cc: 'gcc',
  curl: 'curl',
  'nats-server': 'nats-server',
  nginx: 'nginx-light',
  rsync: 'rsync',
  scp: 'openssh-client',
  script: 'bsdutils',
  sshd: 'openssh-server',
} as const

export type Tool = keyof typeof MEASURED

/** Servers are often beside what a user's PATH names. */
const DIRECTORIES = [...(process.env['PATH'] ?? '').split(':'), '/usr/local/sbin', '/usr/sbin']

export const pathOf = (tool: Tool): string | undefined =>
  DIRECTORIES.map((directory) => join(directory, tool)).find((path) => existsSync(path))

/** How to get a program that is missing here. */
export const whereToGet = (tool: Tool): string | undefined =>
  pathOf(tool) === undefined ? `install ${tool} (apt-get install ${MEASURED[tool]})` : undefined
