/** Imports run app → adapters → domain. An adapter sees its own folder, and of the others what is listed here. */
const sees = (adapter, others, comment) => ({
  name: `${adapter}-sees`,
  severity: 'error',
  comment,
  from: { path: `^src/adapters/${adapter}/` },
  to: { path: '^src/(adapters|domain)/', pathNot: `^src/(${[`adapters/${adapter}/`, ...others].join('|')})` },
})
const DOMAIN = 'domain/'
/** What runs in browsers, and what is not the host, needs no engine. */
const SHARED_DOMAIN = 'domain/(?!engine/)'
const PROTOCOL = 'adapters/protocol/'
const I18N = 'adapters/i18n/'
const SYSTEM_FILES = 'adapters/system/files/'
const FOLDER = 'adapters/folder/'

export default {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'domain-sees', severity: 'error', from: { path: '^src/domain/' }, to: { path: '^src/(adapters|app)/' } },
    {
      name: 'domain-imports-only-rxjs',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-peer', 'npm-optional'], pathNot: 'node_modules/rxjs' },
    },
    { name: 'nobody-sees-app', severity: 'error', from: { path: '^src/adapters/' }, to: { path: '^src/app/' } },
    sees('protocol', [SHARED_DOMAIN]),
    sees('i18n', [SHARED_DOMAIN]),
    sees('folder', [SHARED_DOMAIN, PROTOCOL, SYSTEM_FILES]),
    sees('bundle', [SHARED_DOMAIN, PROTOCOL]),
    sees('cluster', [
      SHARED_DOMAIN,
      'adapters/protocol/(journal-format|schema)',
      'adapters/client/(address|endpoint|errors|node-http)',
    ]),
    sees('storage', [
      SHARED_DOMAIN,
      'adapters/protocol/(journal-format|search-words)',
      'adapters/cluster/',
      SYSTEM_FILES,
    ]),
    sees('system', [SHARED_DOMAIN]),
    sees('server', [DOMAIN, PROTOCOL, I18N, FOLDER, SYSTEM_FILES]),
    sees('client', [SHARED_DOMAIN, PROTOCOL, I18N, FOLDER, SYSTEM_FILES, 'adapters/system/tls/']),
    sees('terminal', [SHARED_DOMAIN, PROTOCOL, I18N, 'adapters/client/', SYSTEM_FILES]),
    sees('web', [SHARED_DOMAIN, PROTOCOL, I18N, 'adapters/client/']),
    {
      name: 'browsers-have-no-node',
      comment: 'the page, and the session that it shares with other clients',
      severity: 'error',
      from: {
        path: '^src/adapters/(web|i18n|protocol)/',
        pathNot: '^src/adapters/protocol/(msgpack|journal-format)\\.ts$',
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'tsyringe-only-in-composition',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/app/(compose|tokens)\\.ts$' },
      to: { path: 'node_modules/(tsyringe|reflect-metadata)' },
    },
    {
      name: 'no-test-code-in-src',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^test/|node_modules/(vitest|fast-check)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
