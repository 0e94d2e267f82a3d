import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { GROUP_LIMITS } from '../limits.js';
import { type CommitNotice, type CommitRequest, CommitUnavailable } from './commit.js';
import { openDataDirectory } from './data-directory.js';
import { EmbeddedEngine } from './embedded-engine.js';
import { EngineError, type RowsInsert } from './engine.js';
import { batchOf, requestOf, spanRequest } from './fixtures/requests.js';
import { rowBatch } from './fixtures/row-binary.js';
import type { CommitObserver } from './commit-observer.js';
import { GroupCommit } from './group-commit.js';
import { migrate } from './migrations.js';
import { RedoLog } from './redo-log.js';
import { RequestHashes } from './request-hashes.js';
import { TraceLookup } from './trace-lookup.js';

const root = mkdtempSync(join(tmpdir(), 'codomyrmex-commit-'));
const directory = openDataDirectory(root);
let engine: EmbeddedEngine;

beforeAll(async () => {
  engine = await EmbeddedEngine.open(directory);
  await migrate(engine, { retentionSeconds: 0, fsync: false }, '0.0.0-test');
});

afterAll(async () => {
  await engine.close();
  rmSync(root, { recursive: true, force: true });
});

const inUse: GroupCommit[] = [];

afterEach(async () => {
  await Promise.all(inUse.map((commits) => commits.close()));
  inUse.length = 0;
});

/** An engine whose inserts a test can hold up or break; what it lets through is real. */
class FaultyEngine {
  readonly tried: RowsInsert[] = [];
  fault: (insert: RowsInsert) => Promise<void> | void = () => undefined;

  async insert(insert: RowsInsert): Promise<void> {
    this.tried.push(insert);
    await this.fault(insert);
    await engine.insert(insert);
  }
}

interface Setup {
  readonly commits: GroupCommit;
  readonly faulty: FaultyEngine;
  readonly notices: CommitNotice[];
  readonly dropped: Map<string, number>;
  readonly troubles: string[];
}

async function setUp(
  redo: RedoLog = new RedoLog(directory.redo, true),
  recover = true,
): Promise<Setup> {
  const faulty = new FaultyEngine();
  const dropped = new Map<string, number>();
  const troubles: string[] = [];
  const observer: CommitObserver = {
    committed: () => undefined,
    answered: () => undefined,
    dropped: (reason, rows) => dropped.set(reason, rows),
    trouble: (message) => troubles.push(message),
  };
  const hashes = await RequestHashes.open({
    directory: directory.hashes,
    memoryMillis: 600_000,
    maxHashes: 1_000,
    fsync: false,
    now: Date.now,
  });
  const now = BigInt(Date.now()) * 1_000_000n;
  const lookup = new TraceLookup({ engine, redo, observer }, now);
  const commits = new GroupCommit({ engine: faulty, redo, hashes, observer, lookup });
  inUse.push(commits);
  const notices: CommitNotice[] = [];
  commits.onCommit((notice) => notices.push(notice));
  if (recover) await commits.recover();
  return { commits, faulty, notices, dropped, troubles };
}

async function count(table: string, service: string): Promise<number> {
  const [row] = await engine.query<{ n: string }>(
    `SELECT count() AS n FROM ${table} WHERE ServiceName = {service:String}`,
    { service },
  );
  return Number(row?.n);
}

describe('group commit', () => {
  it('stores a lone request at once, readable when it resolves; no redo log stays', async () => {
    const { commits, notices } = await setUp();
    const request = spanRequest('lone');
    await commits.commit(request);
    expect(await count('otel_traces', 'lone')).toBe(1);
    expect(notices).toEqual([
      { rows: { otel_traces: 1 }, ingestFrom: request.ingestTime, ingestTo: request.ingestTime },
    ]);
    expect(commits.queuedBytes).toBe(0);
    await commits.close();
    expect(readdirSync(directory.redo)).toEqual([]);
  });

  it('has spans not wait for points, which go together at a pace of their own', async () => {
    const { commits, notices } = await setUp();
    const points = (name: string): CommitRequest =>
      requestOf(name, [batchOf('otel_metrics_sum', name), batchOf('otel_metrics_gauge', name)]);
    await commits.commit(points('points 1'));
    const later = [commits.commit(points('points 2')), commits.commit(points('points 3'))];
    await commits.commit(spanRequest('beside points'));
    await Promise.all(later);
    expect(notices.map((notice) => notice.rows)).toEqual([
      { otel_metrics_sum: 1, otel_metrics_gauge: 1 },
      { otel_traces: 1 },
      { otel_metrics_sum: 2, otel_metrics_gauge: 2 },
    ]);
  });

  it('stores the same request once: while it is stored, later, and after a restart', async () => {
    const { commits } = await setUp();
    const request = spanRequest('twice');
    await Promise.all([commits.commit(request), commits.commit(request)]);
    await commits.commit(request);
    await commits.close();
    const again = await setUp();
    await again.commits.commit(request);
    expect(again.faulty.tried).toEqual([]);
    expect(await count('otel_traces', 'twice')).toBe(1);
  });

  it('gathers what arrives meanwhile into few groups, each record once', async () => {
    const { commits, faulty, notices } = await setUp();
    const names = Array.from({ length: 200 }, (_, index) => `many-${index}`);
    await Promise.all(names.map((name) => commits.commit(spanRequest(name))));
    const [row] = await engine.query(
      `SELECT count() AS rows, uniqExact(ServiceName) AS names
       FROM otel_traces WHERE ServiceName LIKE 'many-%'`,
    );
    expect(row).toEqual({ rows: '200', names: '200' });
    expect(faulty.tried.length).toBeLessThan(20);
    const announced = notices.reduce((sum, notice) => sum + (notice.rows.otel_traces ?? 0), 0);
    expect(announced).toBe(200);
  });

  it('stores a request of every table', async () => {
    const { commits, notices } = await setUp();
    const tables = ['otel_traces', 'otel_running', 'otel_logs', 'otel_metrics_summary'] as const;
    await commits.commit(
      requestOf(
        'tables',
        tables.map((table) => batchOf(table, 'tables')),
      ),
    );
    for (const table of tables) expect(await count(table, 'tables')).toBe(1);
    expect(notices[0]?.rows).toEqual(Object.fromEntries(tables.map((table) => [table, 1])));
  });

  it('answers a request without rows without storing', async () => {
    const { commits, faulty } = await setUp();
    await commits.commit(requestOf('empty', []));
    expect(faulty.tried).toEqual([]);
    const none = { ...batchOf('otel_logs', 'none'), rowCount: 0 };
    await commits.commit(requestOf('none', [none]));
    await commits.commit(spanRequest('after-empty'));
    expect(await count('otel_traces', 'after-empty')).toBe(1);
  });

  it('stores a request of ten thousand days beside a good one, in one insert', async () => {
    const { commits, faulty } = await setUp();
    const days = [...Array.from({ length: 9_997 }, (_, day) => 3 * day), -30_000, 50_000, 100_000];
    const first = commits.commit(spanRequest('days-first')); // the rest gathers behind it
    const eons = commits.commit(requestOf('days', [batchOf('otel_traces', 'days', days)]));
    await Promise.all([first, eons, commits.commit(spanRequest('days-neighbour'))]);
    expect(await count('otel_traces', 'days')).toBe(10_000);
    expect(await count('otel_traces', 'days-neighbour')).toBe(1);
    expect(faulty.tried.length).toBeLessThanOrEqual(2);
    await commits.close();
    const [lookup] = await engine.query<{ n: string }>(
      "SELECT count() AS n FROM otel_traces_trace_id_ts WHERE TraceId LIKE 'days-%'",
    );
    expect(lookup).toEqual({ n: '10002' });
  });

  it('refuses the culprit of a group alone', async () => {
    const { commits, faulty, dropped } = await setUp();
    const gate = hold(faulty);
    const first = commits.commit(spanRequest('split-first')); // the rest gathers behind it
    await gate.reached;
    const good = Array.from({ length: 6 }, (_, index) => spanRequest(`split-good-${index}`));
    const bad = batchOf('otel_traces', 'split-bad');
    const cut = { ...bad, bytes: bad.bytes.subarray(0, -2) };
    const requests = [...good.slice(0, 3), requestOf('split-bad', [cut]), ...good.slice(3)];
    const outcomes = requests.map((request) => commits.commit(request));
    gate.open();
    await first;
    const settled = await Promise.allSettled(outcomes);
    expect(settled.map((outcome) => outcome.status === 'fulfilled')).toEqual(
      requests.map((_, index) => index !== 3),
    );
    expect(settled[3]).toMatchObject({ reason: { name: 'CommitRefused' } });
    for (let index = 0; index < 6; index += 1) {
      expect(await count('otel_traces', `split-good-${index}`)).toBe(1);
    }
    expect(await count('otel_traces', 'split-bad')).toBe(0);
    expect(dropped).toEqual(new Map([['refused by the store', 1]]));
    await commits.close();
    expect(readdirSync(directory.redo)).toEqual([]);
  });

  it('does not store twice what went in before the culprit was found', async () => {
    const { commits, faulty } = await setUp();
    const gate = hold(faulty);
    const first = commits.commit(spanRequest('half-first'));
    await gate.reached;
    const bad = batchOf('otel_logs', 'half-bad');
    const outcomes = [
      requestOf('half-a', [batchOf('otel_traces', 'half'), batchOf('otel_logs', 'half')]),
      requestOf('half-b', [{ ...bad, bytes: bad.bytes.subarray(1) }]),
      requestOf('half-c', [batchOf('otel_traces', 'half'), batchOf('otel_logs', 'half')]),
    ].map((request) => commits.commit(request));
    gate.open();
    await first;
    await Promise.allSettled(outcomes);
    expect(await count('otel_traces', 'half')).toBe(2);
    expect(await count('otel_logs', 'half')).toBe(2);
  });

  it('tries an insert again that failed for lack of something', async () => {
    const { commits, faulty, troubles } = await setUp();
    let failures = 2;
    faulty.fault = () => {
      failures -= 1;
      if (failures >= 0) throw new EngineError(243, 'Cannot reserve 1.00 MiB, not enough space');
    };
    await commits.commit(spanRequest('again'));
    expect(await count('otel_traces', 'again')).toBe(1);
    expect(troubles.length).toBe(2);
  });

  it('keeps a group that cannot be inserted for later, and stores it once', async () => {
    const { commits, faulty } = await setUp();
    // The rows get in, and then the engine says that it failed: the worst of both.
    faulty.fault = async (insert) => {
      await engine.insert(insert);
      throw new EngineError(243, 'not enough space');
    };
    const request = spanRequest('later');
    await expect(commits.commit(request)).rejects.toBeInstanceOf(CommitUnavailable);
    expect(readdirSync(directory.redo).length).toBe(2);
    faulty.fault = () => undefined;
    // Its sender tries again: the rows may be in, so it has to wait for the redo log.
    await expect(commits.commit(request)).rejects.toBeInstanceOf(CommitUnavailable);
    await commits.commit(spanRequest('later-other'));
    await commits.close();
    const next = await setUp();
    expect(next.faulty.tried.length).toBe(1);
    await next.commits.commit(request);
    expect(next.faulty.tried.length).toBe(1);
    expect(await count('otel_traces', 'later')).toBe(1);
    await next.commits.close();
    expect(readdirSync(directory.redo)).toEqual([]);
  });

  it('refuses beyond its bytes and takes again when there is room', async () => {
    const { commits, faulty } = await setUp();
    const gate = hold(faulty);
    const name = 'x'.repeat(GROUP_LIMITS.maxQueuedBytes / 2 + 1);
    const big = rowBatch('otel_traces', [{ SpanName: name }]);
    const first = commits.commit(requestOf('big-1', [big])).catch(() => undefined);
    await gate.reached;
    const second = commits.commit(requestOf('big-2', [big]));
    await expect(second).rejects.toMatchObject({
      name: 'CommitUnavailable',
      retryAfterMillis: 1_000,
    });
    faulty.fault = () => {
      throw new EngineError(27, 'nothing so large');
    };
    gate.open();
    await first;
    faulty.fault = () => undefined;
    await commits.commit(spanRequest('room'));
    expect(await count('otel_traces', 'room')).toBe(1);
  });

  it('takes nothing while the redo log cannot be written, and heals by itself', async () => {
    const elsewhere = join(root, 'elsewhere');
    const { commits, faulty, troubles } = await setUp(new RedoLog(elsewhere, true), false);
    const request = spanRequest('disk-full');
    await expect(commits.commit(request)).rejects.toBeInstanceOf(CommitUnavailable);
    expect(faulty.tried).toEqual([]);
    expect(troubles[0]).toMatch(/cannot write the redo log/);
    mkdirSync(elsewhere);
    await commits.commit(request);
    expect(await count('otel_traces', 'disk-full')).toBe(1);
  });

  it('stores what is queued before it closes, and nothing after', async () => {
    const { commits } = await setUp();
    const names = Array.from({ length: 20 }, (_, index) => `closing-${index}`);
    const stored = names.map((name) => commits.commit(spanRequest(name)));
    await commits.close();
    await Promise.all(stored);
    const late = commits.commit(spanRequest('closing-late'));
    await expect(late).rejects.toBeInstanceOf(CommitUnavailable);
  });

  it('survives a listener that throws', async () => {
    const { commits, notices, troubles } = await setUp();
    const remove = commits.onCommit(() => {
      throw new Error('a page went away');
    });
    await commits.commit(spanRequest('listener'));
    expect(troubles).toEqual(['a commit listener failed: a page went away']);
    remove();
    await commits.commit(spanRequest('listener-2'));
    expect(troubles.length).toBe(1);
    expect(notices.length).toBe(2);
  });
});

/** Holds inserts up until `open`; `reached` resolves when the first one waits. */
function hold(faulty: FaultyEngine): { reached: Promise<void>; open(): void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    faulty.fault = async () => {
      resolve();
      await opened;
    };
  });
  return {
    reached,
    open: () => {
      faulty.fault = () => undefined;
      open();
    },
  };
}
