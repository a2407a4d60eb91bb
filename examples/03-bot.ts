// A bot that answers, as a member of a room on another host. Run it: node examples/03-bot.ts 127.0.0.1:8268/lobby
import { connect } from 'tamtam-room'

const [, , address = '127.0.0.1:8268/lobby'] = process.argv
const bot = await connect(address, { name: 'dice' })
console.log(`${bot.member.name} is in ${bot.room}`)

bot.state$.subscribe((state) => {
  if (state.status !== 'connected') console.log(state.status, state.why)
})

// It comes back by itself when the connection is cut, or the host is restarted, and misses nothing that was said meanwhile.
bot.events$.subscribe(async (event) => {
  if (event.type !== 'said' || !event.text.startsWith('!roll')) return
  const sides = Number(event.text.split(' ')[1] ?? 6) || 6
  const text = `${event.by.name} rolls ${1 + Math.floor(Math.random() * sides)} of ${sides}`
  const answer = await bot.send({ type: 'say', text })
  if (answer.type === 'rejected') console.log(answer.message)
})
process.once('SIGINT', () => bot.close())
