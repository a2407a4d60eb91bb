import { forTerminal } from '#domain/names/text.ts'
import { blocksOf } from '#protocol/code-text.ts'
import { copied } from '../browser/platform.ts'
import { useSay } from '../state/context.ts'
import { IconButton } from '../views/menu.tsx'
import { piecesOf } from './text.ts'

/**
 * A person's text. It becomes text nodes only, and passes the same escaper as on terminals, so that nothing in it hides or turns
 * around its neighbours (C58, C96). Lines that begin with `> ` quote; ` `` ` and fences mark code.
 */
export function MessageText({ text }: { readonly text: string }) {
  const lines = text.split('\n')
  const quoted = lines.findIndex((line) => !line.startsWith('> '))
  const quote = quoted < 0 ? lines : lines.slice(0, quoted)
  const rest = quoted < 0 ? [] : lines.slice(quoted)
  return (
    <>
      {quote.length > 0 && (
        <blockquote dir="auto">
          <Lines lines={quote.map((line) => line.slice(2))} />
        </blockquote>
      )}
      {blocksOf(rest).map(({ at, type, lines }) =>
        type === 'code' ? (
          <Code key={at} lines={lines} />
        ) : (
          <div key={at} class="text" dir="auto">
            <Lines lines={lines} />
          </div>
        ),
      )}
    </>
  )
}

/** The lines of a block: tabs stand, all else that acts is shown. */
function Code({ lines }: { readonly lines: readonly string[] }) {
  const say = useSay()
  const text = lines.join('\n')
  return (
    <div class="code text">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling area must be reached by keys */}
      <pre tabIndex={0}>{lines.map((line) => line.split('\t').map(forTerminal).join('\t')).join('\n')}</pre>
      <IconButton icon="copy" label={say('copyCode')} act={() => void copied(text)} />
    </div>
  )
}

function Lines({ lines }: { readonly lines: readonly string[] }) {
  return piecesOf(lines.map(forTerminal).join('\n')).map(({ text, href, at, isCode }) =>
    isCode ? (
      <code key={at}>{text.slice(1, -1)}</code>
    ) : href === undefined ? (
      text
    ) : (
      <a key={at} href={href} target="_blank" rel="noopener noreferrer">
        {text}
      </a>
    ),
  )
}
