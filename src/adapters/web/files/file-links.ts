import { isRefusal, type Refusal } from '#client/errors.ts'
import type { HostRequests } from '../browser/host-requests.ts'

/** Where a file is, for who may see it without showing anything. */
export const plainLink = ({ id, name }: { readonly id: string; readonly name: string }): string =>
  `/files/${encodeURIComponent(id)}/${encodeURIComponent(name.toWellFormed())}`

/** A link that opens the file by itself for a while: what a browser follows or plays shows no headers. */
export async function openLink(host: HostRequests, id: string): Promise<{ readonly url: string } | Refusal> {
  const answer = await host.json(`/files/${encodeURIComponent(id)}/links`, { method: 'POST' })
  return isRefusal(answer) ? answer : (answer.value as { readonly url: string })
}

/** Lets the browser save a file, in its own way and with its own progress. */
export function saveFrom(url: string, name: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
}
