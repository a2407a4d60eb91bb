// Tells an HTTP endpoint of each file that is complete, and tries again until that has taken it. Run it:
// node examples/06-webhook.ts http://127.0.0.1:9000/hook [8268]
import { createTamtam } from 'tamtam-room'

const [, , hook = 'http://127.0.0.1:9000/hook', port = '8268'] = process.argv
const tamtam = createTamtam()
await tamtam.start()

const waiting: object[] = []
const MOST_WAITING = 10_000
let isSending = false

tamtam.engine.events$.subscribe((happening) => {
  if (happening.source !== 'room' || happening.event.type !== 'fileCompleted') return
  const { room, event } = happening
  const { id, name, size, sha256, audience } = event.file
  // The host sees everything: what is not for everybody should not leave it.
  if (audience !== undefined) return
  if (waiting.length === MOST_WAITING) waiting.shift()
  waiting.push({ id: `${room}-${event.seq}`, room, by: event.by.name, file: { id, name, size, sha256 } })
  void send()
})

/** One after the other, so that they arrive in order; the `id` tells the endpoint what it has already. */
async function send() {
  if (isSending) return
  isSending = true
  for (let delayMs = 100; waiting[0] !== undefined; ) {
    const body = JSON.stringify(waiting[0])
    const headers = { 'Content-Type': 'application/json' }
    const taken = await fetch(hook, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) }).then(
      // No is an answer: only a host that is down or overloaded is asked again.
      ({ status }) => status < 500 && status !== 429,
      () => false,
    )
    if (taken) waiting.shift()
    else await new Promise((resolve) => setTimeout(resolve, delayMs))
    delayMs = taken ? 100 : Math.min(delayMs * 2, 60_000)
  }
  isSending = false
}

const address = await tamtam.listen({ port: Number(port) })
console.log(`files of port ${address.port} are told to ${hook}`)
process.once('SIGINT', () => tamtam.stop())
