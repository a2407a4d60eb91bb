/** What an error says. Anything can be thrown. */
export const failureText = (error: unknown): string => (error instanceof Error ? error.message : String(error))
