import { render } from 'preact'
import { DropPage } from './drop-page.tsx'

const root = document.getElementById('page')
const [, link = ''] = /\/drop\/(\w+)/.exec(location.pathname) ?? []
// Its uploads are below this address.
if (!location.pathname.endsWith('/')) history.replaceState(null, '', `${location.pathname}/`)
if (root !== null) {
  root.replaceChildren()
  render(<DropPage link={link} />, root)
}
