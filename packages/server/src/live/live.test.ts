import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { LiveQuery, LogRecord, Span, TraceRow } from '@codomyrmex/telemetry-query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import { startServer, type RunningServer } from '../main.js';

interface Frame {
  readonly op: string;
  readonly id: number;
  readonly seq: number;
  readonly data: unknown;
  readonly code?: string;
  readonly column?: number;
}

interface Rows {
  readonly items: readonly unknown[];
  readonly spans: readonly Span[];
  readonly skipped: number;
}

/** A page: acknowledges each frame when it is read, or not at all. */
class Page {
  readonly #socket: WebSocket;
  readonly #frames: Frame[] = [];
  #wake: (() => void) | undefined;
  acknowledges = true;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.#socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/live`, { headers });
    this.#socket.on('message', (data) => {
      this.#frames.push(JSON.parse(String(data)) as Frame);
      this.#wake?.();
    });
  }

  async open(): Promise<void> {
    await new Promise((resolve, reject) => {
      this.#socket.once('open', resolve);
      this.#socket.once('error', reject);
    });
  }

  send(message: unknown): void {
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  subscribe(id: number, query: LiveQuery): void {
    this.send({ op: 'sub', id, query });
  }

  acknowledge(frame: Frame): void {
    this.send({ op: 'ack', id: frame.id, seq: frame.seq });
  }

  /** The next frame for which `wanted` holds; others before it are dropped (and acknowledged). */
  async next(wanted: (frame: Frame) => boolean = () => true): Promise<Frame> {
    for (;;) {
      for (let frame = this.#frames.shift(); frame !== undefined; frame = this.#frames.shift()) {
        if (this.acknowledges && frame.op !== 'error') this.acknowledge(frame);
        if (wanted(frame)) return frame;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  get waiting(): number {
    return this.#frames.length;
  }

  close(): void {
    this.#socket.terminate();
  }
}

const id = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');
const nanos = (millis: number): string => String(BigInt(Math.round(millis)) * 1_000_000n);

let server: RunningServer;
let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'codomyrmex-live-'));
  server = await startServer({
    dataDir,
    port: 0,
    otlpHttpPort: undefined,
    otlpGrpcPort: undefined,
    fsync: false,
    log: () => undefined,
  });
});
afterAll(async () => {
  await server.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function post(path: string, body: unknown, method = 'POST'): Promise<unknown> {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBeLessThan(300);
  return response.json();
}

const RESOURCE = {
  attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }],
};

function sendSpan(
  trace: number,
  span: number,
  more: Record<string, unknown> = {},
): Promise<unknown> {
  const now = Date.now();
  return post('/v1/traces', {
    resourceSpans: [
      {
        resource: RESOURCE,
        scopeSpans: [
          {
            spans: [
              {
                traceId: id(trace, 32),
                spanId: id(span, 16),
                name: `span ${span}`,
                kind: 1,
                startTimeUnixNano: nanos(now - 50),
                endTimeUnixNano: nanos(now),
                ...more,
              },
            ],
          },
        ],
      },
    ],
  });
}

function sendLog(body: string): Promise<unknown> {
  const record = {
    timeUnixNano: nanos(Date.now()),
    severityNumber: 9,
    body: { stringValue: body },
  };
  return post('/v1/logs', {
    resourceLogs: [{ resource: RESOURCE, scopeLogs: [{ logRecords: [record] }] }],
  });
}

async function opened(): Promise<Page> {
  const page = new Page(server.url);
  await page.open();
  return page;
}

const rows = (frame: Frame): Rows => frame.data as Rows;

describe('the live connection', () => {
  it('has nobody to announce to without a page', async () => {
    expect(await post('/api/v1/display', {})).toEqual({ pages: 0 });
  });

  it('brings a snapshot, then the traces that change', async () => {
    await sendSpan(1, 11);
    const page = await opened();
    page.subscribe(1, { kind: 'traces', from: 'now-15m' });
    const snapshot = await page.next();
    expect(snapshot).toMatchObject({ op: 'snapshot', id: 1, seq: 1 });
    expect((rows(snapshot).items as TraceRow[]).map((row) => row.traceId)).toEqual([id(1, 32)]);

    await sendSpan(2, 21);
    const added = await page.next();
    expect(added).toMatchObject({ op: 'delta', id: 1, seq: 2 });
    expect(rows(added).items).toMatchObject([{ traceId: id(2, 32), spanCount: 1 }]);

    await sendSpan(1, 12, { parentSpanId: id(11, 16), status: { code: 2 } });
    const changed = await page.next();
    expect(rows(changed).items).toMatchObject([
      { traceId: id(1, 32), spanCount: 2, errorCount: 1 },
    ]);
    page.close();
  });

  it('filters traces by any of their spans', async () => {
    const page = await opened();
    page.subscribe(1, { kind: 'traces', from: 'now-15m', q: 'name="span 301"' });
    expect(rows(await page.next()).items).toEqual([]);
    await sendSpan(4, 401);
    await sendSpan(3, 301);
    expect(rows(await page.next()).items).toMatchObject([{ traceId: id(3, 32), spanCount: 1 }]);
    await sendSpan(3, 302);
    expect(rows(await page.next()).items).toMatchObject([{ traceId: id(3, 32), spanCount: 2 }]);
    page.close();
  });

  it('grows an open trace, running spans becoming finished ones', async () => {
    const page = await opened();
    page.subscribe(7, { kind: 'trace', traceId: id(5, 32) });
    expect(rows(await page.next()).spans).toEqual([]);
    await sendSpan(5, 51, { endTimeUnixNano: '0', startTimeUnixNano: nanos(Date.now()) });
    const running = await page.next();
    expect(rows(running).spans).toMatchObject([{ spanId: id(51, 16), running: true }]);
    const start = rows(running).spans[0]?.startTimeUnixNano;
    await sendSpan(5, 51, { startTimeUnixNano: start, endTimeUnixNano: nanos(Date.now() + 1) });
    const ended = await page.next((frame) => rows(frame).spans.some((span) => !span.running));
    expect(rows(ended).spans).toMatchObject([{ spanId: id(51, 16), running: false }]);
    page.close();
  });

  it('gives a slow page one coalesced frame', async () => {
    const page = await opened();
    page.acknowledges = false;
    page.subscribe(1, { kind: 'logs', from: 'now-15m', q: 'coalesce' });
    const snapshot = await page.next();
    const other = await opened();
    other.subscribe(1, { kind: 'logs', from: 'now-15m', q: 'coalesce' });
    await other.next();
    for (let index = 1; index <= 5; index++) {
      await sendLog(`coalesce ${index}`);
      // The other page has the record: the feed has handed it to the slow one too.
      await other.next((frame) => frame.op === 'delta');
    }
    expect(page.waiting).toBe(0);
    page.acknowledge(snapshot);
    const delta = await page.next();
    expect(delta).toMatchObject({ op: 'delta', seq: 2 });
    expect((rows(delta).items as LogRecord[]).map((log) => log.body)).toEqual(
      [5, 4, 3, 2, 1].map((index) => `coalesce ${index}`),
    );
    page.close();
    other.close();
  });

  it('sends nothing while paused, and a snapshot afterwards', async () => {
    const page = await opened();
    page.subscribe(1, { kind: 'logs', from: 'now-15m', q: 'paused' });
    await page.next();
    page.send({ op: 'pause' });
    const other = await opened();
    other.subscribe(1, { kind: 'logs', from: 'now-15m', q: 'paused' });
    await other.next();
    await sendLog('paused 1');
    await other.next();
    expect(page.waiting).toBe(0);
    page.send({ op: 'resume' });
    const frame = await page.next();
    expect(frame.op).toBe('snapshot');
    expect(rows(frame).items).toMatchObject([{ body: 'paused 1' }]);
    page.close();
    other.close();
  });

  it('shows a registered view at once, and states as they change', async () => {
    const page = await opened();
    page.subscribe(1, { kind: 'views' });
    expect(rows(await page.next()).items).toEqual([]);
    const started = performance.now();
    await post('/api/v1/views/v1', { metric: 'queue', chartType: 'gauge' }, 'PUT');
    expect(rows(await page.next()).items).toMatchObject([{ id: 'v1', metric: 'queue' }]);
    expect(performance.now() - started).toBeLessThan(2000);
    page.subscribe(2, { kind: 'services', from: 'now-15m' });
    page.subscribe(3, { kind: 'status' });
    page.subscribe(4, { kind: 'metrics', from: 'now-15m' });
    page.subscribe(5, { kind: 'series', name: 'queue' });
    const kinds = new Set<number>();
    while (kinds.size < 4) kinds.add((await page.next((frame) => frame.op === 'snapshot')).id);
    await sendSpan(8, 81);
    const services = await page.next((frame) => frame.id === 2);
    expect(rows(services).items).toMatchObject([{ name: 'shop' }]);
    page.close();
  });

  it('announces to every open page and waits for them', async () => {
    const page = await opened();
    page.subscribe(1, { kind: 'logs', from: 'now-15m', q: 'announced' });
    await page.next();
    await sendLog('announced');
    const announced = post('/api/v1/display', {});
    expect(rows(await page.next()).items).toMatchObject([{ body: 'announced' }]);
    const answer = (await announced) as { pages: number; shownMillis: number };
    expect(answer.pages).toBeGreaterThanOrEqual(1);
    expect(answer.shownMillis).toBeGreaterThanOrEqual(0);
    page.close();
  });

  it('says what is wrong with a subscription', async () => {
    const page = await opened();
    page.subscribe(9, { kind: 'logs', from: 'now-15m', q: 'severity=loud' });
    expect(await page.next()).toMatchObject({ op: 'error', id: 9, code: 'bad_query', column: 9 });
    page.subscribe(9, { kind: 'traces', from: 'yesterday' });
    expect(await page.next()).toMatchObject({ op: 'error', id: 9, code: 'bad_parameter' });
    page.send('{');
    expect(await page.next()).toMatchObject({ op: 'error', code: 'bad_request' });
    page.send({ op: 'sub', id: 4, query: { kind: 'nothing' } });
    expect(await page.next()).toMatchObject({ op: 'error', id: 4, code: 'bad_request' });
    page.subscribe(5, { kind: 'logs', from: 'now-15m', q: 'body~"("' });
    expect(await page.next()).toMatchObject({ op: 'error', id: 5, code: 'bad_query' });
    for (let n = 0; n <= 100; n++) page.subscribe(n, { kind: 'views' });
    expect(await page.next((frame) => frame.op === 'error')).toMatchObject({ code: 'too_many' });
    page.close();
  });

  it('shows at once that the records of a service were deleted', async () => {
    const page = new Page(server.url);
    await page.open();
    await sendSpan(0xde1, 1, { name: 'to be deleted' });
    page.subscribe(1, { kind: 'trace', traceId: id(0xde1, 32) });
    const before = await page.next((frame) => frame.id === 1);
    expect((before.data as Rows).spans).toHaveLength(1);
    const init = { method: 'DELETE' };
    const answer = await fetch(`${server.url}/api/v1/data?service=shop`, init);
    expect(answer.status).toBe(204);
    const after = await page.next((frame) => frame.op === 'snapshot');
    expect((after.data as Rows).spans).toEqual([]);
    page.close();
  });

  it('refuses pages of other sites and other paths', async () => {
    const stranger = new Page(server.url, { origin: 'http://evil.example' });
    await expect(stranger.open()).rejects.toThrow('403');
    const lost = new WebSocket(`${server.url.replace('http', 'ws')}/elsewhere`);
    await expect(
      new Promise((resolve, reject) => {
        lost.once('open', resolve);
        lost.once('error', reject);
      }),
    ).rejects.toThrow('404');
    const ours = new Page(server.url, { origin: server.url });
    await ours.open();
    ours.close();
  });
});
