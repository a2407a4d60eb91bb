import { forTerminal } from '#domain/names/text.ts'
import { defaultDataDirectory, type Setting, settingsOf } from '../config.ts'
import { print, printJson, runShowing } from './command.ts'
import { bindsOf } from './host-network.ts'

/** `tamtam config`. */
export const runConfig = (flags: Record<string, unknown>): Promise<void> =>
  runShowing(async () => {
    for (const setting of asUsed(settingsOf(flags, process.env), process.env)) {
      if (flags['json'] === true) await printJson({ type: 'setting', ...setting })
      else await print(lineOf(setting))
    }
  })

/** Defaults that depend on other settings: the address with `--lan`, the data directory in this user's home. */
function asUsed(settings: readonly Setting[], env: NodeJS.ProcessEnv): readonly Setting[] {
  const of = (name: string) => settings.find((each) => each.name === name)
  const lan = of('lan')
  const [bind] = bindsOf({ bind: undefined, lan: lan?.value === true })
  return settings.map((setting) => {
    if (setting.value !== undefined) return setting
    if (setting.name === 'bind')
      return { ...setting, value: bind, source: lan?.value === true ? lan.source : 'default' }
    if (setting.name === 'data' && of('ephemeral')?.value !== true)
      return { ...setting, value: defaultDataDirectory(env) }
    return setting
  })
}

function lineOf({ name, value, source }: Setting): string {
  const shown = value === undefined ? '-' : typeof value === 'string' ? value : JSON.stringify(value)
  return forTerminal(`${name.padEnd(14)} ${shown.padEnd(28)} ${source}`)
}
