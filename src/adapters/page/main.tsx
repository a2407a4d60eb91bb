import { render } from 'preact'
import { BrowserKeepsakes } from './browser/keepsakes.ts'
import { PageContext } from './place/context.ts'
import { Page } from './place/page.ts'
import { App } from './views/app.tsx'

const page = new Page(
  new BrowserKeepsakes(() => localStorage),
  new BrowserKeepsakes(() => sessionStorage),
  navigator.languages,
)
page.start()

const root = document.getElementById('page')
if (root !== null) {
  root.replaceChildren()
  render(
    <PageContext.Provider value={page}>
      <App />
    </PageContext.Provider>,
    root,
  )
}
