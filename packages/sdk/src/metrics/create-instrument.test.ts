import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { decode } from '@codomyrmex/otlp';
import type { Metric } from '@codomyrmex/otlp';
import { metrics } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { setDiagnostics } from '../common/diagnostics.js';
import { startTelemetry, telemetry } from '../export/telemetry.js';
import {
  createCounter,
  createGauge,
  createHistogram,
  createObservableCounter,
  createObservableGauge,
  createObservableUpDownCounter,
  createUpDownCounter,
  recordMetric,
} from './create-instrument.js';
import { plain } from './fixtures/captured-telemetry.js';
import { meterProviderOf } from './provider-of.js';

const received: Metric[][] = [];
const messages: string[] = [];
const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const body = decode('ExportMetricsServiceRequest', Buffer.concat(parts));
    received.push(
      (body.resourceMetrics ?? []).flatMap((resource) =>
        (resource.scopeMetrics ?? []).flatMap((scope) => scope.metrics ?? []),
      ),
    );
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  });
});

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  startTelemetry({
    endpoint: `http://127.0.0.1:${port}`,
    transport: 'main',
    diagnostics: (_, message) => messages.push(message),
  });
});

afterAll(async () => {
  await telemetry().shutdown();
  setDiagnostics('none');
  server.close();
});

async function flushed(): Promise<Map<string, Metric>> {
  await telemetry().forceFlush();
  return new Map((received.at(-1) ?? []).map((metric) => [metric.name ?? '', metric]));
}

describe('the public functions', () => {
  it('reach the backend, and are the meter that the api hands out', async () => {
    createCounter('c').add(1);
    createUpDownCounter('u').add(-1);
    createGauge('g').record(5);
    createHistogram('h').record(7);
    createObservableCounter('oc', (result) => result.observe(10));
    createObservableUpDownCounter('ou', (result) => result.observe(-10));
    createObservableGauge('og', (result) => result.observe(0.5, { k: 'v' }));
    expect(metrics.getMeterProvider().getMeter('x')).toBe(
      meterProviderOf(telemetry()).getMeter('x'),
    );
    metrics.getMeter('other').createCounter('foreign').add(3);
    const seen = await flushed();
    expect([...seen.keys()].toSorted()).toEqual(
      ['c', 'foreign', 'g', 'h', 'oc', 'og', 'ou', 'u'].toSorted(),
    );
    expect(seen.get('og')?.gauge?.dataPoints?.[0]?.asDouble).toBe(0.5);
  });
});

describe('recordMetric', () => {
  it('means what the instrument of that name means', async () => {
    createCounter('orders').add(1);
    recordMetric('Orders', 2);
    createHistogram('latency');
    recordMetric('latency', 30, { route: '/a' });
    createUpDownCounter('depth');
    recordMetric('depth', -4);
    recordMetric('depth', 1);
    const seen = await flushed();
    expect(seen.get('orders')?.sum?.dataPoints?.[0]?.asDouble).toBe(3);
    const histogram = seen.get('latency')?.histogram?.dataPoints?.[0];
    expect(plain(histogram?.attributes)).toEqual({ route: '/a' });
    expect(seen.get('depth')?.sum?.dataPoints?.[0]?.asDouble).toBe(-3);
  });

  it('makes a gauge of an unknown name; a later kind takes it over with one warning', async () => {
    recordMetric('unknown', 5);
    recordMetric('unknown', 6);
    expect((await flushed()).get('unknown')?.gauge?.dataPoints?.[0]?.asDouble).toBe(6);
    expect(createGauge('unknown')).toBe(createGauge('unknown'));
    recordMetric('later', 5);
    const counter = createCounter('later');
    createCounter('later');
    counter.add(1);
    recordMetric('later', 2);
    const later = (await flushed()).get('later');
    expect(later?.gauge).toBeUndefined();
    expect(later?.sum?.dataPoints?.[0]?.asDouble).toBe(3);
    expect(
      messages.filter((message) => message.includes('it is a counter from now on')),
    ).toHaveLength(1);
  });

  it('drops and counts what it cannot take', () => {
    const { refusals } = meterProviderOf(telemetry());
    const before = refusals.total;
    createCounter('only-up');
    recordMetric('only-up', -1);
    recordMetric('not-finite', NaN);
    recordMetric('not-a-number', '1' as unknown as number);
    createObservableGauge('watched', () => undefined);
    recordMetric('watched', 1);
    expect(refusals.total - before).toBe(4);
    expect(refusals.count('observable instrument')).toBe(1);
    for (let index = 0; index < 1100; index++) recordMetric(`many-${index}`, 1);
    expect(refusals.count('too many names')).toBeGreaterThanOrEqual(100);
  });
});
