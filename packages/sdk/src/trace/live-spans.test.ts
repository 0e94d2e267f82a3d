/** Running spans against a real endpoint; the timer is real, what is waited for is an event. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setDiagnostics } from '../common/diagnostics.js';
import { LIVE_SPANS } from '../common/limits.js';
import { Backend, accept, receivedSpans } from '../export/fixtures/backend.js';
import type { ReceivedSpan } from '../export/fixtures/backend.js';
import type { TelemetryOptions } from '../export/options.js';
import { Telemetry } from '../export/telemetry.js';
import { TracerProvider } from './tracer-provider.js';
import type { Tracer } from './tracer.js';

let backend: Backend;
const started: Telemetry[] = [];
beforeEach(async () => {
  setDiagnostics('none');
  backend = await Backend.start();
});
afterEach(async () => {
  for (const telemetry of started.splice(0)) await telemetry.shutdown();
  await backend.close();
  setDiagnostics('warn');
});

function tracerWith(options: TelemetryOptions = {}): Tracer {
  const telemetry = new Telemetry({ endpoint: backend.url, transport: 'main', ...options }, {});
  started.push(telemetry);
  return new TracerProvider(telemetry).getTracer('live');
}

const named = (name: string): readonly ReceivedSpan[] =>
  backend.spans.filter((span) => span.name === name);

describe('live spans', () => {
  it('show a span that is still open, again when it gained something, and its end', async () => {
    backend.asksForLiveSpans = true;
    const tracer = tracerWith();
    const span = tracer.startSpan('long', { attributes: { a: 1 } });
    tracer.startSpan('short').end();
    await backend.until(() => named('long').length === 1);
    expect(named('long')[0]).toMatchObject({ end: 0n, attributes: { a: 1 } });
    expect(named('long')[0]!.start > 0n).toBe(true);
    span.setAttribute('b', 2).addEvent('step');
    await backend.until(() => named('long').length === 2);
    expect(named('long')[1]).toMatchObject({ end: 0n, attributes: { a: 1, b: 2 } });
    expect(named('long')[1]?.events).toHaveLength(1);
    span.end();
    await backend.until(() => named('long').length === 3);
    const [first, , last] = named('long');
    expect(last!.end > last!.start).toBe(true);
    expect([last?.spanId, last?.start]).toEqual([first?.spanId, first?.start]);
    expect(named('short')).toHaveLength(1);
    expect(named('short')[0]!.end > 0n).toBe(true);
  });

  it('count as exported when they have ended, not each time they are shown', async () => {
    const tracer = tracerWith({ liveSpans: true });
    const span = tracer.startSpan('long');
    await backend.until(() => named('long').length === 1);
    const [telemetry] = started;
    await telemetry!.forceFlush();
    expect(telemetry!.exporter.stats().sent.traces).toBe(0);
    span.end();
    await telemetry!.forceFlush();
    expect(named('long')).toHaveLength(2);
    expect(telemetry!.exporter.stats().sent.traces).toBe(1);
  });

  it('send one empty request to a backend that does not ask, and nothing more', async () => {
    const tracer = tracerWith();
    const span = tracer.startSpan('long');
    await backend.until(() => backend.requests.length === 1);
    expect(backend.requests[0]?.body).toHaveLength(0);
    expect(backend.requests[0]?.headers['content-type']).toBe('application/x-protobuf');
    const other = tracer.startSpan('tick');
    await new Promise((resolve) => {
      setTimeout(resolve, 250);
    });
    expect(backend.requests).toHaveLength(1);
    other.end();
    span.end();
    await backend.spansArrived(2);
    expect(backend.spans.every((seen) => seen.end > 0n)).toBe(true);
  });

  it('ask again while nobody answers', async () => {
    const port = Number(new URL(backend.url).port);
    await backend.close();
    const span = tracerWith().startSpan('patient');
    await new Promise((resolve) => {
      setTimeout(resolve, 150);
    });
    backend = await Backend.start(port);
    backend.asksForLiveSpans = true;
    await backend.until(() => named('patient').length === 1);
    expect(named('patient')[0]?.end).toBe(0n);
    span.end();
  });

  it('need no question when they are on, and are not sent when they are off', async () => {
    const on = tracerWith({ liveSpans: true }).startSpan('on');
    const off = tracerWith({ liveSpans: false }).startSpan('off');
    await backend.until(() => named('on').length === 1);
    expect(backend.requests.every((request) => request.body.length > 0)).toBe(true);
    expect(named('off')).toHaveLength(0);
    on.end();
    off.end();
  });

  it('are told alive every five seconds, with the resource and no span', async () => {
    const span = tracerWith({ liveSpans: true, serviceName: 'alive' }).startSpan('long');
    let beats = 0;
    backend.behaviour = (request, response, body) => {
      if (body.length > 0 && receivedSpans(body).length === 0) {
        expect(body.toString('latin1')).toContain('alive');
        beats++;
      }
      return accept(request, response, body);
    };
    await backend.until(() => beats === 1);
    span.end();
  });

  it('let go of spans at their end, in any order, and follow only so many', async () => {
    const tracer = tracerWith({ liveSpans: true });
    const spans = Array.from({ length: 50 }, (_, index) => tracer.startSpan(`s${index}`));
    for (const index of [0, 49, 25, 24, 26, 1, 48]) spans[index]!.end();
    await backend.until(() => backend.spans.filter((span) => span.end === 0n).length === 43);
    for (const span of spans) if (span.isRecording()) span.end();
    await backend.until(() => backend.spans.filter((span) => span.end > 0n).length === 50);
    const many = Array.from({ length: LIVE_SPANS + 5 }, () => tracer.startSpan('many'));
    const isOpen = (span: ReceivedSpan): boolean => span.name === 'many' && span.end === 0n;
    await backend.until(() => backend.spans.filter(isOpen).length >= LIVE_SPANS);
    expect(backend.spans.filter(isOpen)).toHaveLength(LIVE_SPANS);
    for (const span of many) span.end();
    await backend.until(() => named('many').length === 2 * LIVE_SPANS + 5);
  });
});
