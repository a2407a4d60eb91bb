import { render } from 'preact'
import { BrowserStorage } from './browser/platform.ts'
import { PageContext } from './state/context.ts'
import { Page } from './state/page.ts'
import { pageLanguage, pageTranslator } from './text/translator.ts'
import { App } from './views/app.tsx'

async function start(root: HTMLElement): Promise<void> {
  const kept = new BrowserStorage(() => localStorage)
  const session = new BrowserStorage(() => sessionStorage)
  const words = await pageTranslator(pageLanguage(kept.get('language'), navigator.languages))
  const page = new Page(kept, session, words)
  page.start()
  root.replaceChildren()
  render(
    <PageContext.Provider value={page}>
      <App />
    </PageContext.Provider>,
    root,
  )
}

const root = document.getElementById('page')
if (root !== null) void start(root)
