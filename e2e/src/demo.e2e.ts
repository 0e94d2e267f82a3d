import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import type {
  MetricQueryAnswer,
  ServicesAnswer,
  Span,
  StatusAnswer,
  ViewsAnswer,
} from '@codomyrmex/telemetry-query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Backend, PROGRAM, get, startBackend, temporaryFolder, until } from './backend.js';

const folder = temporaryFolder();
let backend: Backend;
let demo: ChildProcess | undefined;

beforeAll(async () => {
  backend = await startBackend(folder.path);
});
afterAll(async () => {
  demo?.kill('SIGKILL');
  await backend.stop();
  folder.remove();
});

function startDemo(args: readonly string[]): { child: ChildProcess; line: Promise<string> } {
  const child = spawn(process.execPath, [PROGRAM, 'demo', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines = createInterface({ input: child.stdout });
  return { child, line: once(lines, 'line').then(([line]) => String(line)) };
}

describe('codomyrmex-telemetry demo', () => {
  it('fills every screen of the backend', async () => {
    const { child, line } = startDemo(['--endpoint', backend.otlpHttp, '--rate', '3']);
    demo = child;
    expect(await line).toContain(`sends to ${backend.otlpHttp}`);
    const names = ['gateway', 'agent-api', 'checkout', 'payments', 'inventory', 'search', 'fraud'];
    await until(
      () => get<ServicesAnswer>(backend, '/services'),
      ({ items }) => names.every((name) => items.some((service) => service.name === name)),
      20_000,
    );
    const views = await get<ViewsAnswer>(backend, '/views');
    expect(new Set(views.items.map((view) => view.group))).toEqual(
      new Set(['Checkout SLO', 'Agent cost', 'Queue depth']),
    );
    // Each registered view draws something.
    for (const view of views.items) {
      const agg = view.aggregation === undefined ? '' : `&agg=${view.aggregation}`;
      const query = `/metrics/query?name=${view.metric}${agg}&from=now-1m&to=now`;
      await until(
        () => get<MetricQueryAnswer>(backend, query),
        ({ series }) => series.some(({ values }) => values.some((value) => value !== null)),
        20_000,
      );
    }
    const recursive = await until(
      () => get<{ items: Span[] }>(backend, '/spans?q=name=research.subquery'),
      ({ items }) => items.length > 0,
      20_000,
    );
    expect(recursive.items[0]?.attributes['agent.depth']).toBeGreaterThan(1);
  });

  it('ends soon, and loses nothing', async () => {
    const started = performance.now();
    demo?.kill('SIGTERM');
    const [code] = (await once(demo as ChildProcess, 'exit')) as [number | null];
    expect(code).toBe(0);
    // Two seconds, and as much again for a machine that does other things too.
    expect(performance.now() - started).toBeLessThan(4000);
    const status = await get<StatusAnswer>(backend, '/status');
    expect(status.dropped).toEqual([]);
    expect(status.refused).toEqual([]);
    expect(status.unshown).toEqual([]);
  });

  it('runs on without a backend and says how to start one', async () => {
    const { child, line } = startDemo(['--endpoint', 'http://127.0.0.1:9', '--duration', '1']);
    expect(await line).toMatch(/No backend answers at http:\/\/127\.0\.0\.1:9 yet/);
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('explains a flag that is wrong', async () => {
    const { child } = startDemo(['--speed', '3']);
    let complaints = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaints += text;
    });
    expect(await once(child, 'exit')).toEqual([2, null]);
    expect(complaints).toMatch(/--speed/);
    const help = startDemo(['--help']);
    expect(await help.line).toMatch(/Usage: codomyrmex-telemetry demo/);
  });
});
