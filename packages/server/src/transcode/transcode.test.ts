import type { MessageName, MessageTypes } from '@codomyrmex/otlp';
import { encode, encodeJson, OtlpError } from '@codomyrmex/otlp';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LOGS, METRICS, TRACES } from './fixtures/arbitrary-request.js';
import { logRows, metricRows, traceRows } from './fixtures/model.js';
import type { Row } from './fixtures/row-reader.js';
import { readRows } from './fixtures/row-reader.js';
import type { Signal } from './transcode.js';
import { transcodeJson, transcodeLogs, transcodeMetrics, transcodeTraces } from './transcode.js';
import type { Transcoded } from './transcoded.js';

const INGEST = 1_790_000_000_123_456_789n;

const SIGNALS = {
  traces: {
    arbitrary: TRACES,
    request: 'ExportTraceServiceRequest',
    rows: traceRows,
    transcode: transcodeTraces,
  },
  logs: {
    arbitrary: LOGS,
    request: 'ExportLogsServiceRequest',
    rows: logRows,
    transcode: transcodeLogs,
  },
  metrics: {
    arbitrary: METRICS,
    request: 'ExportMetricsServiceRequest',
    rows: metricRows,
    transcode: transcodeMetrics,
  },
} as const;

interface SignalCase {
  readonly arbitrary: fc.Arbitrary<object>;
  readonly request: MessageName;
  readonly rows: (request: object, ingest: bigint) => { [table: string]: Row[] };
  readonly transcode: (body: Uint8Array, ingest: bigint) => Transcoded;
}

const CASES = Object.entries(SIGNALS) as [Signal, SignalCase][];

function tablesOf(result: Transcoded): { [table: string]: Row[] } {
  return Object.fromEntries(result.batches.map((batch) => [batch.table, readRows(batch)]));
}

function encoded(name: MessageName, message: object): Uint8Array {
  return encode(name, message as MessageTypes[MessageName]);
}

describe.each(CASES)('%s', (signal, { arbitrary, request, rows, transcode }) => {
  test('rows are what the object model says, from protobuf and from JSON', () => {
    fc.assert(
      fc.property(arbitrary, (message) => {
        const expected = rows(message, INGEST);
        const body = encoded(request, message);
        const result = transcode(body, INGEST);
        expect(result.rejectedReason).toBe('');
        expect(tablesOf(result)).toEqual(expected);
        expect(result.acceptedCount).toBe(Object.values(expected).flat().length);
        const json = Buffer.from(encodeJson(request, message as MessageTypes[MessageName]));
        expect(tablesOf(transcodeJson(signal, json, INGEST))).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  test('newest time and unshown records follow the times', () => {
    fc.assert(
      fc.property(arbitrary, (message) => {
        const result = transcode(encoded(request, message), INGEST);
        const column = signal === 'metrics' ? 'TimeUnix' : 'Timestamp';
        let unshown = 0;
        let newest = 0n;
        for (const batch of result.batches) {
          const all = readRows(batch);
          const times = all.map((row) => row[column] as bigint);
          for (const [index, time] of times.entries()) {
            const end = batch.table === 'otel_traces' ? (all[index]?.['EndTime'] as bigint) : time;
            newest = end > newest ? end : newest;
            const isShown = time >= 946_684_800_000_000_000n && time <= INGEST + 300_000_000_000n;
            unshown += isShown ? 0 : 1;
          }
        }
        expect(result.newestTime).toBe(newest);
        expect(result.unshown.reduce((sum, entry) => sum + entry.count, 0)).toBe(unshown);
      }),
      { numRuns: 100 },
    );
  });

  test('every truncation and thousands of mutations are rows or an OtlpError', () => {
    const samples = fc.sample(arbitrary, { numRuns: 12, seed: 17 });
    const bodies = samples.map((message) => encoded(request, message)).filter((b) => b.length > 0);
    const run = (body: Uint8Array): boolean => {
      try {
        for (const batch of transcode(body, INGEST).batches) {
          readRows(batch);
        }
        return true;
      } catch (error) {
        expect(error).toBeInstanceOf(OtlpError);
        return false;
      }
    };
    for (const body of bodies.slice(0, 3)) {
      for (let size = 0; size < Math.min(body.length, 2_000); size++) {
        run(body.slice(0, size));
      }
    }
    let refused = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...bodies),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 }),
        (body, changes) => {
          const mutated = body.slice();
          for (const [at, value] of changes) {
            mutated[at % mutated.length] = value;
          }
          refused += run(mutated) ? 0 : 1;
        },
      ),
      { numRuns: 3_000 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  test('an empty request gives no rows', () => {
    const result = transcode(new Uint8Array(), INGEST);
    expect([result.batches, result.acceptedCount, result.newestTime]).toEqual([[], 0, 0n]);
  });
});
