/** Bounds of the HTTP API, each with its reason. */
export const API_LIMITS = {
  /** Items of a list unless asked otherwise: a screen and a bit. */
  defaultItems: 50,
  /** Items of one page of a list; more come by cursor. 1,000 spans are about 1.5 MB of JSON. */
  maxItems: 1000,
  /** Spans of one trace: 100,000 are what the page draws smoothly (ui.md §3). */
  maxTraceSpans: 100_000,
  /** A trace of that size is about 150 MB of JSON: the engine may take longer for it. */
  traceTimeoutMillis: 30_000,
  /** A view's description; a real one is below 1 KiB. */
  maxBodyBytes: 65_536,
  /** One page of an export may wait behind other questions. */
  exportTimeoutMillis: 60_000,
  /** Series by which a metric may be split; each is a map lookup a point. */
  maxByKeys: 8,
  /** Around a trace its services' points are listed this far: a minute-wise export has one. */
  metricsAroundNanos: 60_000_000_000n,
  /** Files of the page kept in memory with their compressed forms: all of them, a few MB. */
  maxPageFiles: 500,
} as const;
