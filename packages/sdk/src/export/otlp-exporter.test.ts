/** The exporter against a real endpoint that behaves well, badly, or not at all. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { setDiagnostics } from '../common/diagnostics.js';
import { Backend, accept } from './fixtures/backend.js';
import { OtlpExporter } from './otlp-exporter.js';
import type { TelemetryOptions } from './options.js';
import { resolveSettings } from './settings.js';

let backend: Backend;
let messages: string[] = [];
const open: OtlpExporter[] = [];

beforeEach(async () => {
  backend = await Backend.start();
  messages = [];
  setDiagnostics((_severity, message) => messages.push(message));
});

afterEach(async () => {
  for (const exporter of open.splice(0)) await exporter.shutdown();
  await backend.close();
  setDiagnostics('warn');
});

type Transport = 'main' | 'worker';

function exporterTo(transport: Transport, options: TelemetryOptions = {}): OtlpExporter {
  const settings = resolveSettings({ endpoint: backend.url, transport, ...options }, {});
  const exporter = new OtlpExporter(settings);
  open.push(exporter);
  return exporter;
}

/** An ExportTraceServiceRequest with nothing but an unknown field that holds text. */
function chunk(text: string, size = 0): Uint8Array {
  const content = Buffer.from(text.padEnd(size, '.'));
  const bytes = new Uint8Array(content.length + 10);
  const length = content.length;
  bytes.set([0xfa, 0x7f, (length & 127) | 128, ((length >> 7) & 127) | 128, (length >> 14) & 127]);
  bytes.set(content, 5);
  return bytes.subarray(0, content.length + 5);
}

describe.each<Transport>(['main', 'worker'])('by %s', (transport) => {
  it('posts protobuf with its headers, on one connection', async () => {
    const exporter = exporterTo(transport, { headers: { 'X-Key': 'secret' } });
    exporter.enqueue('traces', chunk('one'), 3);
    await exporter.flush();
    exporter.enqueue('logs', chunk('two'), 1);
    exporter.enqueue('metrics', chunk('three'), 2);
    await exporter.flush();
    expect(backend.requests.map((request) => request.path)).toEqual([
      '/v1/traces',
      '/v1/logs',
      '/v1/metrics',
    ]);
    expect(backend.requests[0]?.headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'x-key': 'secret',
      'user-agent': expect.stringMatching(/^OTel-OTLP-Exporter-JavaScript[\w-]*\/\d/) as string,
    });
    expect(backend.requests[0]?.headers['content-encoding']).toBeUndefined();
    expect(exporter.stats()).toEqual({
      sent: { traces: 3, metrics: 2, logs: 1 },
      dropped: { traces: 0, metrics: 0, logs: 0 },
      droppedBy: {},
    });
    expect(exporter.hasUnsent()).toBe(false);
  });

  it('joins small chunks of one signal into one body, within the limit', async () => {
    const exporter = exporterTo(transport, { batch: { maxInFlight: 1, maxExportBytes: 1000 } });
    backend.behaviour = async (...values) => {
      await backend.until(() => true);
      await accept(...values);
    };
    for (let index = 0; index < 20; index++) exporter.enqueue('traces', chunk(`c${index}`, 100), 1);
    await exporter.flush();
    expect(backend.requests.length).toBeLessThan(6);
    for (const request of backend.requests) expect(request.body.length).toBeLessThanOrEqual(1000);
    const all = backend.requests.map((request) => request.body.toString('latin1')).join('');
    for (let index = 0; index < 20; index++) expect(all).toContain(`c${index}.`);
  });

  it('keeps as many requests under way as it was told, no more', async () => {
    const exporter = exporterTo(transport, { batch: { maxInFlight: 3, maxExportBytes: 100 } });
    const held: (() => void)[] = [];
    backend.behaviour = (...values) => {
      held.push(() => void accept(...values));
    };
    for (let index = 0; index < 7; index++) exporter.enqueue('traces', chunk(`c${index}`, 90), 1);
    const flushed = exporter.flush();
    for (let done = 0; done < 7; done++) {
      await vi.waitUntil(() => held.length === Math.min(3, 7 - done));
      expect(backend.requests).toHaveLength(Math.min(7, done + 3));
      held.shift()?.();
    }
    await flushed;
    expect(exporter.stats().sent.traces).toBe(7);
  });

  it('compresses when asked to', async () => {
    const exporter = exporterTo(transport, { compression: 'gzip' });
    exporter.enqueue('traces', chunk('zipped', 5000), 1);
    await exporter.flush();
    expect(backend.requests[0]?.headers['content-encoding']).toBe('gzip');
    expect(Number(backend.requests[0]?.headers['content-length'])).toBeLessThan(500);
    expect(backend.requests[0]?.body.toString('latin1')).toContain('zipped');
  });

  it('tries again after 503, when Retry-After says so', async () => {
    const exporter = exporterTo(transport);
    const times: number[] = [];
    backend.behaviour = (request, response, body) => {
      times.push(performance.now());
      if (times.length === 1) response.writeHead(503, { 'retry-after': '1' }).end('busy');
      else if (times.length === 2) response.writeHead(429, { 'retry-after': 'nonsense' }).end();
      else void accept(request, response, body);
    };
    exporter.enqueue('traces', chunk('again'), 2);
    await exporter.flush();
    expect(times).toHaveLength(3);
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(990);
    expect(times[2]! - times[1]!).toBeGreaterThan(700);
    expect(exporter.stats().sent.traces).toBe(2);
    expect(backend.requests[2]?.body).toEqual(backend.requests[0]?.body);
  });

  it.each([
    ['400', 400],
    ['a redirect', 307],
    ['404', 404],
    ['500', 500],
  ])('drops what is refused with %s, once, and counts it', async (_name, status) => {
    const exporter = exporterTo(transport);
    backend.behaviour = (_request, response) => {
      response.writeHead(status, { location: 'http://127.0.0.1:9/elsewhere' }).end('no');
    };
    exporter.enqueue('traces', chunk('refused'), 4);
    await exporter.flush();
    expect(backend.requests).toHaveLength(1);
    expect(exporter.stats()).toMatchObject({ dropped: { traces: 4 }, droppedBy: { refused: 4 } });
    expect(messages.join()).toContain(String(status));
  });

  it('counts what a partial success rejected', async () => {
    const exporter = exporterTo(transport);
    backend.behaviour = (_request, response) => {
      const message = Buffer.from('bad ids');
      const body = Buffer.from([0x08, 2, 0x12, message.length, ...message]);
      response.writeHead(200).end(Buffer.from([0x0a, body.length, ...body]));
    };
    exporter.enqueue('traces', chunk('partly'), 5);
    await exporter.flush();
    expect(exporter.stats()).toMatchObject({ sent: { traces: 3 }, dropped: { traces: 2 } });
    expect(messages.join()).toContain('bad ids');
  });

  it('gives up at once on the last flush when nobody listens', async () => {
    const exporter = exporterTo(transport, { endpoint: 'http://127.0.0.1:1' });
    exporter.enqueue('traces', chunk('nobody'), 1);
    const start = performance.now();
    await exporter.flush(true);
    expect(performance.now() - start).toBeLessThan(2000);
    expect(exporter.stats()).toMatchObject({ dropped: { traces: 1 }, droppedBy: { exit: 1 } });
    expect(messages.join()).toContain('ECONNREFUSED');
  });

  it('cuts off an answer that hangs or drips', async () => {
    const exporter = exporterTo(transport, { timeoutMillis: 100 });
    const timers: NodeJS.Timeout[] = [];
    backend.behaviour = (_request, response) => {
      if (backend.requests.length === 1) return;
      response.writeHead(200);
      timers.push(setInterval(() => response.write('.'), 10));
    };
    exporter.enqueue('traces', chunk('hangs'), 1);
    await backend.until(() => backend.requests.length === 1);
    await exporter.flush(true);
    exporter.enqueue('traces', chunk('drips'), 1);
    await exporter.flush(true);
    for (const timer of timers) clearInterval(timer);
    expect(exporter.stats().dropped.traces).toBe(2);
    expect(messages.join()).toContain('within 100 ms');
  });

  it('does not read an endless answer', async () => {
    const exporter = exporterTo(transport);
    let written = 0;
    backend.behaviour = (_request, response) => {
      response.writeHead(200, { 'content-length': String(100 * 1024 * 1024) });
      const piece = Buffer.alloc(1024 * 1024);
      const more = (): void => {
        while (!response.destroyed && written < 100) {
          written++;
          if (!response.write(piece)) {
            response.once('drain', more);
            return;
          }
        }
      };
      more();
    };
    exporter.enqueue('traces', chunk('flood'), 1);
    await exporter.flush();
    expect(exporter.stats().sent.traces).toBe(1);
    expect(written).toBeLessThan(100);
  });

  it('holds its byte limit and counts what is past it', async () => {
    const exporter = exporterTo(transport, { batch: { maxQueueBytes: 5000 } });
    const answers: (() => void)[] = [];
    backend.behaviour = (request, response, body) => {
      answers.push(() => void accept(request, response, body));
    };
    for (let index = 0; index < 10; index++) exporter.enqueue('traces', chunk('x', 990), 1);
    expect(exporter.stats()).toMatchObject({
      dropped: { traces: 5 },
      droppedBy: { 'queue full': 5 },
    });
    expect(exporter.hasUnsent()).toBe(true);
    backend.behaviour = accept;
    const flushed = exporter.flush();
    await backend.until(() => answers.length + backend.requests.length > 0);
    for (const answer of answers.splice(0)) answer();
    await flushed;
    expect(exporter.stats().sent.traces).toBe(5);
    exporter.enqueue('traces', chunk('room again', 990), 1);
    await exporter.flush();
    expect(exporter.stats().sent.traces).toBe(6);
  });

  it('holds more while the backend takes records, not while it does not', async () => {
    const held: (() => void)[] = [];
    const hang: Backend['behaviour'] = (_request, response) => {
      held.push(() => response.writeHead(400).end());
    };
    const mebibyte = chunk('x', 2 ** 20 - 10);
    // The clock stands still while a queue is filled: a slow machine may take its time.
    const fill = (into: OtlpExporter, laterMillis: number): number => {
      const millis = performance.now() + laterMillis;
      const clock = vi.spyOn(performance, 'now').mockImplementation(() => millis);
      into.enqueue('traces', chunk('first'), 0);
      for (let mib = 0; mib < 72; mib++) into.enqueue('traces', mebibyte.slice(), 1);
      clock.mockRestore();
      return into.stats().dropped.traces;
    };
    backend.behaviour = hang;
    const early = exporterTo(transport);
    early.enqueue('traces', chunk('unanswered'), 0);
    expect(fill(early, 2000)).toBe(72 - 16);
    const starting = exporterTo(transport);
    expect(fill(starting, 0)).toBe(72 - 64);
    backend.behaviour = accept;
    const late = exporterTo(transport);
    late.enqueue('traces', chunk('taken'), 1);
    await late.flush();
    backend.behaviour = hang;
    expect(fill(late, 0)).toBe(72 - 64);
    // Let go, so that the end waits for nothing.
    backend.behaviour = (_request, response) => void response.writeHead(400).end();
    for (const answer of held) answer();
  });

  it('moves to another endpoint with what waits', async () => {
    const exporter = exporterTo(transport, { endpoint: 'http://127.0.0.1:1' });
    exporter.enqueue('traces', chunk('moved'), 1);
    exporter.configure(resolveSettings({ endpoint: backend.url, transport }, {}));
    await exporter.flush();
    expect(exporter.stats().sent.traces).toBe(1);
  });

  it('takes nothing after shutdown', async () => {
    const exporter = exporterTo(transport);
    exporter.enqueue('traces', chunk('before'), 1);
    await exporter.shutdown();
    exporter.enqueue('traces', chunk('after'), 2);
    await exporter.flush();
    expect(backend.requests).toHaveLength(1);
    expect(exporter.stats()).toMatchObject({
      dropped: { traces: 2 },
      droppedBy: { 'shut down': 2 },
    });
  });

  it('reconnects when the backend comes up', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => {
      taken.listen(0, '127.0.0.1', resolve);
    });
    const { port } = taken.address() as AddressInfo;
    await new Promise<void>((resolve) => {
      taken.close(() => resolve());
    });
    const exporter = exporterTo(transport, { endpoint: `http://127.0.0.1:${port}` });
    exporter.enqueue('traces', chunk('early'), 1);
    const late = await Backend.start(port);
    await exporter.flush();
    expect(late.requests).toHaveLength(1);
    await exporter.shutdown();
    await late.close();
  });
});
