import { render } from 'preact'
import { StatusPage } from './status-page.tsx'

const root = document.getElementById('page')
if (root !== null) {
  root.replaceChildren()
  render(<StatusPage />, root)
}
