import type { Metric } from '@codomyrmex/otlp';
import { expect, it } from 'vitest';

import { capturedTelemetry, plain } from './fixtures/captured-telemetry.js';
import { MeterProvider } from './meter-provider.js';
import { observeSelf } from './self-metrics.js';

it('tells what was exported, lost and refused, and why', async () => {
  const { telemetry, captured } = capturedTelemetry();
  captured.stats = () => ({
    sent: { traces: 40, metrics: 3, logs: 0 },
    dropped: { traces: 2, metrics: 0, logs: 0 },
    droppedBy: { 'queue full': 2 },
  });
  const provider = new MeterProvider(telemetry);
  const off = observeSelf(telemetry, provider);
  provider.getMeter('m').createCounter('c').add(-1);
  await provider.collect(1000);
  const metrics = captured.lastMetrics();
  const told = (name: string): unknown[] =>
    pointsOf(metrics.get(name)).map((point) => [plain(point.attributes), point.asDouble]);
  expect(told('otel.sdk.exporter.span.exported')).toEqual([
    [{}, 40],
    [{ 'error.type': '_OTHER' }, 2],
  ]);
  expect(told('otel.sdk.exporter.metric_data_point.exported')).toEqual([[{}, 3]]);
  expect(told('otel.sdk.exporter.log.exported')).toEqual([[{}, 0]]);
  expect(told('codomyrmex.sdk.dropped')).toEqual([[{ reason: 'queue full' }, 2]]);
  expect(told('codomyrmex.sdk.measurement.refused')).toEqual([[{ reason: 'negative value' }, 1]]);
  off();
  await provider.collect(1000);
  expect(captured.chunks).toHaveLength(1);
});

function pointsOf(
  metric: Metric | undefined,
): NonNullable<NonNullable<Metric['sum']>['dataPoints']> {
  return metric?.sum?.dataPoints ?? [];
}
