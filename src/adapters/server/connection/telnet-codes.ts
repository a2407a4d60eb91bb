/** Interpret as command: what begins all that telnet says beside its text (RFC 854). */
export const IAC = 0xff

/** The options of telnet that have a number: the registry ends at 49, but for a few. */
export const isTelnetOption = (byte: number): boolean => byte <= 49 || (byte >= 138 && byte <= 140) || byte === 255
