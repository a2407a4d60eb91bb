/** As much of an entry of package-lock.json as is used here. */
export interface LockedPackage {
  readonly version?: string
  readonly integrity?: string
  readonly hasInstallScript?: boolean
  readonly optional?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

/** The paths in a lockfile of all that the packages `names` may bring, themselves included, sorted. */
export function packagesOf(locked: Readonly<Record<string, LockedPackage>>, names: readonly string[]): string[] {
  const found = new Set<string>()
  const bring = (from: string, name: string): void => {
    const path = placeOf(locked, from, name)
    if (path === undefined || found.has(path)) return
    found.add(path)
    const { dependencies, optionalDependencies, peerDependencies = {}, peerDependenciesMeta = {} } = locked[path] ?? {}
    const peers = Object.keys(peerDependencies).filter((peer) => peerDependenciesMeta[peer]?.optional !== true)
    for (const each of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]) bring(path, each)
  }
  for (const name of names) bring('', name)
  return [...found].sort()
}

/** Where `from` finds a package, as Node looks for it: in its own node_modules, then in those around it. */
function placeOf(locked: Readonly<Record<string, LockedPackage>>, from: string, name: string): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const path = at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`
    if (path in locked) return path
    if (at === '') return undefined
  }
}
