import { DISK_LIMITS } from '../limits.js';
import { partitionSql } from './partitions.js';
import { COLUMNS, type Column, type TableName } from './schema.js';

/**
 * The DDL, generated from COLUMNS. What is ours about it:
 *   - partitions by day of records near their arrival, the others by their arrival (partitions.ts),
 *     and ORDER BY the plain time column: toDate and toDateTime wrap outside 1970–2149, and rows
 *     would vanish or be miscounted there.
 *   - time first in the key: nearly every question has a time range and most are about the last
 *     minutes; with the service first a 15-minute window touches one granule a (service, name).
 *   - retention by IngestTime: a TTL on the event's time would delete an old import on arrival.
 *   - old_parts_lifetime = 10: outdated parts stay 8 minutes otherwise (19,634 files after 22 s).
 *   - a deduplication window, so that a group inserted again with its token adds nothing.
 */
export interface TableOptions {
  /** Rows are dropped this many seconds after they arrived; 0 keeps them. */
  readonly retentionSeconds: number;
  /** fsync parts and their directory before an insert returns. */
  readonly fsync: boolean;
  /** What the tables may take together; undefined: no limit. */
  readonly maxDiskBytes?: number | undefined;
}

/** The time column of each table: its day is the partition. */
export const TIME_COLUMN: { readonly [table in TableName]: string } = {
  otel_traces: 'Timestamp',
  otel_running: 'Timestamp',
  otel_logs: 'Timestamp',
  otel_metrics_gauge: 'TimeUnix',
  otel_metrics_sum: 'TimeUnix',
  otel_metrics_histogram: 'TimeUnix',
  otel_metrics_exponential_histogram: 'TimeUnix',
  otel_metrics_summary: 'TimeUnix',
};

/** Tables without partitions. */
export const UNPARTITIONED: ReadonlySet<TableName> = new Set<TableName>(['otel_running']);

/** All tables that hold records. */
export const TABLE_NAMES: readonly TableName[] = Object.keys(COLUMNS) as TableName[];

/** Trace id → where in time its spans begin; trace-lookup.ts fills it. */
export const LOOKUP_TABLE = 'otel_traces_trace_id_ts';

/** Every table whose rows go with age or size. */
export const AGED_TABLES: readonly string[] = [
  ...TABLE_NAMES.filter((table) => table !== 'otel_running'),
  LOOKUP_TABLE,
];

/**
 * Skip indexes of a part go into one file: creating files is half of what a small insert costs
 * (54 % of its CPU was in the kernel, most of that in creating files).
 */
const PACKED_INDEX_BYTES = 1_048_576; // 1 MiB

/**
 * Parts below it are of one file, above it of some 150, all of which are made and synced: an insert
 * of one group takes 14 ms with one file and 40 with many; a first merge, at 32 MiB, took 1.8 µs of
 * CPU a span and so takes 1.3 (a million spans are 400 MB before compression). Questions about
 * single columns take 5 to 20 % more of such a part.
 */
const WIDE_PART_BYTES = 536_870_912; // 512 MiB

/**
 * How many times a row is merged. By default (5, 0) parts are merged by five, and with more than
 * ten of them sooner: 300 inserts had each row written 4.5 times again, with 16 parts at most at
 * once. So it is 2.5 times and 21 parts: a question opens a part in a tenth of a millisecond.
 */
const MERGE_SETTINGS = [
  `min_bytes_for_wide_part = ${WIDE_PART_BYTES}`,
  'merge_selector_base = 10',
  'merge_selector_blurry_base_scale_factor = 4',
  // A merge holds up to 10 MB of each part, and by default it may take a hundred of them.
  'max_parts_to_merge_at_once = 10',
  // Merges would count the distinct values of every column; no question of ours is planned by that.
  "auto_statistics_types = ''",
] as const;

/** Insert blocks whose tokens a table remembers: at most 18 a group, so at least 56 groups back. */
const DEDUPLICATION_WINDOW = 1024;

/**
 * Retention 0 is an age that nothing reaches, so that it can be altered like any other. 60 years:
 * with a clock of today it stays below the end of DateTime in 2106.
 */
const FOREVER_SECONDS = 60 * 365 * 24 * 3600;

/** A snapshot of a running span is worthless a day after it arrived. */
const RUNNING_TTL_SECONDS = 24 * 3600;

/** The name in backticks: ours only, never from input. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

function columnSql(column: Column): string {
  const defaultSql = column.default === undefined ? '' : ` DEFAULT ${column.default}`;
  const codec = column.codec === undefined ? '' : ` CODEC(${column.codec})`;
  return `${quoteName(column.name)} ${column.type}${defaultSql}${codec}`;
}

function bloom(name: string, expression: string, rate: string): string {
  return `INDEX ${name} ${expression} TYPE bloom_filter(${rate}) GRANULARITY 1`;
}

const INGEST_INDEX = 'INDEX idx_ingest IngestTime TYPE minmax GRANULARITY 1';

function attributeIndexes(prefix: string, column: string): readonly string[] {
  return [
    bloom(`idx_${prefix}_key`, `mapKeys(${column})`, '0.01'),
    bloom(`idx_${prefix}_value`, `mapValues(${column})`, '0.01'),
  ];
}

const TRACE_ID_INDEX = bloom('idx_trace_id', 'TraceId', '0.001');

const OTHER_INDEXES: { readonly [table in TableName]?: readonly string[] } = {
  otel_traces: [
    TRACE_ID_INDEX,
    ...attributeIndexes('span_attr', 'SpanAttributes'),
    'INDEX idx_duration Duration TYPE minmax GRANULARITY 1',
  ],
  otel_logs: [TRACE_ID_INDEX, ...attributeIndexes('log_attr', 'LogAttributes')],
};

function indexesOf(table: TableName): readonly string[] {
  return [...(OTHER_INDEXES[table] ?? []), INGEST_INDEX];
}

function aliasesOf(table: TableName): readonly string[] {
  // Older readers of logs ask for this column; the Collector of 0.151 has it no more.
  return table === 'otel_logs' ? ['TimestampTime DateTime ALIAS toDateTime(Timestamp)'] : [];
}

function orderOf(table: TableName): string {
  if (table === 'otel_running') return '(TraceId, SpanId)';
  return table.startsWith('otel_metrics_') ? '(MetricName, TimeUnix)' : 'Timestamp';
}

function settingsSql(options: TableOptions): string {
  const settings = [
    'index_granularity = 8192',
    'old_parts_lifetime = 10',
    // Expired parts are looked for every 5 minutes, not every 4 hours: dropping one costs nothing.
    'merge_with_ttl_timeout = 300',
    `packed_skip_index_max_bytes = ${PACKED_INDEX_BYTES}`,
    `non_replicated_deduplication_window = ${DEDUPLICATION_WINDOW}`,
    ...MERGE_SETTINGS,
    ...fsyncSettings(options.fsync),
    ...retentionSettings(options),
  ];
  return `SETTINGS ${settings.join(', ')}`;
}

function fsyncSettings(fsync: boolean): readonly string[] {
  const value = fsync ? 1 : 0;
  return [
    `fsync_after_insert = ${value}`,
    `fsync_part_directory = ${value}`,
    // A merge replaces what was synced, and ten seconds later its sources are gone.
    `min_rows_to_fsync_after_merge = ${value}`,
  ];
}

/**
 * What retention asks of parts. Usually a part goes whole when its last row has expired; under a
 * short retention that would be too late by up to a day, the span of a part. Under a limit on the
 * disk the oldest part goes, so none may be most of what there is.
 */
function retentionSettings(options: TableOptions): readonly string[] {
  const { wholePartsSeconds, minPartBytes, maxPartBytes, maxPartShare } = DISK_LIMITS;
  const isShort = options.retentionSeconds > 0 && options.retentionSeconds < wholePartsSeconds;
  const { maxDiskBytes } = options;
  const partBytes =
    maxDiskBytes === undefined
      ? maxPartBytes
      : Math.min(maxPartBytes, Math.max(minPartBytes, Math.floor(maxDiskBytes * maxPartShare)));
  return [
    // A changed retention holds for parts that are there: only their notes are written anew.
    'materialize_ttl_recalculate_only = 1',
    // Files of dropped and merged parts: a quiet table is otherwise cleaned every five minutes.
    'cleanup_delay_period = 5',
    'cleanup_delay_period_random_add = 1',
    'max_cleanup_delay_period = 10',
    `ttl_only_drop_parts = ${isShort ? 0 : 1}`,
    `max_bytes_to_merge_at_max_space_in_pool = ${partBytes}`,
  ];
}

function ttlSql(table: TableName, options: TableOptions): string {
  return table === 'otel_running' ? ageSql(RUNNING_TTL_SECONDS) : ageSql(options.retentionSeconds);
}

function ageSql(seconds: number): string {
  const age = seconds === 0 ? FOREVER_SECONDS : Math.round(seconds);
  return `TTL toDateTime(IngestTime) + toIntervalSecond(${age})`;
}

function createTable(table: TableName, options: TableOptions): string {
  const parts = [...COLUMNS[table].map(columnSql), ...aliasesOf(table), ...indexesOf(table)];
  const engine = table === 'otel_running' ? 'ReplacingMergeTree(IngestTime)' : 'MergeTree';
  const isWhole = UNPARTITIONED.has(table);
  const partition = isWhole ? '' : `PARTITION BY ${partitionSql(TIME_COLUMN[table])}`;
  return [
    `CREATE TABLE IF NOT EXISTS ${table} (\n  ${parts.join(',\n  ')}\n)`,
    `ENGINE = ${engine}`,
    partition,
    `ORDER BY ${orderOf(table)}`,
    ttlSql(table, options),
    settingsSql(options),
  ]
    .filter((line) => line !== '')
    .join('\n');
}

/** Columns as the Collector's: the earliest and the latest start of spans of the trace. */
function lookupTable(options: TableOptions): string {
  return `CREATE TABLE IF NOT EXISTS ${LOOKUP_TABLE} (
  TraceId String CODEC(ZSTD(1)),
  Start DateTime64(9) CODEC(Delta(8), ZSTD(1)),
  End DateTime64(9) CODEC(Delta(8), ZSTD(1)),
  IngestTime DateTime64(9) DEFAULT now64(9) CODEC(Delta(8), ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY ${partitionSql('Start')}
ORDER BY (TraceId, Start)
${ageSql(options.retentionSeconds)}
${settingsSql(options)}`;
}

const VIEWS_TABLE = `CREATE TABLE IF NOT EXISTS codomyrmex_views (
  Id String, View String, Updated DateTime64(9), Deleted UInt8
)
ENGINE = ReplacingMergeTree(Updated)
ORDER BY Id
SETTINGS old_parts_lifetime = 10, fsync_after_insert = 1, fsync_part_directory = 1`;

/** Every table, in the order in which they must be made. */
export function createStatements(options: TableOptions): readonly string[] {
  return [
    ...TABLE_NAMES.map((table) => createTable(table, options)),
    lookupTable(options),
    VIEWS_TABLE,
  ];
}

/** A change that an existing table may need. */
export interface Alteration {
  readonly table: string;
  /** Already as wished when the table's definition holds this text. */
  readonly holdsWhen: string;
  readonly sql: string;
}

/** Brings fsync, merging and retention of existing tables in line with this start's options. */
export function alterStatements(options: TableOptions): readonly Alteration[] {
  const settings = [
    ...MERGE_SETTINGS,
    ...fsyncSettings(options.fsync),
    ...retentionSettings(options),
  ];
  return [
    ...[...AGED_TABLES, 'otel_running'].flatMap((table) =>
      settings.map((setting) => ({
        table,
        holdsWhen: setting,
        sql: `ALTER TABLE ${table} MODIFY SETTING ${setting}`,
      })),
    ),
    ...AGED_TABLES.map((table) => retentionAlteration(table, Math.round(options.retentionSeconds))),
  ];
}

function retentionAlteration(table: string, seconds: number): Alteration {
  const interval = `toIntervalSecond(${seconds === 0 ? FOREVER_SECONDS : seconds})`;
  return {
    table,
    holdsWhen: interval,
    sql: `ALTER TABLE ${table} MODIFY TTL toDateTime(IngestTime) + ${interval}`,
  };
}
