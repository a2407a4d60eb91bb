import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'

/** What people call this machine on its networks: by its own name, as mDNS tells it, by its table of hosts, and in the domains that it searches. */
export async function machineNames(): Promise<readonly string[]> {
  const [hosts, resolver] = await Promise.all(['/etc/hosts', '/etc/resolv.conf'].map(textOf))
  return namesIn(hostname(), hosts ?? '', resolver ?? '')
}

/** The same from what the system has: its host name, `/etc/hosts` and `/etc/resolv.conf`. */
export function namesIn(name: string, hosts: string, resolver: string): readonly string[] {
  const own = name.toLowerCase().replace(/\.$/, '')
  const [machine = ''] = own.split('.')
  const aliases = linesOf(hosts)
    .map(([, ...names]) => names)
    .filter((names) => names.includes(own) || names.includes(machine))
  const domains = linesOf(resolver).flatMap(([word = '', ...rest]) => (/^(?:search|domain)$/.test(word) ? rest : []))
  const searched = domains.map((domain) => `${machine}.${domain.replace(/\.$/, '')}`)
  const all = [own, machine, `${machine}.local`, ...aliases.flat(), ...searched]
  return [...new Set(all)].filter((each) => /^[\w-]+(?:\.[\w-]+)*$/.test(each))
}

const linesOf = (text: string): readonly (readonly string[])[] =>
  text.split('\n').map((line) => line.toLowerCase().replace(/#.*/, '').split(/\s+/).filter(Boolean))

/** Other systems have no such files. */
const textOf = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')
