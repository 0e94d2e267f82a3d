import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, describe, expect, it } from 'vitest';
import { Backend } from '../export/fixtures/backend.js';
import { metricNames } from './fixtures/metric-names.js';

const backend = await Backend.start();
afterAll(() => backend.close());

/** A span starts the SDK; a program that records nothing has its metrics two seconds later. */
const RECORD =
  "import { trace } from '@opentelemetry/api'; trace.getTracer('t').startSpan('s').end()";

/** A program that runs until its standard input ends. */
function program(environment: Record<string, string>, args: string[]): ChildProcess {
  return spawn(process.execPath, [...args, '--input-type=module', '-e', 'process.stdin.resume()'], {
    env: {
      ...process.env,
      OTEL_EXPORTER_OTLP_ENDPOINT: backend.url,
      OTEL_METRIC_EXPORT_INTERVAL: '100',
      ...environment,
    },
    stdio: ['pipe', 'inherit', 'inherit'],
  });
}

async function ended(child: ChildProcess): Promise<number | null> {
  child.stdin?.end();
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

const register = ['--import', new URL('register.js', import.meta.url).href];

describe('runtime metrics under /register', () => {
  it('come by themselves, and do not keep the program alive', async () => {
    const child = program({}, register);
    await backend.until(() => metricNames(backend).has('nodejs.eventloop.utilization'));
    expect(await ended(child)).toBe(0);
    const names = metricNames(backend);
    for (const name of ['process.cpu.time', 'v8js.memory.heap.used', 'process.memory.usage']) {
      expect(names).toContain(name);
    }
  });

  it('do not make a short program longer', async () => {
    const started = performance.now();
    expect(await ended(program({}, register))).toBe(0);
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  it('stay away where the environment says so', async () => {
    backend.requests.length = 0;
    const environments: Record<string, string>[] = [
      { OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'runtime-node' },
      { OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http' },
      { OTEL_METRICS_EXPORTER: 'none' },
      { OTEL_SDK_DISABLED: 'true' },
    ];
    // Longer than it takes them to start: what would come would come at the flush in the end.
    const wait = `${RECORD}; setTimeout(() => process.exit(), 1500)`;
    const children = environments.map((environment) =>
      spawn(process.execPath, [...register, '--input-type=module', '-e', wait], {
        env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: backend.url, ...environment },
        stdio: 'inherit',
      }),
    );
    await Promise.all(children.map((child) => once(child, 'exit')));
    expect([...metricNames(backend)]).toEqual([]);
  });
});
