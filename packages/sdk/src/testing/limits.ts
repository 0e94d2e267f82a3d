/** Limits of the testing part, each with its reason. */

/** A request's body after inflating: eight times what the SDK sends; a test sends no bombs. */
export const BODY_BYTES: number = 16 * 1024 * 1024;
/** `until` gives up after this long unless told otherwise: below the 5 s of most test runners. */
export const UNTIL_MILLIS = 4000;
/** Spans that a failure message prints: a screen or two. */
export const PRINTED_SPANS = 60;
/** Characters of one line's attributes in a printed tree. */
export const PRINTED_ATTRIBUTES = 200;
/** `until` asks this often: what it waits for is mostly a timer or a process, not a turn. */
export const POLL_MILLIS = 10;
