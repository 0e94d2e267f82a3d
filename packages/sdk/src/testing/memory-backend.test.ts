import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { SeverityNumber, logs as logsApi } from '@opentelemetry/api-logs';
import { metrics as metricsApi } from '@opentelemetry/api';
import type { ObservableResult } from '@opentelemetry/api';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createCounter,
  createGauge,
  createHistogram,
  createObservableGauge,
  getLogger,
  init,
  recordMetric,
  startSpan,
  withSpan,
} from '../index.js';
import {
  MemoryBackend,
  expectLog,
  expectMetric,
  expectTrace,
  fakeClock,
  fakeIds,
  memoryBackend,
} from './testing.js';

const backend = memoryBackend();
const clock = fakeClock();
const ids = fakeIds(7);
// What the program under test does: nothing of it may leave the process.
init({ serviceName: 'shop', endpoint: 'http://127.0.0.1:9', metrics: { intervalMillis: 10_000 } });
const orders = createCounter('orders', { unit: '{order}', description: 'Orders' });
const bound = orders.bind({ outcome: 'bound' });
const took = createHistogram('took', { unit: 'ms' });

beforeEach(() => {
  backend.reset();
  ids.restart();
});
afterAll(() => {
  clock.restore();
  ids.restore();
});

describe('the memory backend', () => {
  it('starts metrics over between tests, bound ones too', () => {
    for (const round of [1, 2]) {
      orders.add(round, { outcome: 'placed' });
      bound.add(5);
      took.record(40);
      expectMetric(backend, 'orders', { value: round + 5, unit: '{order}', series: 2 });
      expectMetric(backend, 'orders', { attributes: { outcome: 'placed' }, value: round });
      orders.add(1, { outcome: 'placed' });
      expectMetric(backend, 'orders', { attributes: { outcome: 'placed' }, value: round + 1 });
      expectMetric(backend, 'took', { count: 1, sum: 40, min: 40, max: 40, type: 'histogram' });
      expectMetric(backend, 'took', 1);
      backend.reset();
      expectMetric(backend, 'orders', { series: 0 });
    }
  });

  it('says what is not as expected of a metric', () => {
    createGauge('level').record(3, { tank: 'a' });
    recordMetric('level', 4, { tank: 'b' });
    orders.add(2);
    expect(() => expectMetric(backend, 'orders', 3)).toThrow(
      'the metric orders is not as expected: its value is 2, expected 3\n\nreceived:\n' +
        'orders  sum  2 {order}  cumulative over 0 ms',
    );
    expect(() => expectMetric(backend, 'order')).toThrow('it was not recorded');
    expect(() => expectMetric(backend, 'order')).toThrow('metrics: ');
    expect(() => expectMetric(backend, 'orders', { attributes: { a: 1 } })).toThrow('no series');
    expect(() => expectMetric(backend, 'level', 3)).toThrow('2 series of a gauge');
    expect(() => expectMetric(backend, 'orders', { unit: 's' })).toThrow('its unit is "{order}"');
    expect(() => expectMetric(backend, 'orders', { type: 'gauge' })).toThrow('its type is "sum"');
    expect(() => expectMetric(backend, 'orders', { count: 1 })).toThrow('its count is undefined');
    const span = startSpan('outside');
    expect(() => expectMetric(backend, 'orders', { exemplarOf: span.spanContext() })).toThrow(
      'none of its 0 exemplars',
    );
  });

  it('sees exemplars, logs and the span that they were made in', () => {
    const span = withSpan('work', (own) => {
      took.record(7);
      getLogger('cart').warn('slow', { items: 3 });
      return own.spanContext();
    });
    expectMetric(backend, 'took', { exemplarOf: span });
    const log = expectLog(backend, { body: 'slow', severity: 'WARN', span, logger: 'cart' });
    expect(log.service).toBe('shop');
    expectLog(backend, /^sl/);
    expect(() => expectLog(backend, { body: 'slow', attributes: { items: 4 } })).toThrow(
      'nearest: attribute "items" is 3, expected 4\n\nreceived:\nWARN  "slow"  {items: 3}  span ',
    );
    expect(() => expectLog(backend, { body: 'slow', span: undefined })).toThrow('its trace is');
    expect(() => expectLog(backend, 'fast')).toThrow('no log record is as expected ("fast")');
  });

  it('sees what the api records', () => {
    metricsApi.getMeter('m').createUpDownCounter('open').add(-2);
    const event = { eventName: 'cart.emptied', severityNumber: SeverityNumber.INFO };
    logsApi.getLogger('library').emit({ ...event, body: { items: 3, tags: ['a', true] } });
    expectMetric(backend, 'open', -2);
    const body = { items: 3, tags: ['a', true] };
    expectLog(backend, { eventName: /^cart/, severity: 9, body, span: undefined });
  });

  it('waits for asynchronous callbacks in flush, and for what comes later in until', async () => {
    const callback = async (result: ObservableResult): Promise<void> => {
      await Promise.resolve();
      result.observe(5);
    };
    const later = createObservableGauge('later', callback);
    await backend.flush();
    expectMetric(backend, 'later', 5);
    later.removeCallback(callback);
    const arrived = backend.until(() => expectTrace(backend, 'late'));
    setImmediate(() => startSpan('late').end());
    expect((await arrived).spans).toHaveLength(1);
    await expect(backend.until(() => expectTrace(backend, 'never'), 20)).rejects.toThrow(
      'expected "never"',
    );
    await expect(backend.until(() => false, 20)).rejects.toThrow('not met within 20 ms');
  });

  it('makes the same ids in each run', () => {
    const made = (): string[] => {
      ids.restart();
      const { traceId, spanId } = startSpan('a').spanContext();
      return [traceId, spanId, startSpan('b').spanContext().spanId];
    };
    const first = made();
    expect(made()).toEqual(first);
    expect(new Set(first).size).toBe(3);
    const many = new Set(Array.from({ length: 20_000 }, () => startSpan('x').spanContext().spanId));
    expect(many.size).toBe(20_000);
  });

  it('collects metrics at their interval when the clock is turned', () => {
    const before = clock.now;
    orders.add(1);
    clock.advance(60_000);
    const times = new Set(backend.points.map(({ timeUnixNano }) => timeUnixNano));
    expect(times.size).toBeGreaterThanOrEqual(6);
    expect(clock.now - before).toBe(60_000_000_000n);
    const [point] = backend.metrics.filter(({ metric }) => metric === 'orders');
    expect(point).toMatchObject({ startTimeUnixNano: before, timeUnixNano: clock.now });
    expect(() => fakeClock()).toThrow('another fake clock runs');
    expect(() => clock.advance(-1)).toThrow(RangeError);
  });
});

describe('a memory backend that listens', () => {
  const other = new MemoryBackend();
  afterEach(() => other.reset());
  afterAll(() => other.close());

  it('receives what a child process sends, in protobuf and JSON', async () => {
    const url = await other.listen();
    expect(await other.listen()).toBe(url);
    const index = new URL('../index.js', import.meta.url).href;
    const program = `
      import { createCounter, getLogger, withSpan } from ${JSON.stringify(index)};
      createCounter('jobs').add(3);
      withSpan('job', () => getLogger().info('done'));
    `;
    for (const protocol of ['http/protobuf', 'http/json']) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        cwd: fileURLToPath(new URL('.', import.meta.url)),
        env: {
          ...process.env,
          OTEL_EXPORTER_OTLP_ENDPOINT: url,
          OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
          OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
          OTEL_SERVICE_NAME: protocol,
        },
        stdio: 'inherit',
      });
      const [code] = (await once(child, 'exit')) as [number | null];
      expect(code).toBe(0);
      expectTrace(other, { name: 'job', service: protocol });
      expectMetric(other, 'jobs', 3);
      expectLog(other, 'done');
      other.reset();
    }
    expect(backend.spans.some(({ name }) => name === 'job')).toBe(false);
  });

  it('refuses what is no OTLP', async () => {
    const url = await other.listen();
    const body = Buffer.from('this is no protobuf');
    const post = (path: string): Promise<Response> => fetch(url + path, { method: 'POST', body });
    expect((await post('/v1/traces')).status).toBe(400);
    expect((await post('/v2/traces')).status).toBe(404);
    expect(other.spans).toEqual([]);
  });
});
