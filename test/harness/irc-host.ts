import { type HostOptions, startHost } from './host.ts'

/** A host with an owner in the lobby, who makes ops. */
export async function ircHost(options: HostOptions = {}) {
  const host = await startHost(options)
  const boss = await host.tamtam.engine.join({ room: 'lobby', name: 'boss', role: 'owner' })
  const op = (name: string) => boss.send({ type: 'op', name })
  return { ...host, boss, op }
}
