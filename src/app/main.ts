#!/usr/bin/env node
import { constants, enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// Else it would open a debugger for everybody of this machine's user.
process.on('SIGUSR1', () => {})

// Built files are compiled once, not at every start: beside them, or where they can only be read in the user's own cache.
if (!import.meta.url.endsWith('.ts')) {
  const beside = fileURLToPath(new URL('.cache', import.meta.url))
  const own = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'tamtam')
  if (enableCompileCache(beside).status === constants.compileCacheStatus.FAILED) enableCompileCache(own)
}

const { runProgram } = await import('./cli/program.ts')
await runProgram()
