const CONTROLS = 'a[href], button, input, summary, audio, video, pre[tabindex], section[tabindex]'

/**
 * Makes the rows of a list one stop of the Tab key: only the controls of the row with the focus can be reached by it. Rows and controls come and go by
 * themselves, so this watches what is drawn.
 */
export class RovingTabStop {
  #row: HTMLElement | undefined

  /** Call the returned function when the list is removed. */
  attach(list: HTMLElement): () => void {
    const focused = ({ target }: FocusEvent) => {
      const row = target instanceof Element ? target.closest<HTMLElement>('li.row') : null
      if (row !== null) this.#enter(row)
    }
    const drawn = new MutationObserver((changes) => {
      for (const { addedNodes } of changes)
        for (const node of addedNodes) if (node instanceof HTMLElement) this.#set(node)
    })
    this.#set(list)
    list.addEventListener('focusin', focused)
    drawn.observe(list, { childList: true, subtree: true })
    return () => {
      list.removeEventListener('focusin', focused)
      drawn.disconnect()
      this.#row = undefined
    }
  }

  /** The focus goes to the next control in a row, or the one before; false where there is none. */
  walk(row: HTMLElement, step: number): boolean {
    const all = [...row.querySelectorAll<HTMLElement>(CONTROLS)].filter((each) => each.offsetParent !== null)
    const at = all.indexOf(document.activeElement as HTMLElement)
    const next = at < 0 && step > 0 ? all[0] : all[at + step]
    next?.focus()
    return next !== undefined
  }

  #enter(row: HTMLElement): void {
    if (row === this.#row) return
    const before = this.#row
    this.#row = row
    if (before !== undefined) this.#set(before)
    this.#set(row)
  }

  #set(within: HTMLElement): void {
    const controls = within.matches(CONTROLS) ? [within] : within.querySelectorAll<HTMLElement>(CONTROLS)
    for (const control of controls) {
      const row = control.closest<HTMLElement>('li.row')
      if (row !== null) control.tabIndex = row === this.#row ? 0 : -1
    }
  }
}
