import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { traceStarts } from '../query/trace.js';
import { deleteService } from './delete-data.js';
import { batchOf, requestOf, SOME_DAY, spanRequest } from './fixtures/requests.js';
import { openStore, type Store } from './open-store.js';
import { lookupOf, type TraceLookup } from './trace-lookup.js';

const dataDir = mkdtempSync(join(tmpdir(), 'codomyrmex-lookup-'));
const troubles: string[] = [];
let store: Store;
let lookup: TraceLookup;

beforeAll(async () => {
  const observer = {
    committed: () => undefined,
    answered: () => undefined,
    dropped: () => undefined,
    trouble: (message: string) => void troubles.push(message),
  };
  const options = { retentionSeconds: 0, fsync: false, release: '0.0.0-test' };
  store = await openStore({ ...options, dataDir, observer });
  const found = lookupOf(store.engine);
  if (found === undefined) throw new Error('the store has no lookup');
  lookup = found;
});

afterAll(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function lookupRows(traceId: string): Promise<number> {
  const [row] = await store.engine.query<{ rows: string }>(
    'SELECT count() AS rows FROM otel_traces_trace_id_ts WHERE TraceId = {id:String}',
    { id: traceId },
  );
  return Number(row?.rows);
}

describe('the lookup of traces', () => {
  it('knows a trace as soon as it is stored, and has it once when its batch is in', async () => {
    const at = BigInt(SOME_DAY) * 86_400_000_000_000n + 1_000n;
    await store.commits.commit(spanRequest('fresh'));
    expect(lookup.pending).toBeDefined();
    const asking = { engine: store.engine };
    expect(await traceStarts(asking, 'fresh-0')).toEqual({ from: at, to: at + 1n });
    await lookup.flush();
    expect(lookup.pending).toBeUndefined();
    expect(await lookupRows('fresh-0')).toBe(1);
    expect(await traceStarts(asking, 'fresh-0')).toEqual({ from: at, to: at + 1n });
    expect(await traceStarts(asking, 'nobody')).toBeUndefined();
  });

  it('takes many days at once, more than an insert of spans may touch', async () => {
    for (const part of [0, 1, 2]) {
      const days = Array.from({ length: 60 }, (_, index) => 10_000 + 100 * part + index);
      await store.commits.commit(
        requestOf(`wide${part}`, [batchOf('otel_traces', `wide${part}`, days)]),
      );
    }
    await lookup.flush();
    expect(troubles).toEqual([]);
    expect(await lookupRows('wide2-59')).toBe(1);
  });

  it('adds only what is missing when it cannot tell what was written', async () => {
    await store.commits.commit(spanRequest('again'));
    const window = lookup.pending;
    await lookup.flush();
    if (window === undefined) throw new Error('nothing was pending');
    lookup.add(window);
    await lookup.flush();
    expect(await lookupRows('again-0')).toBe(1);
    await store.engine.command('TRUNCATE TABLE otel_traces_trace_id_ts');
    lookup.add(window);
    await lookup.flush();
    expect(await lookupRows('again-0')).toBe(1);
  });

  it('forgets the traces of a deleted service, but for those that others share', async () => {
    const alone = batchOf('otel_traces', 'alone');
    await store.commits.commit(requestOf('alone', [alone]));
    await store.commits.commit(requestOf('shared', [batchOf('otel_traces', 'shared')]));
    // Another service with a span of the same trace.
    await store.engine.write(
      `INSERT INTO otel_traces (Timestamp, TraceId, ServiceName)
       SELECT Timestamp, TraceId, 'other' FROM otel_traces WHERE ServiceName = 'shared'`,
    );
    await deleteService(store.engine, 'alone');
    await deleteService(store.engine, 'shared');
    expect(await lookupRows('alone-0')).toBe(0);
    expect(await lookupRows('shared-0')).toBe(1);
    const left = await store.engine.query(
      `SELECT ServiceName AS name FROM otel_traces WHERE TraceId IN ('alone-0', 'shared-0')`,
    );
    expect(left).toEqual([{ name: 'other' }]);
  });
});
