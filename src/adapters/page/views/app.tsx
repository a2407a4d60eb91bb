import { usePage } from '../place/context.ts'
import { ComeIn } from './come-in.tsx'
import { RoomView } from './room-view.tsx'

export function App() {
  const stage = usePage().stage.value
  return stage.status === 'inside' ? <RoomView key={stage.room.name} room={stage.room} /> : <ComeIn stage={stage} />
}
