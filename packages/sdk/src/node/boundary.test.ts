/** Context over real boundaries: threads, ports, processes. */
import { execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { MessageChannel, SHARE_ENV } from 'node:worker_threads';
import type { WorkerOptions } from 'node:worker_threads';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Backend } from '../export/fixtures/backend.js';
import type { ReceivedSpan } from '../export/fixtures/backend.js';
import { forceFlush, init, shutdown } from '../init.js';
import { childEnv } from '../trace/propagation.js';
import { getCurrentSpan } from '../trace/start-span.js';
import { withSpan } from '../trace/with-span.js';
import { onMessage, sendMessage } from './messages.js';
import type { ListeningPort, PostingPort, SendingProcess } from './messages.js';
import { TracedWorker } from './traced-worker.js';

const FAR = new URL('./fixtures/boundary.js', import.meta.url);

let backend: Backend;
beforeAll(async () => {
  backend = await Backend.start();
  init({ serviceName: 'near', endpoint: backend.url, transport: 'main', diagnostics: 'none' });
});
afterAll(async () => {
  await shutdown();
  await backend.close();
});
beforeEach(async () => {
  await forceFlush();
  backend.spans.length = 0;
});

async function byName(count: number): Promise<Record<string, ReceivedSpan>> {
  await forceFlush();
  const spans = await backend.spansArrived(count);
  return Object.fromEntries(spans.map((span) => [span.name, span]));
}

function expectFamily(spans: Record<string, ReceivedSpan>): void {
  const near = spans['near']!;
  expect(spans['far root']?.parentSpanId).toBe(near.spanId);
  expect(spans['far child']?.parentSpanId).toBe(spans['far root']?.spanId);
  expect(spans['far child']?.traceId).toBe(near.traceId);
  expect(spans['far request']?.parentSpanId).toBe('');
  expect(spans['far request']?.traceId).not.toBe(near.traceId);
}

describe('TracedWorker', () => {
  it.each<[string, WorkerOptions]>([
    ['its own environment', {}],
    ['the shared environment', { env: SHARE_ENV }],
    ['an empty environment', { env: {} }],
  ])('carries the span and the options into a thread with %s', async (_name, options) => {
    await withSpan('near', async () => {
      const worker = new TracedWorker(FAR, { workerData: 'spans', ...options });
      await once(worker, 'exit');
    });
    const spans = await byName(4);
    expectFamily(spans);
    expect(spans['far root']?.resource['service.name']).toBe('near');
    expect(spans['far root']?.resource['service.instance.id']).not.toBe(
      spans['near']?.resource['service.instance.id'],
    );
  });

  it('leaves no parent behind for the next thread', async () => {
    await withSpan('near', async () => {
      await once(new TracedWorker(FAR, { workerData: 'spans' }), 'exit');
    });
    await byName(4);
    backend.spans.length = 0;
    await once(new TracedWorker(FAR, { workerData: 'spans' }), 'exit');
    expect((await byName(3))['far root']?.parentSpanId).toBe('');
  });
});

describe('childEnv', () => {
  const env = (): Record<string, string> =>
    childEnv({ ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: backend.url });

  it('carries the span into spawned processes', async () => {
    await withSpan('near', async () => {
      const child = spawn(process.execPath, [fileURLToPath(FAR), 'spans'], { env: env() });
      await once(child, 'exit');
    });
    expectFamily(await byName(4));
  });

  it('carries the span into the Sync variants', async () => {
    withSpan('near', () => {
      execFileSync(process.execPath, [fileURLToPath(FAR), 'spans'], { env: env() });
    });
    expectFamily(await byName(4));
  });
});

describe('sendMessage and onMessage', () => {
  type Port = ListeningPort & (PostingPort | SendingProcess);

  async function converse(port: Port): Promise<void> {
    const answers: string[] = [];
    const heard = new Promise<void>((resolve) => {
      onMessage<{ text: string }>(port, ({ text }) => {
        const parent = getCurrentSpan()?.spanContext().spanId;
        answers.push(`${text} ${parent === undefined ? 'orphan' : 'in context'}`);
        if (text === 'STOP') resolve();
      });
    });
    for (const text of ['one', 'stop']) {
      withSpan(`near ${text}`, () => sendMessage(port, { text }));
    }
    await heard;
    expect(answers).toEqual(['ONE in context', 'STOP in context']);
  }

  async function expectChains(): Promise<void> {
    const spans = await byName(4);
    for (const text of ['one', 'stop']) {
      expect(spans[`far ${text}`]?.parentSpanId).toBe(spans[`near ${text}`]?.spanId);
    }
    expect(spans['far one']?.traceId).not.toBe(spans['far stop']?.traceId);
  }

  it('carry context to a thread and back', async () => {
    const worker = new TracedWorker(FAR, { workerData: 'messages' });
    const ended = once(worker, 'exit');
    await converse(worker);
    await ended;
    await expectChains();
  });

  it('carry context to a forked process and back', async () => {
    const child = fork(FAR, ['messages'], {
      env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: backend.url },
    });
    const ended = once(child, 'exit');
    await converse(child);
    await ended;
    await expectChains();
  });

  it('carry context over a port, with transfer; plain messages come as they are', async () => {
    const { port1, port2 } = new MessageChannel();
    const heard: [unknown, string | undefined][] = [];
    const done = new Promise<void>((resolve) => {
      const stop = onMessage(port2, (value) => {
        heard.push([value, getCurrentSpan()?.spanContext().spanId]);
        if (value !== 'last') return;
        stop();
        resolve();
      });
    });
    const bytes = new Uint8Array([1, 2, 3]);
    const spanId = withSpan('near', (span) => {
      sendMessage(port1, bytes, [bytes.buffer]);
      port1.postMessage('plain');
      return span.spanContext().spanId;
    });
    sendMessage(port1, 'last');
    await done;
    expect(bytes.length).toBe(0);
    expect(heard).toEqual([
      [Uint8Array.of(1, 2, 3), spanId],
      ['plain', undefined],
      ['last', undefined],
    ]);
    port1.close();
    expect(() => sendMessage({}, 1)).toThrow('expected a port');
  });
});
