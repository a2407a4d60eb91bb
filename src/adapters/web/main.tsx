import { render } from 'preact'
import { BrowserStorage } from './browser/platform.ts'
import { PageContext } from './state/context.ts'
import { Page } from './state/page.ts'
import { pageLanguage, pageTranslator } from './text/translator.ts'
import { App } from './views/app.tsx'

const kept = new BrowserStorage(() => localStorage)
const page = new Page(
  kept,
  new BrowserStorage(() => sessionStorage),
  await pageTranslator(pageLanguage(kept.get('language'), navigator.languages)),
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
