import { forTerminal } from '#domain/names/text.ts'
import { piecesOf } from './text.ts'

/**
 * A person's text. It becomes text nodes only, and passes the same escaper as on terminals, so that nothing in it hides or turns
 * around its neighbours (C58, C96). Lines that begin with `> ` quote.
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
      {rest.length > 0 && (
        <div class="text" dir="auto">
          <Lines lines={rest} />
        </div>
      )}
    </>
  )
}

function Lines({ lines }: { readonly lines: readonly string[] }) {
  return piecesOf(lines.map(forTerminal).join('\n')).map(({ text, href, at }) =>
    href === undefined ? (
      text
    ) : (
      <a key={at} href={href} target="_blank" rel="noopener noreferrer">
        {text}
      </a>
    ),
  )
}
