// Logs far more than a pipe holds, then says on standard output how many lines it dropped.
import { PinoLog } from '#system/pino-log.ts'

const log = new PinoLog()
for (let round = 0; round < 20_000; round += 1) log.info('flood', { round, text: 'x'.repeat(200) })
setTimeout(() => {
  process.stdout.write(`${log.dropped}\n`)
  process.exit(0)
}, 50)
