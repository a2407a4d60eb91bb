// What a host sees of its rooms and files, as streams. Run it: node examples/05-observe.ts
import { filter, map } from 'rxjs'
import { createTamtam } from 'tamtam-room'

const tamtam = createTamtam()
await tamtam.start()
const { engine } = tamtam

// One room of many. The host sees all that happens in it, whispers too.
const kitchen$ = engine.events$.pipe(filter(({ room }) => room === 'kitchen'))
kitchen$
  .pipe(
    filter(({ source }) => source === 'room'),
    map(({ event }) => event),
  )
  .subscribe({
    next: (event) => {
      if (event.type === 'said') console.log(`${event.seq} <${event.by.name}> ${event.text}`)
    },
    complete: () => console.log('the host has stopped'),
  })

// One file of many, from its offer to its end. Its progress comes at most once a second, however fast it is.
kitchen$
  .pipe(
    filter((happening) => happening.source === 'transfer'),
    filter(({ file }) => file.name === 'recipe.txt'),
  )
  .subscribe(({ file, event }) => {
    if (event.type === 'progressed') console.log(`${file.name}: ${event.bytes} of ${file.size} bytes`)
    else console.log(`${file.name}: ${event.type}`)
  })

const ani = await engine.join({ room: 'kitchen', name: 'ani' })
const budi = await engine.join({ room: 'garage', name: 'budi' })
await ani.send({ type: 'say', text: 'the recipe is coming' })
await budi.send({ type: 'say', text: 'nobody in the kitchen hears this' })
async function* recipe() {
  for (const line of ['rice\n', 'coconut milk\n', 'salt\n']) yield new TextEncoder().encode(line)
}
await ani.upload(recipe(), { name: 'recipe.txt', size: 23 }).done
await tamtam.stop()
