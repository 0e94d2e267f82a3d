/** A sender thread that cannot start (a bundle, a permission model), or is killed. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { encode } from '@codomyrmex/otlp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setDiagnostics } from '../common/diagnostics.js';
import { Backend, accept } from './fixtures/backend.js';
import type { Chunk } from './chunk.js';
import { OtlpExporter } from './otlp-exporter.js';
import type { TelemetryOptions } from './options.js';
import { SenderThread } from './sender-thread.js';
import { resolveSettings } from './settings.js';

const chunk = (): Chunk => ({
  signal: 'traces',
  bytes: Uint8Array.of(0x0a, 0),
  recordCount: 1,
  heldBytes: 2,
});

describe('a sender thread without its program', () => {
  it('gives back what it was given, and lets a flush go on', async () => {
    const settings = resolveSettings({ endpoint: 'http://127.0.0.1:1' }, {});
    const given: Chunk[] = [];
    const told: string[] = [];
    const thread = SenderThread.start(
      settings,
      {
        settle: () => undefined,
        failed: (left, message) => {
          given.push(...left);
          told.push(message);
        },
        warn: () => undefined,
      },
      new URL('./no-such-file.js', import.meta.url),
    )!;
    thread.add(chunk());
    const flushed = thread.flush(false);
    thread.add(chunk());
    await flushed;
    expect(given.map((left) => left.bytes.length)).toEqual([2, 2]);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('no-such-file');
    await thread.flush(true);
    await thread.close();
  });
});

describe('a sender thread that is too slow to start', () => {
  it('gives back what it never got when process exit has waited for it', () => {
    const settings = resolveSettings({ endpoint: 'http://127.0.0.1:1' }, {});
    const hooks = { settle: () => undefined, failed: () => undefined, warn: () => undefined };
    const silent = new URL('data:text/javascript,setInterval(() => undefined, 1000)');
    const thread = SenderThread.start(settings, hooks, silent)!;
    expect(thread.finishNow(1)).toBe(true);
    thread.add(chunk());
    expect(thread.finishNow(20)).toBe(false);
    expect(thread.takeBack().map((left) => left.bytes.length)).toEqual([2]);
    expect(thread.takeBack()).toEqual([]);
  });

  it('leaves it to the spill, which needs no event loop', () => {
    const directory = mkdtempSync(join(tmpdir(), 'codomyrmex-slow-'));
    const options = { endpoint: 'http://127.0.0.1:1', transport: 'worker' } as const;
    const exporter = new OtlpExporter(resolveSettings({ ...options, spill: { directory } }, {}));
    setDiagnostics('none');
    exporter.enqueue('traces', Uint8Array.of(0x0a, 0), 1);
    // No turn of the event loop has passed, and no time is left: it cannot have started.
    exporter.finishNow(0);
    expect(exporter.stats()).toMatchObject({ dropped: { traces: 0 }, spilled: { traces: 1 } });
    rmSync(directory, { recursive: true });
    setDiagnostics('warn');
  });
});

describe('a program that may not make threads', () => {
  it('sends from its own thread', async () => {
    const backend = await Backend.start();
    const program = fileURLToPath(new URL('../node/fixtures/ending.js', import.meta.url));
    const isOld = Number(process.versions.node.split('.')[0]) < 24;
    const permission = isOld ? '--experimental-permission' : '--permission';
    const flags = [permission, '--allow-fs-read=*', ...(isOld ? [] : ['--allow-net'])];
    await promisify(execFile)(process.execPath, [...flags, program, 'natural'], {
      // Coverage would need to write files.
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: backend.url },
    });
    expect(backend.spans.map((span) => span.name)).toEqual(['last']);
    await backend.close();
  });
});

describe('a sender thread that is killed', () => {
  let backend: Backend;
  let exporter: OtlpExporter;
  let thread: Worker;
  let directory: string;
  const messages: string[] = [];

  beforeEach(async () => {
    setDiagnostics((_severity, message) => messages.push(message));
    backend = await Backend.start();
    directory = mkdtempSync(join(tmpdir(), 'codomyrmex-killed-'));
  });
  afterEach(async () => {
    await exporter.shutdown();
    await backend.close();
    rmSync(directory, { recursive: true, force: true });
    setDiagnostics('warn');
  });

  function start(options: TelemetryOptions = {}): void {
    const all = { endpoint: backend.url, transport: 'worker', ...options } as const;
    exporter = new OtlpExporter(resolveSettings(all, {}));
  }

  function record(...names: string[]): void {
    const spans = names.map((name) => ({ name }));
    const bytes = encode('ExportTraceServiceRequest', {
      resourceSpans: [{ scopeSpans: [{ spans }] }],
    });
    // Transferred: never a slice of shared memory.
    exporter.enqueue('traces', Uint8Array.from(bytes), names.length);
  }

  const names = (): string[] => backend.spans.map((span) => span.name).toSorted();

  /** The thread appears with the first record. */
  function recordFirst(...first: string[]): void {
    process.once('worker', (worker: Worker) => (thread = worker));
    record(...first);
  }

  it('takes with it what was under way, which is counted; the rest goes on', async () => {
    start({ batch: { maxInFlight: 2 } });
    recordFirst('sent');
    await exporter.flush();
    backend.behaviour = () => undefined;
    for (const name of ['a', 'b', 'c']) record(name, `${name}2`);
    await backend.until(() => backend.requests.length === 3);
    backend.behaviour = accept;
    await thread.terminate();
    record('later');
    await exporter.flush();
    expect(names()).toEqual(['later', 'sent']);
    expect(exporter.stats()).toMatchObject({
      sent: { traces: 2 },
      dropped: { traces: 6 },
      droppedBy: { 'sender died': 6 },
    });
    expect(exporter.hasUnsent()).toBe(false);
    expect(messages.join()).toContain('sending without thread');
  });

  it('leaves what it had put on disk to its heir, and nothing is lost', async () => {
    start({ spill: { directory } });
    backend.behaviour = (_request, response) => {
      response.writeHead(503, { 'retry-after': '30' }).end();
    };
    recordFirst('a', 'b');
    await exporter.flush();
    record('c');
    await exporter.flush();
    expect(exporter.stats().spilled?.traces).toBe(3);
    backend.behaviour = accept;
    await thread.terminate();
    await exporter.flush(true);
    expect(names()).toEqual(['a', 'b', 'c']);
    expect(exporter.stats()).toMatchObject({
      sent: { traces: 3 },
      dropped: { traces: 0 },
      spilled: { traces: 0 },
    });
    await exporter.shutdown();
    expect(readdirSync(directory)).toEqual([]);
  });
});
