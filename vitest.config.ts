import { spawnSync } from 'node:child_process'
import { defineConfig } from 'vitest/config'

// Tests that start the program start what is built: of the sources as they are now.
if (spawnSync(process.execPath, ['scripts/launch.mjs'], { stdio: 'inherit' }).status !== 0) process.exit(1)

const fuzz = ['test/**/*.fuzz.test.ts']
const alone = [
  'test/faults/{long-steps,memory-pressure,storm,stress}.test.ts',
  'test/integration/files/{big-*,transfers-*}.test.ts',
  'test/integration/host/{classroom,stalled}.test.ts',
]
const large = ['test/integration/{line/limits,storage/sqlite/journal}.test.ts']

/** What hangs fails by this; a slow and busy machine needs a tenth of it. `PATIENCE_MS` is the same for one thing that is waited for. */
const patient = { testTimeout: 600_000, hookTimeout: 300_000, expect: { poll: { timeout: 120_000 } } }
/**
 * Each waits for more than half of its time: five at once keep two cores busy. A worker runs one file after the other in one process: what a
 * file changes for all (environment, clock, prototypes) it gives back. Vitest goes by name, so the quick ones of `unit` are the last.
 */
const fiveAtOnce = { isolate: false, maxWorkers: 5, sequence: { groupOrder: 1 } }

// unit: in memory and quick. integration: real sockets, files and processes, whole and broken. fuzz: many inputs.
// browser: the page in Chromium, Firefox and WebKit. alone: like integration, where two tests at once fill a machine. large: where a test takes much
// memory, which its worker would keep, and each process that is started from it would cost as much to begin.
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], exclude: fuzz, ...patient, ...fiveAtOnce } },
      {
        test: {
          name: 'integration',
          include: ['test/{integration,faults}/**/*.test.ts'],
          exclude: [...fuzz, ...alone, ...large],
          setupFiles: 'test/harness/first-fetch.ts',
          ...patient,
          ...fiveAtOnce,
        },
      },
      { test: { name: 'large', include: large, ...patient, ...fiveAtOnce, isolate: true } },
      { test: { name: 'fuzz', include: fuzz, ...patient, ...fiveAtOnce } },
      // One browser of each kind serves all files of a worker.
      { test: { name: 'browser', include: ['test/browser/**/*.test.ts'], ...patient, ...fiveAtOnce } },
      {
        test: { name: 'alone', include: alone, ...patient, maxWorkers: 2, sequence: { groupOrder: 2 } },
      },
    ],
  },
})
