/** Where a file is had on this host, as a path. `SEND` never stands in it: readers in band would take it for a file (`guardSend`). */
export const fileUrl = ({ id, name }: { id: string; name: string }): string =>
  `/files/${id}/${encodeURIComponent(name.toWellFormed()).replaceAll('SEND', '%53END')}`
