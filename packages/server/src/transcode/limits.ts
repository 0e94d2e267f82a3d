/**
 * Attributes in one map. Ten thousand are stored (someone will send them); the bound keeps the
 * tables that find duplicate keys at 64 KiB each.
 */
export const MAX_ATTRIBUTES = 16_384;

/**
 * Levels of arrays and maps in one attribute value or body. Each takes up to three of the 100
 * levels that the codec reads (`MAX_DEPTH` in @codomyrmex/otlp), after 7 of frame: 30 fit.
 */
export const MAX_VALUE_DEPTH = 30;

/**
 * Bytes of rows one request may make. The resource's columns are repeated in each row, so 64 MiB
 * of empty data points under one big resource would be gigabytes; real batches make 1.2 to 5 times
 * their size, and no SDK sends more than 20 MiB. Beyond it the request is `too_large`.
 */
export const MAX_ROWS_SIZE: number = 128 * 1024 * 1024;

/**
 * Elements of any one list: the records of a scope, the points of a metric, an array's values. A
 * body of 64 MiB can claim 32 million empty ones; their ranges alone would take 256 MB.
 */
export const MAX_LIST_LENGTH: number = 512 * 1024;

/** Records in one request, accepted or not: what one thread goes through in about a second. */
export const MAX_RECORDS: number = 1024 * 1024;

/**
 * Scopes with records in one request. Each costs up to 20 µs for the columns that its records
 * share, so a body full of scopes with one empty record each would block for minutes. A Collector's
 * batch has 8,192 records, each in a scope of its own at worst.
 */
export const MAX_SCOPES: number = 32 * 1024;

/**
 * A request that is not in normal form (scan.ts) is decoded to objects, which take up to a hundred
 * times their bytes. No encoder makes such requests, so small ones are enough.
 */
export const MAX_NOT_NORMAL_SIZE: number = 1024 * 1024;

/** Room for ranges that a list keeps for the next request. */
export const KEPT_LIST_LENGTH: number = 16 * 1024;

/** Steps along one hash chain before duplicates are looked for with a Map: hostile keys collide. */
export const MAX_CHAIN_LENGTH = 32;

/** A clock further ahead than this is wrong: no range that one looks at has what it stamped. */
export const CLOCK_AHEAD_NANOS = 300_000_000_000n;

/** 2000-01-01: earlier times are a clock that was never set (or a time in another unit). */
export const EARLIEST_PLAUSIBLE_NANOS = 946_684_800_000_000_000n;

/** Room that a fresh row writer has: about ten spans. */
export const INITIAL_ROWS_SIZE: number = 16 * 1024;

/** Row writers grown beyond this are given back after the request, not kept for the next. */
export const KEPT_ROWS_SIZE: number = 4 * 1024 * 1024;

/** Room for bodies and rows that is kept: about a second's worth of both at 100,000 spans/s. */
export const KEPT_ROOM_SIZE: number = 32 * 1024 * 1024;

/** Smaller buffers cost less than looking for them. */
export const SMALLEST_ROOM_SIZE: number = 32 * 1024;

/** Larger bodies are imports, which do not come a hundred a second. */
export const LARGEST_ROOM_SIZE: number = 4 * 1024 * 1024;
