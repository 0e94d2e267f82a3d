/** Functions that are frozen between two calls: no thread, no timer, a flush a call. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { setDiagnostics } from '../common/diagnostics.js';
import { Backend, accept } from './fixtures/backend.js';
import { resolveSettings } from './settings.js';
import { Telemetry } from './telemetry.js';
import { LoggerProvider } from '../logs/logger-provider.js';
import { meterProviderOf } from '../metrics/provider-of.js';
import { TracerProvider } from '../trace/tracer-provider.js';

/** Timers of this thread that may still fire. */
class Timers {
  readonly pending = new Set<unknown>();
  readonly asked: number[] = [];

  constructor() {
    const { setTimeout: set, setInterval: repeat, clearTimeout: clear } = globalThis;
    vi.stubGlobal('setTimeout', (work: () => void, millis: number) => {
      const timer = set(() => {
        this.pending.delete(timer);
        work();
      }, millis);
      this.pending.add(timer);
      this.asked.push(millis);
      return timer;
    });
    vi.stubGlobal('setInterval', (work: () => void, millis: number) => {
      const timer = repeat(work, millis);
      this.pending.add(timer);
      return timer;
    });
    const clearOne = (timer: NodeJS.Timeout | undefined): void => {
      this.pending.delete(timer);
      clear(timer);
    };
    vi.stubGlobal('clearTimeout', clearOne);
    vi.stubGlobal('clearInterval', clearOne);
  }
}

let backend: Backend;
let timers: Timers;
beforeEach(async () => {
  setDiagnostics('none');
  backend = await Backend.start();
  timers = new Timers();
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await backend.close();
  setDiagnostics('warn');
});

describe('serverless mode', () => {
  it('is on where the platform says so, or the program', () => {
    for (const name of [
      'AWS_LAMBDA_FUNCTION_NAME',
      'FUNCTION_TARGET',
      'FUNCTIONS_WORKER_RUNTIME',
    ]) {
      expect(resolveSettings({}, { [name]: 'x' })).toMatchObject({
        isServerless: true,
        transport: 'main',
      });
    }
    const lambda = { AWS_LAMBDA_FUNCTION_NAME: 'f' };
    expect(resolveSettings({ serverless: false }, lambda).isServerless).toBe(false);
    expect(resolveSettings({ transport: 'worker' }, lambda).transport).toBe('worker');
    expect(resolveSettings({}, {})).toMatchObject({ isServerless: false, transport: 'auto' });
    expect(resolveSettings({ serverless: true }, {}).transport).toBe('main');
  });

  it('makes no thread, sends at the flush alone, and leaves no timer', async () => {
    const threads: unknown[] = [];
    const count = (worker: unknown): void => void threads.push(worker);
    process.on('worker', count);
    const telemetry = new Telemetry({ endpoint: backend.url, serverless: true }, {});
    const tracer = new TracerProvider(telemetry).getTracer('function');
    const counter = meterProviderOf(telemetry).getMeter('function').createCounter('calls');
    const logger = new LoggerProvider(telemetry).getLogger('function');
    for (let call = 1; call <= 3; call++) {
      const span = tracer.startSpan(`call ${call}`);
      counter.add(1);
      logger.emit({ body: 'called' });
      span.end();
      expect(timers.pending.size).toBe(0);
      expect(backend.requests).toHaveLength((call - 1) * 3);
      await telemetry.forceFlush();
      expect(backend.requests).toHaveLength(call * 3);
      expect(timers.pending.size).toBe(0);
    }
    expect(backend.spans.map((span) => span.name)).toEqual(['call 1', 'call 2', 'call 3']);
    expect(telemetry.exporter.stats()).toMatchObject({
      sent: { traces: 3, metrics: 3, logs: 3 },
      dropped: { traces: 0, metrics: 0, logs: 0 },
    });
    expect(threads).toEqual([]);
    process.off('worker', count);
    await telemetry.shutdown();
    expect(timers.pending.size).toBe(0);
  });

  it('does not hold a call for a backend that is away', async () => {
    const settings = { endpoint: 'http://127.0.0.1:1', serverless: true } as const;
    const telemetry = new Telemetry(settings, {});
    new TracerProvider(telemetry).getTracer('function').startSpan('lost').end();
    const start = performance.now();
    await telemetry.forceFlush();
    expect(performance.now() - start).toBeLessThan(2000);
    expect(telemetry.exporter.stats().droppedBy).toEqual({ exit: 1 });
    expect(timers.pending.size).toBe(0);
  });

  it('goes on at once with a new connection when a freeze let the last one go', async () => {
    const telemetry = new Telemetry({ endpoint: backend.url, serverless: true }, {});
    const tracer = new TracerProvider(telemetry).getTracer('function');
    tracer.startSpan('before').end();
    await telemetry.forceFlush();
    let resets = 0;
    backend.behaviour = (request, response, body) => {
      // The first request comes on the connection of the last call.
      if (resets++ === 0) request.socket.resetAndDestroy();
      else void accept(request, response, body);
    };
    tracer.startSpan('after').end();
    timers.asked.length = 0;
    await telemetry.forceFlush();
    // The limits of the flush and of the two requests; no pause between these.
    expect(timers.asked.toSorted((a, b) => a - b)).toEqual([4000, 10_000, 10_000]);
    expect(telemetry.exporter.stats().sent.traces).toBe(2);
    expect(backend.requests).toHaveLength(3);
  });
});
