/** Limits of the dashboard functions, each with its reason. */

/** Milliseconds until the child must say it is ready: 0.3 s empty, 1.5 s with 1 GB of data. */
export const START_MILLIS = 30_000;

/** Milliseconds until `close` kills a child that does not end by itself: it promises 5 s. */
export const CLOSE_MILLIS = 6000;

/** Characters of the child's stderr that are kept for an error's message: its last lines. */
export const STDERR_LENGTH = 4000;

/** Characters of stdout read while waiting for the ready line: it is one line of a few hundred. */
export const READY_LINE_LENGTH = 65_536;

/** Milliseconds that updateDisplay takes at most (contracts.md §2); a flush takes up to 4,000. */
export const UPDATE_DISPLAY_MILLIS = 5000;

/** Milliseconds one request for a view may take. */
export const VIEW_REQUEST_MILLIS = 5000;

/** Bytes of an answer that are read: views and display answers are small. */
export const ANSWER_BYTES: number = 1024 * 1024;

/** Milliseconds between tries to send a view: doubling, from quickly to gently. */
export const VIEW_RETRY_FIRST_MILLIS = 250;
export const VIEW_RETRY_LAST_MILLIS = 5000;

/** Milliseconds between looks whether the backend is still the one that has the views. */
export const BACKEND_CHECK_MILLIS = 10_000;

/** Views of one program: a page of 200 charts is no page. */
export const MAX_VIEWS = 200;
