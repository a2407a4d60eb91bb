import { forTerminal } from '#domain/names/text.ts'

/** So many colours are there for people; each can be read on both backgrounds, and none says anything alone. */
const HUES = 8

const hueOf = (id: string): string => {
  let sum = 0
  for (const sign of id) sum = (sum * 31 + (sign.codePointAt(0) ?? 0)) >>> 0
  return `hue-${sum % HUES}`
}

interface NameProps {
  readonly id: string
  readonly name: string
}

/** `dir` keeps a name that is written from the right from turning around what stands beside it. */
export const Name = ({ id, name }: NameProps) => <bdi class={`name ${hueOf(id)}`}>{forTerminal(name)}</bdi>

/** The first letter, in the member's colour. */
export const Face = ({ id, name }: NameProps) => (
  <span class={`face ${hueOf(id)}`} aria-hidden="true">
    {forTerminal([...name][0] ?? '?').slice(0, 2)}
  </span>
)
