import type { JobControl } from '#terminal/ports.ts'

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** This process as a job of a shell. While somebody listens, the signals that stop and go on are theirs. */
export function jobOf(process: NodeJS.Process): JobControl | undefined {
  // Windows has no such signals.
  if (process.platform === 'win32') return undefined
  let listening = { asked: () => {}, wentOn: () => {} }
  const asked = () => listening.asked()
  const wentOn = () => listening.wentOn()
  const off = () => void process.off('SIGTSTP', asked).off('SIGCONT', wentOn)
  const on = () => void process.on('SIGTSTP', asked).on('SIGCONT', wentOn)
  const stop = (who: number) => {
    // Without a listener the system does what it does to every program; where no shell waits for this job, that is nothing. A stopped job ends at
    // once as well (`kill %1`, a closed window): the terminal is the shell's by now, and whoever touched it would be stopped again.
    const ending = ENDING.map((signal) => [signal, process.listeners(signal)] as const)
    for (const [signal] of ending) process.removeAllListeners(signal)
    off()
    process.kill(who, 'SIGTSTP')
    on()
    for (const [signal, listeners] of ending) for (const listener of listeners) process.on(signal, listener)
  }
  return {
    listen: (to) => {
      listening = to
      on()
      return off
    },
    // Npm and the launcher are of this job, and the shell waits for the first of them.
    stopAll: () => stop(0),
    stopSelf: () => stop(process.pid),
  }
}
