// A test of a program with rooms in it: all is in memory, nothing listens, and the way to the host is cut in the middle.
// Run it: node --test examples/10-test.ts
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect, createTamtam } from 'tamtam-room'
import { MemoryNetwork } from 'tamtam-room/testing'

test('the clerk answers every question once, over a cut too', async () => {
  const tamtam = createTamtam()
  await tamtam.start()
  const clerk = await tamtam.engine.join({ room: 'shop', name: 'clerk' })
  clerk.events$.subscribe((event) => {
    if (event.type === 'said' && event.text.endsWith('?')) void clerk.send({ type: 'say', text: 'we are open' })
  })

  const network = new MemoryNetwork(tamtam)
  const ani = await connect('ani@localhost/shop', { dial: network.dial })
  const answers: string[] = []
  const both = new Promise<void>((resolve) => {
    ani.events$.subscribe((event) => {
      if (event.type === 'said' && event.by.name === 'clerk' && answers.push(event.text) === 2) resolve()
    })
  })
  await ani.send({ type: 'say', text: 'open?' })
  network.cutAll()
  await ani.send({ type: 'say', text: 'really?' })
  await both
  assert.deepEqual(answers, ['we are open', 'we are open'])

  await ani.close()
  await tamtam.stop()
})
