/** The official SDK's defaults, which are the specification's, under /otel. */

/** OTEL_BSP_MAX_QUEUE_SIZE, OTEL_BLRP_MAX_QUEUE_SIZE: records that wait for an exporter. */
export const QUEUE_RECORDS = 2048;
/** OTEL_BSP_MAX_EXPORT_BATCH_SIZE, OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: records in one export. */
export const BATCH_RECORDS = 512;
/** OTEL_BSP_EXPORT_TIMEOUT, OTEL_BLRP_EXPORT_TIMEOUT: one export is given up after this long. */
export const EXPORT_TIMEOUT_MILLIS = 30_000;
/** TracerProvider's forceFlush gives up on one processor after this long. */
export const FORCE_FLUSH_TIMEOUT_MILLIS = 30_000;
/** PeriodicExportingMetricReader's interval. */
export const METRIC_INTERVAL_MILLIS = 60_000;
/** Attribute sets of one instrument, the overflow set included. */
export const CARDINALITY = 2000;
