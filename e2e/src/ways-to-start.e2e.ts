/** `/register` in every kind of program and by every switch that Node has for it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { REGISTER } from './fixture-program.js';
import { OtlpSink, type SinkSpan } from './otlp-sink.js';

const SERVER = 2;
const CLIENT = 3;
const FILE = fileURLToPath(REGISTER);

const sink = new OtlpSink();
const directory = mkdtempSync(join(tmpdir(), 'telemetry-ways-'));
let endpoint = '';

beforeAll(async () => {
  endpoint = await sink.start();
});
beforeEach(() => {
  sink.spans.length = 0;
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await sink.close();
});

/** Runs a program to its end; it must end by itself and well. */
async function run(
  name: string,
  source: string,
  flags: readonly string[],
  environment: Record<string, string> = {},
): Promise<readonly SinkSpan[]> {
  const file = join(directory, name);
  writeFileSync(file, source);
  const child = spawn(process.execPath, [...flags, file], {
    env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.on('data', (piece: Buffer) => {
    said += piece.toString();
  });
  child.stderr.on('data', (piece: Buffer) => {
    said += piece.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  expect([code, said]).toEqual([0, '']);
  return sink.spans.splice(0);
}

/** Every server's span hangs below a client's of its own, all of the built-in instrumentation. */
function expectCalls(spans: readonly SinkSpan[], count: number): void {
  const clients = spans.filter((span) => span.kind === CLIENT);
  const servers = spans.filter((span) => span.kind === SERVER);
  expect([clients.length, servers.length, spans.length]).toEqual([count, count, 2 * count]);
  const parents = servers.map((span) => `${span.traceId} ${span.parentSpanId}`);
  const ids = clients.map((span) => `${span.traceId} ${span.spanId}`);
  expect(parents.toSorted()).toEqual(ids.toSorted());
}

/** Calls itself by both clients, and ends. */
const SELF_CALL = `
const server = createServer((request, response) => response.end('ok'));
server.listen(0, '127.0.0.1', async () => {
  const url = 'http://127.0.0.1:' + server.address().port;
  await (await fetch(url)).text();
  get(url, { agent: false }, (response) => response.resume().on('end', () => server.close()));
  server.closeIdleConnections();
});
`;

describe('a program alone', () => {
  const esm = `import { createServer, get } from 'node:http';${SELF_CALL}`;
  const cjs = `const { createServer, get } = require('node:http');${SELF_CALL}`;

  it.each<readonly [string, string, string, readonly string[], Record<string, string>]>([
    ['an ES module by --import', 'app.mjs', esm, ['--import', REGISTER], {}],
    ['CommonJS by --import', 'app.cjs', cjs, ['--import', REGISTER], {}],
    ['an ES module by --require', 'app.mjs', esm, ['--require', FILE], {}],
    ['CommonJS by --require', 'app.cjs', cjs, ['--require', FILE], {}],
    ['CommonJS by NODE_OPTIONS', 'app.cjs', cjs, [], { NODE_OPTIONS: `--import ${REGISTER}` }],
  ])('%s', async (_name, file, source, flags, environment) => {
    expectCalls(await run(file, source, flags, environment), 2);
  });
});

describe('programs of several parts', () => {
  const CALLS = 6;

  it('a cluster: every worker traces, context goes from the primary to them', async () => {
    const source = `
import cluster from 'node:cluster';
import { createServer, get } from 'node:http';
import { once } from 'node:events';
if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  const [[address]] = await Promise.all(workers.map((worker) => once(worker, 'listening')));
  for (let call = 0; call < ${CALLS}; call++) {
    const [response] = await once(get({ port: address.port, agent: false }), 'response');
    response.resume();
    await once(response, 'end');
  }
  for (const worker of workers) worker.disconnect();
} else {
  createServer((request, response) => response.end('ok')).listen(0, '127.0.0.1');
}
`;
    expectCalls(await run('cluster.mjs', source, ['--import', REGISTER]), CALLS);
  });

  it('a thread: it has an SDK of its own, which sends before the thread ends', async () => {
    const source = `
import { createServer } from 'node:http';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';
if (isMainThread) {
  const worker = new Worker(fileURLToPath(import.meta.url));
  const [port] = await once(worker, 'message');
  for (let call = 0; call < ${CALLS}; call++) {
    await (await fetch('http://127.0.0.1:' + port)).text();
  }
  worker.postMessage('end');
  await once(worker, 'exit');
} else {
  const server = createServer((request, response) => response.end('ok'));
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
  await once(parentPort, 'message');
  server.closeAllConnections();
  server.close();
  parentPort.close();
}
`;
    expectCalls(await run('thread.mjs', source, ['--import', REGISTER]), CALLS);
  });
});
