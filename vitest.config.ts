import { defineConfig } from 'vitest/config'

const files = ['test/adapters/stores/{sqlite,disk}/**/*.test.ts']
const fuzz = ['test/**/*.fuzz.test.ts']

// unit: in memory and quick. integration: real sockets, files and processes, one after the other. browser: the page in Chromium.
// fuzz: many inputs.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{domain,adapters,app,model}/**/*.test.ts'],
          exclude: [...fuzz, ...files],
          // In memory, and nothing shared between files: one worker can run them all.
          isolate: false,
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts', 'test/faults/**/*.test.ts', ...files],
          testTimeout: 240_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          // One browser serves them all.
          isolate: false,
        },
      },
      { test: { name: 'fuzz', include: fuzz, testTimeout: 300_000 } },
    ],
  },
})
