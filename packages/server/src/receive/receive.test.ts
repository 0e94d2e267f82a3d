import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

import type { StatusAnswer } from '@codomyrmex/telemetry-query';
import { describe, expect, it } from 'vitest';

import { isLoopbackHost } from '../loopback.js';
import { readBody } from './body.js';
import { ByteBudget } from './byte-budget.js';
import { isHostAllowed, isOriginAllowed } from './origin.js';
import { recordCounts, StatusRecorder } from './recorder.js';
import { Samples } from './samples.js';

const LOOPBACK = { isLoopback: true, host: '127.0.0.1', allowedOrigins: ['https://a.example'] };

describe('hosts and origins', () => {
  it('know loopback', () => {
    for (const host of ['127.0.0.1', '127.9.9.9', 'localhost', 'LOCALHOST', '::1', '[::1]']) {
      expect(isLoopbackHost(host), host).toBe(true);
    }
    for (const host of [
      '0.0.0.0',
      '::',
      '10.0.0.1',
      '127.evil.example',
      'localhost.evil.example',
    ]) {
      expect(isLoopbackHost(host), host).toBe(false);
    }
  });

  it('allow only names of this machine when bound to loopback', () => {
    for (const host of [
      'localhost',
      'localhost:4318',
      '127.0.0.1:1',
      '[::1]:4318',
      'a.localhost',
    ]) {
      expect(isHostAllowed(host, LOOPBACK), host).toBe(true);
    }
    for (const host of [
      'evil.example',
      '127.0.0.1.evil.example',
      '',
      'localhost@evil',
      '10.0.0.1',
    ]) {
      expect(isHostAllowed(host, LOOPBACK), host).toBe(false);
    }
    expect(isHostAllowed(undefined, LOOPBACK)).toBe(true);
    expect(isHostAllowed('any.example', { ...LOOPBACK, isLoopback: false })).toBe(true);
  });

  it('allow our own pages and named origins', () => {
    const allowed = (origin: string | undefined): boolean =>
      isOriginAllowed(origin, 'localhost:4320', LOOPBACK);
    expect(allowed(undefined)).toBe(true);
    expect(allowed('http://localhost:4320')).toBe(true);
    expect(allowed('https://a.example')).toBe(true);
    for (const origin of ['null', 'http://localhost:1', 'https://a.example.evil', 'file://x', '']) {
      expect(allowed(origin), origin).toBe(false);
    }
    expect(isOriginAllowed('http://localhost', undefined, LOOPBACK)).toBe(false);
  });
});

describe('the byte budget', () => {
  it('is shared and comes back whole', () => {
    const budget = new ByteBudget(100);
    const [a, b] = [budget.share(), budget.share()];
    expect(a.take(60)).toBe(true);
    expect(b.take(60)).toBe(false);
    expect(b.take(40)).toBe(true);
    a.release();
    a.release();
    expect(budget.taken).toBe(40);
    expect(b.take(60)).toBe(true);
    b.release();
    expect(budget.taken).toBe(0);
  });
});

describe('reading a body', () => {
  const chunks = (headers: Record<string, string>, ...parts: readonly string[]): IncomingMessage =>
    Object.assign(Readable.from(parts.map((part) => Buffer.from(part))), {
      headers,
    }) as unknown as IncomingMessage;

  it('takes every byte from the budget before it is kept', async () => {
    const budget = new ByteBudget(10);
    const share = budget.share();
    const body = await readBody(chunks({}, 'abc', 'def'), { maxBytes: 100, share });
    expect(body.toString()).toBe('abcdef');
    expect(budget.taken).toBe(6);
    const other = budget.share();
    const refused = readBody(chunks({}, 'abc', 'def'), { maxBytes: 100, share: other });
    await expect(refused).rejects.toMatchObject({ code: 'overloaded', retryAfterMillis: 1_000 });
    other.release();
    share.release();
    expect(budget.taken).toBe(0);
  });

  it('refuses by a claimed length without reading', async () => {
    const share = new ByteBudget(10).share();
    const claimed = readBody(chunks({ 'content-length': '11' }), { maxBytes: 10, share });
    await expect(claimed).rejects.toMatchObject({ code: 'too_large' });
  });

  it('reports a client that goes away while inflating', async () => {
    const request = chunks({ 'content-encoding': 'gzip' });
    const share = new ByteBudget(10).share();
    const body = readBody(request, { maxBytes: 10, share });
    request.destroy(new Error('gone'));
    await expect(body).rejects.toMatchObject({ code: 'bad_encoding' });
  });
});

describe('samples', () => {
  it('give percentiles of the window', () => {
    const samples = new Samples(100);
    expect(samples.percentiles(0, [0.5])).toEqual([0]);
    for (let value = 1; value <= 100; value += 1) samples.add(value, value);
    expect(samples.percentiles(100, [0.01, 0.5, 0.95, 1])).toEqual([1, 50, 95, 100]);
    expect(samples.percentiles(150, [0.5])).toEqual([75]);
    expect(samples.count(190)).toBe(10);
    expect(samples.sum(190)).toBe(955);
    expect(samples.count(1_000)).toBe(0);
  });

  it('are bounded in number', () => {
    const samples = new Samples(1_000, 10);
    for (let value = 0; value < 1_000; value += 1) samples.add(1, value);
    expect(samples.count(1)).toBe(10);
    expect(samples.percentiles(1, [1])).toEqual([999]);
  });
});

describe('the recorder', () => {
  const lines: string[] = [];
  const recorder = new StatusRecorder({ now: () => 42n, log: (line) => lines.push(line) });

  it('counts points of every metric table, and running snapshots not at all', () => {
    expect(
      recordCounts({ otel_traces: 1, otel_running: 9, otel_metrics_sum: 2, otel_metrics_gauge: 3 }),
    ).toEqual({ spans: 1, logs: 0, points: 5 });
  });

  it('keeps the newest 20 refusals', () => {
    for (let status = 400; status < 430; status += 1) {
      recorder.refused({ method: 'GET', path: '/', status, message: 'm' });
    }
    const { refused } = recorder.snapshot();
    expect(refused.length).toBe(20);
    expect(refused[0]).toEqual({
      timeUnixNano: '42',
      method: 'GET',
      path: '/',
      status: 429,
      message: 'm',
    });
  });

  it('adds up what is dropped and what will not show', () => {
    const transcoded = {
      batches: [],
      acceptedCount: 1,
      rejectedCount: 2,
      rejectedReason: 'no name',
      unshown: [{ service: 's', reason: 'clock ahead', count: 3 }],
      newestTime: 0n,
    };
    recorder.accepted('metrics', transcoded, 5_000_000n);
    recorder.accepted('metrics', transcoded, 7_000_000n);
    const { dropped, unshown, freshness } = recorder.snapshot();
    expect(dropped).toEqual([{ reason: 'rejected points: no name', count: 4 }]);
    const expected: StatusAnswer['unshown'][number] = {
      timeUnixNano: '42',
      signal: 'points',
      service: 's',
      reason: 'clock ahead',
      count: 6,
    };
    expect(unshown).toEqual([expected]);
    // Points say when they were collected, not when something ended.
    expect(freshness).toEqual({ p50Millis: 0, p95Millis: 0 });
  });

  it('measures from the end of spans to when they are readable', () => {
    const spans = {
      batches: [],
      acceptedCount: 1,
      rejectedCount: 0,
      rejectedReason: '',
      unshown: [],
      newestTime: 0n,
    };
    recorder.accepted('traces', spans, 5_000_000n);
    recorder.accepted('traces', spans, 7_000_000n);
    expect(recorder.snapshot().freshness).toEqual({ p50Millis: 5, p95Millis: 7 });
  });

  it('says the same trouble once a second', () => {
    recorder.trouble('disk full');
    recorder.trouble('disk full');
    expect(lines).toEqual(['disk full']);
  });
});
