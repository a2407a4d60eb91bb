// A room inside a program of yours: in memory, two members, a file. Run it: node examples/01-embed.ts
import { createTamtam } from 'tamtam-room'

const tamtam = createTamtam()
await tamtam.start()

const ani = await tamtam.engine.join({ room: 'lobby', name: 'ani' })
const budi = await tamtam.engine.join({ room: 'lobby', name: 'budi' })

const received = new Promise<void>((resolve) => {
  budi.events$.subscribe(async (event) => {
    if (event.type === 'said') console.log(`<${event.by.name}> ${event.text}`)
    if (event.type !== 'fileCompleted') return
    const pieces: Uint8Array[] = []
    for await (const bytes of budi.download(event.file.id)) pieces.push(bytes)
    console.log(`${event.file.name}: ${Buffer.concat(pieces)}`)
    resolve()
  })
})

const answer = await ani.send({ type: 'say', text: 'halo' })
if (answer.type === 'ack') console.log(`kept as number ${answer.seq}`)

async function* recipe() {
  yield Buffer.from('rice, ')
  yield Buffer.from('coconut milk')
}
const upload = ani.upload(recipe(), { name: 'recipe.txt' })
const file = await upload.done
if ('sha256' in file) console.log(`${file.name} is in the room: ${file.size} bytes`)

await received
await tamtam.stop()
