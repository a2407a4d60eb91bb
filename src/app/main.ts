#!/usr/bin/env node
// Else it would open a debugger for everybody of this machine's user.
process.on('SIGUSR1', () => {})

const { runProgram } = await import('./cli/program.ts')
await runProgram()
