/** Bounds of the live connection, each with its reason. */
export const LIVE_LIMITS = {
  /** Pages at once; each holds a socket and at most one frame a subscription. */
  maxConnections: 200,
  /** Subscriptions of one page: a screen with 12 charts has about 20. */
  maxSubscriptions: 100,
  /** A message of a page; the longest query is 8 kB. */
  maxMessageBytes: 1_048_576,
  /** Rows of a list's snapshot unless asked otherwise, and at most. */
  defaultItems: 200,
  maxItems: 1000,
  /** Changed rows kept for a page that is slow to acknowledge; older ones count as skipped. */
  pendingItems: 200,
  /** Spans in one frame of a trace (about 3 MB); the rest follows in the next. */
  traceFrameSpans: 2000,
  maxTraceSpans: 100_000,
  /** Rows that a subscription remembers (50 bytes each), so that none is sent twice unchanged. */
  sentItems: 4000,
  /** Lists: at most 20 frames a second (ui.md §4). */
  listIntervalMillis: 50,
  /** States (services, series, …): at most 5 a second, so that 4 are reached. */
  stateIntervalMillis: 200,
  /**
   * A list asks again no sooner than this many times its last question's length after its start:
   * it takes at most a fifth of a reader, whatever it costs.
   */
  listCostFactor: 5,
  /** The same of all states together: 20 charts slow each other down, not the machine. */
  stateCostFactor: 7,
  /** For windows that move with the clock and for rows that another process wrote. */
  pollMillis: 2000,
  /** Rows of another process may arrive this late behind their IngestTime. */
  pollOverlapNanos: 3_000_000_000n,
  /** A question that failed counts as this long: the next one comes a second later. */
  failedMillis: 200,
  /** A live question that takes longer has lost its point. */
  queryTimeoutMillis: 5000,
  /** A sender's clock may be this far ahead. */
  clockToleranceNanos: 5_000_000_000n,
  pingMillis: 15_000,
  /** POST /display waits this long for the pages. */
  announceMillis: 2000,
} as const;
