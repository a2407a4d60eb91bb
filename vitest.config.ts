import { defineConfig } from 'vitest/config'

const files = ['test/adapters/stores/{sqlite,disk}/**/*.test.ts']
const fuzz = ['test/**/*.fuzz.test.ts']
const measuring = [
  'big-files',
  'classroom',
  'lan',
  'limits',
  'no-outside',
  'seed',
  'session-carriers',
  'session-limits',
  'session-model',
  'short-of-memory',
  'stalled',
]
const alone = [
  'test/faults/**/*.test.ts',
  `test/integration/{${measuring.join()},transfers-*,terminal-*}.test.ts`,
  ...files,
]

/** What hangs fails by this; a slow and busy machine needs a tenth of it. `PATIENCE_MS` is the same for one thing that is waited for. */
const patient = { testTimeout: 600_000, hookTimeout: 300_000, expect: { poll: { timeout: 120_000 } } }

// unit: in memory and quick. integration: real sockets, files and processes, two at a time, since each waits most of its time.
// alone: the same where something is measured or broken, one after the other. browser: the page in Chromium. fuzz: many inputs.
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
          ...patient,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          exclude: alone,
          ...patient,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'alone',
          include: alone,
          ...patient,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          ...patient,
          fileParallelism: false,
          // One browser serves them all.
          isolate: false,
        },
      },
      { test: { name: 'fuzz', include: fuzz, ...patient } },
    ],
  },
})
