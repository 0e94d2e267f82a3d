/** Characters in one query; a longer text is refused. A URL of that length still passes proxies. */
export const MAX_QUERY_LENGTH = 8192;
/** Terms in one query: each one is a condition that the engine evaluates for every row. */
export const MAX_QUERY_TERMS = 64;
/** Nested parentheses and negations: the parser and the printer recurse that deep. */
export const MAX_QUERY_DEPTH = 32;
