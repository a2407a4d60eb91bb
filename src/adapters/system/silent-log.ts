import type { Log } from '#domain/ports/log.ts'

/** For embedders that want no log. */
export class SilentLog implements Log {
  info(): void {}
  warn(): void {}
  error(): void {}
}
