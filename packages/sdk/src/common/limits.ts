/** Every limit of the SDK with its reason. Sizes are in bytes unless the name says otherwise. */

/** Attributes that a span, event, link, log record or point keeps: the specification's default. */
export const ATTRIBUTE_COUNT = 128;
/** Events and links a span keeps: the specification's default. */
export const EVENT_COUNT = 128;
export const LINK_COUNT = 128;
/** Nested attribute values deeper than this are cut: backends refuse or ignore deeper ones. */
export const ATTRIBUTE_DEPTH = 8;
/** Elements of one array or map value that are kept: one value stays under a megabyte or so. */
export const ATTRIBUTE_ELEMENTS = 4096;
/** A name or string longer than this many UTF-16 units is cut even without a configured limit. */
export const STRING_LENGTH = 1_048_576;

/**
 * Records wait in at most this much memory, all signals together; more is dropped and counted. A
 * dead backend may cost a program 30 MB (reliability.md): 16 MiB waiting leave room for the chunk
 * under construction and the requests under way. It is 80,000 spans or so.
 */
export const QUEUE_BYTES: number = 16 * 1024 * 1024;
/**
 * The same while the backend takes records: a program at full rate writes 120 MB/s, and what stops
 * the backend or the sender for a third of a second should cost no span.
 */
export const BURST_QUEUE_BYTES: number = 64 * 1024 * 1024;
/** It takes records when it took some within this time: two of its answers, were they slow. */
export const TAKEN_LATELY_MILLIS = 2000;
/** So long after its first record a program may hope for a backend that it has not heard of. */
export const HOPE_MILLIS = 1000;
/** One request's body before compression: well below a Collector's default limit of 20 MiB. */
export const EXPORT_BYTES: number = 2 * 1024 * 1024;
/** The same for OTLP/JSON, as protobuf: about 1,300 spans, some 30 ms of encoding. */
export const JSON_EXPORT_BYTES: number = 256 * 1024;
/**
 * A chunk is closed at this size: about four thousand spans. Each costs two messages between the
 * threads and a request; at a quarter of the size these were a fifth of a span's cost.
 */
export const CHUNK_BYTES: number = 1024 * 1024;
/** Where less is asked for, by a small queue or request: four records of the largest usual size. */
export const CHUNK_LEAST_BYTES: number = 64 * 1024;
/** So many chunks fit in a queue of any size, or dropping one would drop nearly all there is. */
export const CHUNKS_QUEUED = 8;
/** The smallest chunk: an idle program's single span should not take a quarter of a megabyte. */
export const CHUNK_MINIMUM_BYTES: number = 4 * 1024;
/** Requests under way at once: enough for 60,000 spans/s into a backend that answers in 20 ms. */
export const POSTS_IN_FLIGHT = 4;
/**
 * An answer is read up to this size, the rest is not waited for. A partial success takes under
 * 1 KiB; reliability.md allows 4 MiB, but a dozen of those between two garbage collections would
 * be more memory than a backend's fault may cost.
 */
export const ANSWER_BYTES: number = 256 * 1024;

/** Delay of a batch on loopback: a person watching a live page should not notice it. */
export const LOOPBACK_DELAY_MILLIS = 50;
/** OTEL_BSP_SCHEDULE_DELAY and OTEL_BLRP_SCHEDULE_DELAY: the specification's defaults. */
export const BATCH_DELAY_MILLIS = 5000;
export const LOG_BATCH_DELAY_MILLIS = 1000;
/** OTEL_EXPORTER_OTLP_TIMEOUT: the specification's default, retries included. */
export const EXPORT_TIMEOUT_MILLIS = 10_000;
/** forceFlush and shutdown give up after this long: a program must be able to end. */
export const FLUSH_TIMEOUT_MILLIS = 4000;
/** Of these, shutdown waits this long for answers; the rest is for counting what is dropped. */
export const SHUTDOWN_FLUSH_MILLIS = 3500;
/** The sender thread needs a turn of its loop to count what it drops; a stuck one is ended. */
export const CLOSE_WAIT_MILLIS = 400;
/** In process 'exit' nothing else can run; one second is what contracts.md allows, ... */
export const EXIT_WAIT_MILLIS = 900;
/** ... with the moment in which the sender thread counts what it drops, or says that it is safe. */
export const ABANDON_WAIT_MILLIS = 100;
/** How often it is looked whether a thread has started, in 'exit', where nobody can say so. */
export const START_POLL_MILLIS = 2;

/** Retry delays: 1 s doubling to 5 s as other SDKs do; a server's Retry-After up to 30 s counts. */
export const RETRY_FIRST_MILLIS = 1000;
export const RETRY_LAST_MILLIS = 5000;
/** At the end of a program pauses are short, and a network that fails this often is given up. */
export const LAST_PAUSE_MILLIS = 250;
export const LAST_ATTEMPTS = 3;
/** Idle connections may all have been closed: as many as there are, and then one that is new. */
export const STALE_ATTEMPTS: number = POSTS_IN_FLIGHT + 1;
/** A batch is tried for a minute in all; the queue's byte limit bounds what waits behind it. */
export const RETRY_TOTAL_MILLIS = 60_000;
export const RETRY_AFTER_LAST_MILLIS = 30_000;

/** Default size of the spill: ten minutes of 1,000 spans/s at 200 bytes, four times over. */
export const SPILL_BYTES: number = 512 * 1024 * 1024;
/** A smaller spill would not hold one request of full size and the next. */
export const SPILL_LEAST_BYTES: number = 8 * 1024 * 1024;
/** A spill file: it is read whole to be sent, and dropped whole when room is needed. */
export const SPILL_SEGMENT_BYTES: number = 4 * 1024 * 1024;
/** How often abandoned spills are looked for, and this process's is said to be alive. */
export const SPILL_ROUND_MILLIS = 15_000;
/** A spill of another machine or container that was not said to be alive for this long is free. */
export const SPILL_STALE_MILLIS = 120_000;

/** W3C Baggage: at most 64 members and 8,192 bytes are propagated. */
export const BAGGAGE_MEMBERS = 64;
export const BAGGAGE_BYTES = 8192;
/** W3C Trace Context: at most 32 members in a tracestate, or it is dropped. */
export const TRACESTATE_MEMBERS = 32;
/** A header longer than this is not looked at: a real one stays under Node's 16 KiB for all. */
export const HEADER_LENGTH = 16_384;

/** A diagnostic line at most this often (reliability.md 10); what was held back is counted. */
export const DIAGNOSTIC_INTERVAL_MILLIS = 60_000;

/**
 * Encoded attributes are kept for reuse: 1,000 keys × 16 values × about 100 bytes is 1.6 MB at the
 * worst. A key with more values than that is taken for unbounded and no longer kept.
 */
export const CACHED_KEYS = 1000;
export const CACHED_VALUES = 16;
/** Longer keys, values and names are rarely repeated, and copying them is cheap anyway. */
export const CACHED_LENGTH = 96;
/** Span and event names kept encoded; a program with more builds names from data. */
export const CACHED_NAMES = 1000;
/** With each name the attributes last written after it, so that most are found by comparing. */
export const CACHED_SLOTS = 32;

/** Running spans (contracts.md §3): shown at this age, again at most this often, a sign of life. */
export const LIVE_AGE_MILLIS = 100;
export const LIVE_AGAIN_MILLIS = 1000;
export const LIVE_HEARTBEAT_MILLIS = 5000;
/** The timer rests after a second without an open span. */
export const LIVE_IDLE_TICKS = 10;
/** Open spans that are followed. A program with more forgets to end them; 2 MB or so are held. */
export const LIVE_SPANS = 10_000;
