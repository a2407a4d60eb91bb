import type { Command } from 'commander'
import { listenerDefaults } from '../defaults.ts'
import { bindsOf } from '../lan.ts'
import { directory } from './doctor/directory.ts'
import type { Finding } from './doctor/finding.ts'
import { clock, nodeVersion, openFiles, terminal } from './doctor/machine.ts'
import { port } from './doctor/port.ts'
import { store } from './doctor/store.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { hostSettings, isDataDirectory } from './stores.ts'
import { print, printJson, runShowing } from './verb.ts'

interface DoctorFlags {
  readonly data?: string
  readonly port?: string
  readonly bind?: string
  readonly config?: string
  readonly deep?: boolean
  readonly json?: boolean
}

export const addDoctor = (program: Command): Command =>
  program
    .command('doctor')
    .description('look whether a host would do well here: port, disk, clock, limits, and what it keeps')
    .option('--data <dir>', 'where the host keeps history and files ($XDG_DATA_HOME/tamtam)')
    .option('--port <port>', 'port the host is to listen on (8268)')
    .option('--bind <address>', 'address it is to listen on (127.0.0.1)')
    .option('--config <file>', 'settings as JSON ($XDG_CONFIG_HOME/tamtam/config.json)')
    .option('--deep', 'read every file that is kept and compare its digest')
    .option('--json', 'one JSON object a line')
    .action((flags: DoctorFlags) => runShowing(() => examine(flags)))

async function examine({ deep = false, json = false, ...flags }: DoctorFlags): Promise<void> {
  let worst = 0
  for await (const finding of findings(flags, deep)) {
    if (finding.status === 'bad') worst++
    if (json) await printJson({ type: 'finding', ...finding })
    else await print(lineOf(finding))
  }
  if (worst > 0)
    throw new CommandFailed(exitCodes.unexpected, worst === 1 ? 'one thing is bad' : `${worst} things are bad`)
}

async function* findings(flags: object, deep: boolean): AsyncGenerator<Finding> {
  const startedAt = { now: Date.now(), elapsed: performance.now() }
  const settings = hostSettings(flags)
  const { config, directory: data } = settings
  yield nodeVersion()
  yield terminal(process.stdout, process.env)
  yield openFiles()
  const [bind = listenerDefaults.host] = bindsOf(config)
  yield await port(bind, config.port)
  if (!config.ephemeral) {
    yield* await directory(data, config)
    if (await isDataDirectory(data)) yield* await store(data, deep)
  }
  const now = Date.now()
  yield clock(now, now - startedAt.now, performance.now() - startedAt.elapsed)
}

const lineOf = ({ check, status, what, advice }: Finding): string =>
  `${status.padEnd(8)}${check.padEnd(12)}${what}${advice === undefined ? '' : `; ${advice}`}`
