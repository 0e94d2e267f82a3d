import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CHUNK_BYTES, JSON_EXPORT_BYTES } from '../common/limits.js';
import { capture } from '../trace/fixtures/captured.js';

const LOOPBACK = { endpoint: 'http://127.0.0.1:4318' };

describe('batching', () => {
  it('sends the first record after an idle moment at once, later ones within 50 ms', async () => {
    const { tracer, exporter } = capture(LOOPBACK);
    tracer.startSpan('a').end();
    tracer.startSpan('b').end();
    await turn();
    await turn();
    expect(exporter.chunks.map((chunk) => chunk.recordCount)).toEqual([2]);
    const start = performance.now();
    tracer.startSpan('c').end();
    await turn();
    await turn();
    expect(exporter.chunks).toHaveLength(1);
    while (exporter.chunks.length < 2) await delay(1);
    expect(performance.now() - start).toBeLessThan(150);
    await delay(60);
    tracer.startSpan('d').end();
    await turn();
    await turn();
    expect(exporter.chunks).toHaveLength(3);
  });

  it('waits for its delay elsewhere, and for none at a flush', async () => {
    const { tracer, exporter, telemetry } = capture({ endpoint: 'http://collector.example:4318' });
    tracer.startSpan('a').end();
    await delay(80);
    expect(exporter.chunks).toHaveLength(0);
    await telemetry.forceFlush();
    expect(exporter.chunks).toHaveLength(1);
    await telemetry.forceFlush();
    expect(exporter.chunks).toHaveLength(1);
  });

  it.each([
    ['usually', {}, CHUNK_BYTES],
    ['as OTLP/JSON', { protocol: 'http/json' }, JSON_EXPORT_BYTES],
    ['into small requests', { batch: { maxExportBytes: 100_000 } }, 100_000],
    ['into a small queue', { batch: { maxQueueBytes: 800_000 } }, 100_000],
  ] as const)('closes chunks at their size, %s', (_when, options, most) => {
    const { tracer, exporter } = capture({ endpoint: 'http://collector.example', ...options });
    for (let count = 0; exporter.chunks.length < 3; count++) {
      tracer.startSpan('a', { attributes: { text: `${count} `.padEnd(1000, 'x') } }).end();
    }
    for (const { bytes } of exporter.chunks) {
      expect(bytes.length).toBeGreaterThan(most / 2);
      expect(bytes.length).toBeLessThanOrEqual(most);
      // The first one grew by doubling.
      expect(bytes.buffer.byteLength).toBeLessThan(most * 2);
    }
  });

  it('keeps scopes and resources apart', async () => {
    const { provider, telemetry, exporter, spans } = capture();
    provider.getTracer('one').startSpan('1').end();
    provider.getTracer('two', '2.0').startSpan('2').end();
    expect(provider.getTracer('one')).toBe(provider.getTracer('one'));
    const sibling = telemetry.withResource({ 'service.name': 'other' });
    const { TracerProvider } = await import('../trace/tracer-provider.js');
    new TracerProvider(sibling).getTracer('three').startSpan('3').end();
    const all = await spans();
    expect(all.map((span) => [span.scope, span.resource['service.name']])).toEqual([
      ['one', 'captured'],
      ['two', 'captured'],
      ['three', 'other'],
    ]);
    expect(exporter.chunks.every((chunk) => chunk.signal === 'traces')).toBe(true);
  });
});
