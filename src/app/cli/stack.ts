import { SourceMap } from 'node:module'
import { fileURLToPath } from 'node:url'
import { readShipped } from '#system/files/shipped.ts'

/** Where a bug happened, in lines of our sources; the stack of a built program names lines of its own files. */
export function stackOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return stack.replace(/(file:\/\/\S+?\.js):(\d+):(\d+)/g, (built, file: string, line: string, column: string) => {
    try {
      const map = new SourceMap(JSON.parse(readShipped(new URL(`${file}.map`)).toString()))
      const entry = map.findEntry(Number(line) - 1, Number(column) - 1)
      if (!('originalSource' in entry)) return built
      return `${fileURLToPath(new URL(entry.originalSource, file))}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
    } catch {
      // No file of ours, or one without a map.
      return built
    }
  })
}
