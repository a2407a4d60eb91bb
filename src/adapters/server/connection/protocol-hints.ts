const REQUEST_LINE = /^[A-Z]+ \S+ HTTP\/\d(\.\d)?$/i
// `[^ ]`, not `\S`: the head is seen as latin1, where half of an UTF-8 letter may look like a no-break space.
const LONG_REQUEST_HEAD = /^[A-Z]+ (?:\/|\*|https?:\/\/)[^ ]*(?: [^ ]*)?$/i

/** Whether a line (without its line end) is an HTTP request line. Such a line is never said in a room (C35, C91). */
export const isHttpRequestLine = (line: string): boolean => REQUEST_LINE.test(line)

/**
 * Whether the beginning of a line that is longer than a limit looks like a request with a very long target. A page can
 * choose its target: were it only cut off, the headers and the body behind it would be said (C35, C37, C91).
 */
export const looksLikeLongHttpRequest = (head: string): boolean => LONG_REQUEST_HEAD.test(head)

/** "Interpret as command": begins each telnet sequence (RFC 854). */
export const IAC = 0xff

/** Options of telnet that have a number: the registry ends at 49, but for a few. */
export const isTelnetOption = (byte: number): boolean => byte <= 49 || (byte >= 138 && byte <= 140) || byte === 255
