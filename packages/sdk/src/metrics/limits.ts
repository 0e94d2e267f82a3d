/** Limits of the metrics part, each with its reason. */

/**
 * Distinct attribute sets of one instrument, the overflow set included (specification, metrics SDK,
 * "Cardinality limits"). 2,000 cells of about 300 bytes are 600 kB an instrument.
 */
export const DEFAULT_CARDINALITY_LIMIT = 2000;

/** Characters of an instrument's name (specification, metrics API, "Instrument name syntax"). */
export const MAX_INSTRUMENT_NAME_LENGTH = 255;

/** Characters of an instrument's unit (specification, metrics API, "Instrument unit"). */
export const MAX_UNIT_LENGTH = 63;

/**
 * Paths kept a cell: the same attributes in another key order find their cell by another path. Four
 * orders are more than any code base shows; the fifth is looked up by its sorted text, slower.
 */
export const MAX_PATHS_PER_CELL = 4;

/** Buckets a side of an exponential histogram (specification: default 160, scale at most 20). */
export const EXPONENTIAL_MAX_SIZE = 160;
export const EXPONENTIAL_MAX_SCALE = 20;

/** Values are doubles: −1,074 ≤ exponent < 1,024 fits two buckets at scale −10. */
export const EXPONENTIAL_MIN_SCALE = -10;

/** Milliseconds between two collections: the default of OTEL_METRIC_EXPORT_INTERVAL. */
export const DEFAULT_INTERVAL_MILLIS = 60_000;

/** Milliseconds that callbacks of one collection may take (OTEL_METRIC_EXPORT_TIMEOUT). */
export const DEFAULT_TIMEOUT_MILLIS = 30_000;

/** A point's bytes that one instrument keeps ready between collections start at this size. */
export const POINTS_INITIAL_BYTES = 256;

/** Meters of one provider and instruments of one meter: more are names that were made from data. */
export const MAX_METERS = 1000;
export const MAX_INSTRUMENTS = 10_000;

/** Distinct names `recordMetric` makes gauges for; later unknown names are dropped and counted. */
export const MAX_IMPLICIT_INSTRUMENTS = 1000;

/** Callbacks of one instrument; more are refused: someone adds one a request and never removes. */
export const MAX_CALLBACKS_PER_INSTRUMENT = 1000;

/** Exemplars that one point takes from a reservoir of the program's: 20 are the specification's. */
export const MAX_EXEMPLARS = 1024;
