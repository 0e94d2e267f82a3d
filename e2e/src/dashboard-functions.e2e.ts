import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type {
  LogRecord,
  MetricQueryAnswer,
  MetricsAnswer,
  Span,
  ViewsAnswer,
} from '@codomyrmex/telemetry-query';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import { get, temporaryFolder, until } from './backend.js';

const SDK = new URL('../../packages/sdk/dist/index.js', import.meta.url).href;
const folder = temporaryFolder();
const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});
afterAll(() => folder.remove());

interface Program {
  /** Lines of JSON that it printed, in order. */
  readonly lines: Record<string, unknown>[];
  readonly exited: Promise<number | null>;
  /** Standard error so far. */
  complaints(): string;
  /** Tells it to go on. */
  go(): void;
  kill(): void;
  line(index: number): Promise<Record<string, unknown>>;
}

let programs = 0;

/** A whole program that uses the SDK; `go` is a promise in it that resolves when it is told to. */
function runProgram(source: string, env: Record<string, string> = {}): Program {
  const file = join(folder.path, `program-${programs++}.mjs`);
  writeFileSync(
    file,
    `import * as telemetry from ${JSON.stringify(SDK)};
const tell = (line) => process.stdout.write(JSON.stringify(line) + '\\n');
const go = () => new Promise((resolve) => {
  process.stdin.ref(); process.stdin.once('data', () => { process.stdin.unref(); resolve(); });
});
process.stdin.unref();
${source}`,
  );
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [file], {
    // The program stands in the repository as an installed one would: it finds the server package.
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...inherited, OTEL_SERVICE_NAME: 'e2e-shop', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  closing.push(() => child.kill('SIGKILL'));
  const lines: Record<string, unknown>[] = [];
  let text = '';
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    complaints += part;
  });
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    const parts = text.split('\n');
    text = parts.pop() ?? '';
    for (const line of parts) lines.push(JSON.parse(line) as Record<string, unknown>);
  });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  return {
    lines,
    exited,
    complaints: () => complaints,
    go: () => child.stdin.write('\n'),
    kill: () => child.kill('SIGKILL'),
    async line(index) {
      await until(
        async () => {
          if (child.exitCode !== null && lines.length <= index) throw new Error(complaints);
          return lines.length;
        },
        (length) => length > index,
        30_000,
      );
      return lines[index] ?? {};
    },
  };
}

const isAlive = async (url: string): Promise<boolean> => {
  try {
    await fetch(`${url}/health`);
    return true;
  } catch {
    return false;
  }
};

describe('startDashboardServer, registerView, updateDisplay', () => {
  it('show what a program records, and end with it', async () => {
    const program = runProgram(`
      const server = await telemetry.startDashboardServer({ port: 0, memory: true });
      const view = telemetry.registerView('shop.orders', 'line', { by: ['city'], group: 'Shop' });
      await view.stored();
      tell({ ...server, view: view.id });
      telemetry.createCounter('shop.orders', { unit: '{order}' }).add(3, { city: 'Graz' });
      telemetry.createUpDownCounter('shop.open').add(-2);
      telemetry.createGauge('shop.level').record(0.5);
      const took = telemetry.createHistogram('shop.took', { unit: 'ms' });
      telemetry.recordMetric('shop.orders', 2, { city: 'Graz' });
      telemetry.recordMetric('shop.by-name', 7);
      telemetry.withSpan('buy', (span) => {
        took.record(30);
        telemetry.getLogger('shop').error('sold out', new RangeError('none left'));
        span.setAttribute('city', 'Graz');
      });
      tell(await telemetry.updateDisplay());
      await go();
      telemetry.withSpan('last words', () => undefined);
    `);
    const ready = await program.line(0);
    const backend = { url: String(ready['url']) };
    expect(ready['otlpHttp']).toBe(backend.url);
    expect(ready['port']).toBe(Number(new URL(backend.url).port));
    const shown = await program.line(1);
    expect(shown).toMatchObject({ spans: 1, logs: 1, points: 5 });

    // Stored when updateDisplay resolves: no waiting here.
    const spans = await get<{ items: Span[] }>(backend, '/spans?q=service=e2e-shop');
    expect(spans.items.map((span) => span.name)).toEqual(['buy']);
    const logs = await get<{ items: LogRecord[] }>(backend, '/logs?q=service=e2e-shop');
    expect(logs.items[0]).toMatchObject({
      body: 'sold out',
      severityText: 'ERROR',
      traceId: spans.items[0]?.traceId,
      spanId: spans.items[0]?.spanId,
      attributes: { 'exception.type': 'RangeError', 'exception.message': 'none left' },
    });
    const metrics = await get<MetricsAnswer>(backend, '/metrics');
    expect(metrics.items.map((metric) => [metric.name, metric.type]).toSorted()).toEqual([
      ['shop.by-name', 'gauge'],
      ['shop.level', 'gauge'],
      ['shop.open', 'sum'],
      ['shop.orders', 'sum'],
      ['shop.took', 'histogram'],
    ]);
    const query = '/metrics/query?name=shop.orders&agg=last&by=city&from=now-5m&to=now';
    const answer = await get<MetricQueryAnswer>(backend, query);
    expect(answer.series[0]?.labels).toEqual({ city: 'Graz' });
    expect(answer.series[0]?.values.filter((value) => value !== null)).toEqual([5]);
    const views = await get<ViewsAnswer>(backend, '/views');
    expect(views.items).toMatchObject([
      { id: ready['view'], metric: 'shop.orders', chartType: 'line', source: 'e2e-shop' },
    ]);

    program.go();
    expect(await program.exited).toBe(0);
    await until(
      () => isAlive(backend.url),
      (alive) => !alive,
      6000,
    );
  });

  it('ends the backend with close, and with a program that is killed', async () => {
    const closed = runProgram(`
      const server = await telemetry.startDashboardServer({ port: 0, memory: true });
      tell(server);
      await go();
      await Promise.all([server.close(), server.close()]);
      tell({ closed: true });
    `);
    const url = String((await closed.line(0))['url']);
    expect(await isAlive(url)).toBe(true);
    closed.go();
    expect(await closed.line(1)).toEqual({ closed: true });
    expect(await isAlive(url)).toBe(false);
    expect(await closed.exited).toBe(0);

    const killed = runProgram(`
      tell(await telemetry.startDashboardServer({ port: 0, memory: true }));
      await go();
    `);
    const other = String((await killed.line(0))['url']);
    killed.kill();
    await killed.exited;
    await until(
      () => isAlive(other),
      (alive) => !alive,
      6000,
    );
  });

  it('does not keep a program alive that has nothing else to do', async () => {
    const program = runProgram(`
      tell(await telemetry.startDashboardServer({ port: 0, memory: true }));
      telemetry.registerView('m', 'stat');
      telemetry.createObservableGauge('g', (result) => result.observe(1));
      telemetry.createCounter('c').add(1);
    `);
    await program.line(0);
    expect(await program.exited).toBe(0);
  });

  it('rejects in the words of the backend when the port is taken', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => {
      squatter.listen(0, '127.0.0.1', resolve);
    });
    closing.push(() => squatter.close());
    const { port } = squatter.address() as AddressInfo;
    const program = runProgram(`
      try {
        await telemetry.startDashboardServer({ port: ${port}, memory: true });
      } catch (error) {
        tell({ message: error.message });
      }
    `);
    const { message } = await program.line(0);
    expect(message).toMatch(/cannot start the dashboard server/);
    expect(message).toContain(String(port));
    expect(await program.exited).toBe(0);
  });

  it('leaves an endpoint alone that the environment names', async () => {
    const other = createServer((request, response) => {
      request.resume().on('end', () => response.end());
    });
    await new Promise<void>((resolve) => {
      other.listen(0, '127.0.0.1', resolve);
    });
    closing.push(() => other.close());
    const endpoint = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const paths: string[] = [];
    other.on('request', (request) => paths.push(request.url ?? ''));
    const program = runProgram(
      `
      tell(await telemetry.startDashboardServer({ port: 0, memory: true }));
      telemetry.startSpan('elsewhere').end();
      tell(await telemetry.updateDisplay());
    `,
      { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
    );
    expect(await program.line(1)).toMatchObject({ spans: 1 });
    expect(paths).toContain('/v1/traces');
    await program.exited;
  });

  it('carry the example that stands in the repository', async () => {
    const example = new URL('../../examples/dist/live-dashboard.js', import.meta.url);
    const child = spawn(process.execPath, [fileURLToPath(example), '0', '1']);
    closing.push(() => child.kill('SIGKILL'));
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      printed += part;
    });
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(printed).toMatch(/^The page is http:\/\/127\.0\.0\.1:\d+\n\d+ spans, \d+ points and \d/);
  });

  it('resolves with zeros and one diagnostic without a backend', async () => {
    const program = runProgram(
      `
      telemetry.registerView('m', 'line');
      telemetry.startSpan('lost').end();
      const started = performance.now();
      tell({ ...(await telemetry.updateDisplay()), millis: performance.now() - started });
    `,
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' },
    );
    const answer = await program.line(0);
    expect(answer).toMatchObject({ spans: 0, points: 0, logs: 0 });
    expect(answer['shownMillis']).toBeUndefined();
    expect(answer['millis']).toBeLessThan(5500);
    expect(await program.exited).toBe(0);
    expect(program.complaints().split('\n').filter(Boolean)).toHaveLength(1);
  });
});
