import { render } from 'preact'
import { BrowserStorage } from './browser/platform.ts'
import { PageContext } from './state/context.ts'
import { Page } from './state/page.ts'
import { App } from './views/app.tsx'

const page = new Page(
  new BrowserStorage(() => localStorage),
  new BrowserStorage(() => sessionStorage),
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
