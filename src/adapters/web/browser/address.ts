/** What the fragment of the page's address says. It never leaves the browser (C121). */
export interface Fragment {
  readonly room: string | undefined
  /** What the host's access rule asks for; taken out of the address at once. */
  readonly token: string | undefined
}

export function readFragment(hash: string): Fragment {
  const said = new URLSearchParams(hash.replace(/^#/, ''))
  return { room: said.get('room') ?? undefined, token: said.get('t') ?? undefined }
}

export const roomFragment = (room: string): string => `#${new URLSearchParams({ room })}`
