import type { RowBatch } from '../store/commit.js';
import type { TableName } from '../store/schema.js';
import {
  CLOCK_AHEAD_NANOS,
  EARLIEST_PLAUSIBLE_NANOS,
  MAX_RECORDS,
  MAX_ROWS_SIZE,
  MAX_SCOPES,
} from './limits.js';
import { Rejection } from './rejection.js';
import { RowWriter } from './row-writer.js';
import type { Transcoded } from './transcoded.js';
import { OtlpError } from '@codomyrmex/otlp';

/** Times are compared in units of 2^16 ns: their upper 48 bits are exact in a double. */
const UNIT_BITS = 16;

function unitsOf(low: number, high: number): number {
  return high * 65_536 + (low >>> UNIT_BITS);
}

/** The rows of one table, gathered over a request. */
export class TableRows {
  readonly table: TableName;
  readonly writer: RowWriter = new RowWriter();
  #rowCount = 0;

  constructor(table: TableName) {
    this.table = table;
  }

  reset(): void {
    this.writer.reset();
    this.#rowCount = 0;
  }

  /** Counts a finished row. */
  add(): void {
    this.#rowCount++;
  }

  batch(): RowBatch | undefined {
    if (this.#rowCount === 0) {
      return undefined;
    }
    return {
      table: this.table,
      rowCount: this.#rowCount,
      bytes: this.writer.finishRows(),
    };
  }
}

function tooLarge(offset: number, what: string): OtlpError {
  return new OtlpError('too_large', offset, `the request holds ${what}: send fewer at once`);
}

const TOO_LATE = 'its time is more than 5 minutes in the future: check the sender’s clock';
const TOO_EARLY =
  'its time is before the year 2000: the clock is not set, or the time is not in nanoseconds';

/** What became of a request's records, besides rows. */
export class Outcome {
  acceptedCount = 0;
  rejectedCount = 0;
  rejectedReason = '';
  readonly #unshown = new Map<string, { service: string; reason: string; count: number }>();
  readonly #latest: number;
  readonly #earliest: number = Number(EARLIEST_PLAUSIBLE_NANOS >> BigInt(UNIT_BITS));
  #scopeCount = 0;
  #recordCount = 0;
  #rowsSize = 0;
  #newestLow = 0;
  #newestHigh = 0;

  constructor(ingestTime: bigint) {
    this.#latest = Number((ingestTime + CLOCK_AHEAD_NANOS) >> BigInt(UNIT_BITS));
  }

  /** Counts a scope before it is read. Throws OtlpError `too_large`. */
  beginScope(offset: number): void {
    this.#scopeCount++;
    if (this.#scopeCount > MAX_SCOPES) {
      throw tooLarge(offset, `more than ${MAX_SCOPES} scopes`);
    }
  }

  /** Counts records before they are read. Throws OtlpError `too_large`. */
  beginRecords(count: number, offset: number): void {
    this.#recordCount += count;
    if (this.#recordCount > MAX_RECORDS) {
      throw tooLarge(offset, `more than ${MAX_RECORDS} records`);
    }
  }

  /** Counts bytes of rows, or of columns made for rows. Throws OtlpError `too_large`. */
  addSize(size: number, offset: number): void {
    this.#rowsSize += size;
    if (this.#rowsSize > MAX_ROWS_SIZE) {
      throw tooLarge(offset, `records that make more than ${MAX_ROWS_SIZE >>> 20} MiB of rows`);
    }
  }

  reject(count: number, reason: string): void {
    if (this.rejectedCount === 0) {
      this.rejectedReason = reason;
    }
    this.rejectedCount += count;
  }

  /** Takes the begun row back and counts it, for a Rejection; throws any other error. */
  rejectRow(rows: TableRows, before: number, error: unknown): void {
    if (!(error instanceof Rejection)) {
      throw error;
    }
    rows.writer.size = before;
    this.reject(1, error.reason);
  }

  /** Counts the row that was written from `before` on. Throws OtlpError `too_large`. */
  acceptRow(rows: TableRows, before: number, offset: number): void {
    this.addSize(rows.writer.size - before, offset);
    rows.add();
    this.acceptedCount++;
  }

  /** Says where an accepted record of `service` shows on the time axis. */
  shows(service: string, low: number, high: number): void {
    const units = unitsOf(low, high);
    if (units > this.#latest || units < this.#earliest) {
      this.#unshows(service, low, high);
    }
  }

  #unshows(service: string, low: number, high: number): void {
    const reason = unitsOf(low, high) > this.#latest ? TOO_LATE : TOO_EARLY;
    const key = `${reason}\0${service}`;
    const entry = this.#unshown.get(key);
    if (entry === undefined) {
      this.#unshown.set(key, { service, reason, count: 1 });
    } else {
      entry.count++;
    }
  }

  /** Freshness is measured from the newest of these. Both halves signed, the time not negative. */
  sawTime(low: number, high: number): void {
    if (high > this.#newestHigh || (high === this.#newestHigh && low >>> 0 > this.#newestLow)) {
      this.#newestHigh = high;
      this.#newestLow = low >>> 0;
    }
  }

  result(tables: readonly TableRows[]): Transcoded {
    const batches: RowBatch[] = [];
    for (const table of tables) {
      const batch = table.batch();
      if (batch !== undefined) {
        batches.push(batch);
      }
    }
    return {
      batches,
      acceptedCount: this.acceptedCount,
      rejectedCount: this.rejectedCount,
      rejectedReason: this.rejectedReason,
      unshown: [...this.#unshown.values()],
      newestTime: (BigInt(this.#newestHigh) << 32n) | BigInt(this.#newestLow),
    };
  }
}
