import { defineConfig } from 'vitest/config'

// unit: in-process and quick. integration: real sockets, files and processes. fuzz: many inputs.
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/{domain,adapters,app}/**/*.test.ts'], exclude: ['**/*.fuzz.test.ts'], testTimeout: 20_000 } },
      { test: { name: 'integration', include: ['test/integration/**/*.test.ts', 'test/faults/**/*.test.ts'], testTimeout: 240_000, hookTimeout: 60_000, fileParallelism: false } },
      { test: { name: 'fuzz', include: ['test/**/*.fuzz.test.ts'], testTimeout: 300_000 } },
    ],
  },
})
