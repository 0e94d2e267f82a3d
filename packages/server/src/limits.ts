/**
 * Every bound of the server, each with its reason. Sizes in bytes, times in milliseconds.
 */

/** Bounds of one commit group. */
export const GROUP_LIMITS = {
  /** 200,000 spans (75 MB) in one insert took 1.3 s and 751 MB; this bounds tiny rows. */
  maxRows: 250_000,
  /** About 40,000 spans: one insert stays at 200 to 300 ms, so nobody waits long for others. */
  maxBytes: 16_777_216, // 16 MiB
  /**
   * An insert costs about 12 ms of CPU a table whatever its size, and its merges a third of that
   * again. A steady trickle of spans may spend a ninth of a core on inserts: some eight groups a
   * second. After a quiet time five go at once, and nobody waits a fifth of a second.
   */
  spansPace: { factor: 9, burstMillis: 60, maxMillis: 200 },
  /** Logs and snapshots of running spans: two tables for a twentieth of a core. */
  othersPace: { factor: 20, burstMillis: 40, maxMillis: 350 },
  /**
   * A group with points is three to five inserts instead of one, and a chart over minutes does not
   * show two seconds. Spans and logs never wait for them. A lone export of points goes at once.
   */
  pointsPace: { factor: 32, burstMillis: 0, maxMillis: 2_000 },
  /**
   * With this much waiting the rows cost more than the insert's fixed part, so waiting saves
   * nothing: the pace falls linearly to zero at 2 MiB (about 5,000 spans).
   */
  paceFreeBytes: 2_097_152, // 2 MiB
  /** With this many requests waiting their senders set the pace, not the engine's idle time. */
  paceFreeRequests: 64,
  /**
   * Senders that come by so many are answered together and send again together: the next group
   * waits this long for them at most (and half as long as the last one took), or it would be half
   * as large for the same price.
   */
  gatherFrom: 16,
  gatherMillis: 15,
  /**
   * With this much waiting while an insert runs, the next group is taken and its redo log written
   * beside it; with less it is better taken later and larger.
   */
  earlyBytes: 4_194_304, // 4 MiB
  /** Rows that wait or are being written, all groups together; past it requests are refused. */
  maxQueuedBytes: 100_663_296, // 96 MiB; at 128 an overload through gRPC took 970 MB in all
  /** Retries of a failed insert before its requests are told to come back later. */
  insertAttempts: 3,
} as const;

/** Bounds of the lookup of traces. */
export const LOOKUP_LIMITS = {
  /** A batch costs about 10 ms of CPU whatever its size; meanwhile questions read its rows. */
  batchMillis: 1_000,
  /** So many spans go at once: a question by trace id reads them, 40 bytes each. */
  batchRows: 100_000,
  /** Groups that are told apart while they wait; more are one, and their batch reads a bit more. */
  windows: 256,
  /** A batch that failed (a full disk) is tried again this often. */
  retryMillis: 5_000,
} as const;

/** How long the hash of a stored request is known, so that a retry of it adds nothing. */
export const REQUEST_MEMORY_MILLIS = 600_000;

/**
 * Most hashes a generation holds (there are two): 3,000 requests/s for 10 minutes, at about 70
 * bytes each 126 MB at worst.
 */
export const MAX_REQUEST_HASHES = 1_800_000;

/** Bounds of reading. */
export const QUERY_LIMITS = {
  /** A query for which the engine failed to read a file that is not broken is asked again, */
  rereads: 3,
  /** this much later, then four times and sixteen times as much. */
  rereadMillis: 50,
  /** A page's question that takes longer is not live any more. */
  timeoutMillis: 10_000,
  /** One query may not take the machine: three readers at 1 GiB fit beside ingest in 4 GiB. */
  maxMemoryBytes: 1_073_741_824, // 1 GiB
  /** Queries that wait for a reader; a 257th is refused at once rather than late. */
  maxWaiting: 256,
  /** Readers beside the writer; more only share the same cores. */
  maxReaders: 3,
} as const;

/** Bounds of retention, by age and by size. */
export const DISK_LIMITS = {
  /** The least --max-disk: parts below 8 MiB would be all there is, and merges need room. */
  minBytes: 268_435_456, // 256 MiB
  /** At 10 MB/s of compressed rows the limit is passed by 50 MB; a look costs a millisecond. */
  intervalMillis: 5_000,
  /** Freed beyond the excess, so that not every look has to drop something. */
  freedShare: 0.05,
  /** Reading the arrival of every row of 20 GB takes seconds. */
  queryMillis: 60_000,
  /** No part is larger than this share: dropping one takes that much of what is kept. */
  maxPartShare: 0.03,
  /** Parts are at least allowed this size, or merges could not keep up with inserts. */
  minPartBytes: 33_554_432, // 32 MiB
  /** ClickHouse's own default: with no limit on the disk, parts merge up to 150 GiB. */
  maxPartBytes: 161_061_273_600,
  /** Below this retention, expired rows are cut out of parts that still hold newer ones. */
  wholePartsSeconds: 172_800,
} as const;

/** Bounds of finding damage. */
export const DAMAGE_LIMITS = {
  /** Lines kept for /status: a broken disk would say more than anybody reads. */
  notes: 100,
  /** Reading a part of 150 GiB at 300 MB/s takes nine minutes. */
  checkMillis: 600_000,
  /** Parts that one query may meet and set aside; then it fails. */
  attempts: 100,
  /** Checks shorter than this need no rest after them. */
  restFromMillis: 50,
} as const;

/** Bounds of deleting the records of a service. */
export const DELETE_LIMITS = {
  /** Rewriting the parts of 20 GB takes minutes; whoever asked has gone by then. */
  timeoutMillis: 300_000,
  pollMillis: 50,
} as const;

/** Caps of the engine's pools and caches (defaults reach 5 GiB a cache and 10,000 threads). */
export const ENGINE_CAPS = {
  markCacheBytes: 67_108_864, // 64 MiB
  primaryIndexCacheBytes: 67_108_864, // 64 MiB
  indexMarkCacheBytes: 33_554_432, // 32 MiB
  textIndexCacheBytes: 33_554_432, // 32 MiB
  queryConditionCacheBytes: 16_777_216, // 16 MiB
  compiledExpressionCacheBytes: 16_777_216, // 16 MiB
  /** Threads of the whole engine (177 uncapped); tasks wait for tasks, so the cap is not tight. */
  threads: 128,
  ioThreads: 16,
  /** Of loading parts at a start, and of removing old ones. */
  partThreads: 2,
  /**
   * One merge at a time: with two the same rows cost more memory (902 instead of 842 to 878 MB at
   * the peak of a minute at full rate) and less is taken (167,000 instead of 188,000 spans/s).
   */
  mergeThreads: 1,
  /** A tenth of the weight of the rest: at full rate merges wait for a quieter moment. */
  mergeNice: 10,
} as const;

/** Bounds of receiving. */
export const RECEIVE_LIMITS = {
  /** Default of --max-request-bytes: OTLP exporters send up to 4 MiB; imports more. */
  maxRequestBytes: 67_108_864, // 64 MiB
  /** All bodies in flight, taken before a byte of them is held: 20 bombs at once cost this once. */
  totalBytes: 134_217_728, // 128 MiB
  /** Told to a client that is asked to come back. */
  retryAfterMillis: 1_000,
  /** Enough for a dozen cookies and a trace context; nothing legitimate has more. */
  maxHeaderBytes: 16_384,
  headersTimeoutMillis: 10_000,
  /** A whole request, body included: a slow client is cut off within 30 s (reliability.md, 9). */
  requestTimeoutMillis: 30_000,
  keepAliveTimeoutMillis: 65_000,
  /** How often slow connections are looked for. */
  checkMillis: 5_000,
  maxConnections: 4_096,
} as const;

/** Bounds of gRPC's HTTP/2, beside those of receiving. */
export const GRPC_LIMITS = {
  /** Memory of a message at first; it doubles as bytes arrive, whatever length was claimed. */
  firstMessageBytes: 65_536, // 64 KiB
  /** A call may send this much before it hears from us: a usual batch needs no round trip. */
  streamWindowBytes: 1_048_576, // 1 MiB
  /** All calls of one connection together. */
  connectionWindowBytes: 8_388_608, // 8 MiB
  /** Calls of one connection at once; exporters have one to a few. */
  maxConcurrentStreams: 128,
  /** Characters of grpc-message: clients refuse trailers beyond 8 KiB, three bytes a character. */
  faultMessageLength: 1_000,
} as const;

/** Bounds of /status. */
export const STATUS_LIMITS = {
  /** Asked four times a second by each open page: one computation serves them all. */
  cacheMillis: 250,
  rateWindowMillis: 5_000,
  latencyWindowMillis: 60_000,
  recentRefused: 20,
  recentUnshown: 20,
  /** Counting running spans reads a table: at most every 2 s. */
  runningCacheMillis: 2_000,
} as const;

/** SIGTERM to exit (contracts.md §3: 5 s), minus room for the exit itself. */
export const SHUTDOWN_MILLIS = 4_000;
