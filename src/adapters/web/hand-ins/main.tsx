import { render } from 'preact'
import { HandInsPage } from './hand-ins-page.tsx'

const root = document.getElementById('page')
const room = new URLSearchParams(location.hash.slice(1)).get('room') ?? ''
if (root !== null) {
  root.replaceChildren()
  render(<HandInsPage room={room} />, root)
}
