/** The arrows of the house: app -> adapters -> domain and app -> domain; adapters stand apart from each other. */
export default {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'domain-knows-nobody',
      severity: 'error',
      from: { path: '^src/domain' },
      to: { path: '^src/(adapters|app)' },
    },
    {
      name: 'domain-imports-only-rxjs',
      severity: 'error',
      from: { path: '^src/domain' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-peer', 'npm-optional'], pathNot: 'node_modules/rxjs' },
    },
    { name: 'adapters-know-no-app', severity: 'error', from: { path: '^src/adapters' }, to: { path: '^src/app' } },
    {
      name: 'stores-stand-apart',
      severity: 'error',
      from: { path: '^src/adapters/stores/([^/]+)/' },
      to: { path: '^src/adapters/', pathNot: '^src/adapters/(stores/$1/|codec/|files/)' },
    },
    {
      name: 'doors-share-only-doors-shared',
      severity: 'error',
      from: { path: '^src/adapters/doors/([^/]+)/' },
      to: { path: '^src/adapters/', pathNot: '^src/adapters/(doors/$1/|doors/shared/|codec/|files/|words/)' },
    },
    {
      name: 'clients-know-no-host',
      comment: 'what a client is made of must not depend on the host being in the same process',
      severity: 'error',
      from: { path: '^src/adapters/client/' },
      to: {
        path: '^src/(adapters/|domain/engine/)',
        pathNot: '^src/adapters/(client/|files/|tls/|codec/wire/|stores/contracts/contract.ts$)',
      },
    },
    {
      name: 'sessions-run-in-pages',
      comment: 'the page has the same session over its own WebSocket',
      severity: 'error',
      from: { path: '^src/adapters/client/session/(core/|carriers/web-socket)' },
      to: {
        path: '.',
        pathNot: '^src/(domain|adapters/(codec/wire|client/session/core|client/failures))|node_modules/rxjs',
      },
    },
    {
      name: 'words-know-nobody',
      comment: 'the page shows them too; the codes of refusals are what they are of',
      severity: 'error',
      from: { path: '^src/adapters/words/' },
      to: { path: '^src/(domain|adapters)/|^node:', pathNot: '^src/adapters/words/|^src/domain/rejection\\.ts$' },
    },
    {
      name: 'the-terminal-knows-only-words',
      comment: 'it is shown a session, and does not know where the room lives',
      severity: 'error',
      from: { path: '^src/adapters/terminal/' },
      to: {
        path: '^src/(adapters/|domain/engine/)',
        pathNot: '^src/adapters/(terminal/|words/|client/(transfer-talk|meter))',
      },
    },
    {
      name: 'the-page-runs-in-browsers',
      comment: 'a program of its own, which has a host only over its connections',
      severity: 'error',
      from: { path: '^src/adapters/page/' },
      to: {
        path: '.',
        pathNot:
          '^src/(domain/(?!engine/)|adapters/(page/|words/|codec/wire/|client/(failures|meter|transfer-talk)|client/session/(core/|carriers/web-socket)|terminal/(slash-words|event-words|writers)))|node_modules/(rxjs|preact|@preact/signals|@noble/hashes)/',
      },
    },
    {
      name: 'tls-stands-apart',
      severity: 'error',
      from: { path: '^src/adapters/tls/' },
      to: { path: '^src/adapters/', pathNot: '^src/adapters/(tls|files)/' },
    },
    {
      name: 'discovery-stands-apart',
      severity: 'error',
      from: { path: '^src/adapters/discovery/' },
      to: { path: '^src/adapters/', pathNot: '^src/adapters/discovery/' },
    },
    {
      name: 'files-stand-apart',
      severity: 'error',
      from: { path: '^src/adapters/files/' },
      to: { path: '^src/adapters/', pathNot: '^src/adapters/files/' },
    },
    {
      name: 'system-adapters-stand-apart',
      severity: 'error',
      from: { path: '^src/adapters/system/' },
      to: { path: '^src/adapters/', pathNot: '^src/adapters/system/' },
    },
    {
      name: 'tsyringe-only-in-composition',
      severity: 'error',
      from: { path: '^src', pathNot: '^src/app/(compose|tokens)\\.ts$' },
      to: { path: 'node_modules/(tsyringe|reflect-metadata)' },
    },
    {
      name: 'no-test-code-in-src',
      severity: 'error',
      from: { path: '^src', pathNot: '^src/.*/contracts/|^src/app/testing\\.ts$' },
      to: { path: '^test|node_modules/(vitest|fast-check)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
