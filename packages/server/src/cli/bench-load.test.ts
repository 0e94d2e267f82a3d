import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type RunningServer, startServer } from '../main.js';
import { runBenchLoad } from './bench-load.js';
import { UsageError } from './flags.js';

const TOKEN = 'a-token-of-the-test';
const dataDir = mkdtempSync(join(tmpdir(), 'codomyrmex-bench-load-'));
let server: RunningServer;
let otlpHttp = '';

beforeAll(async () => {
  server = await startServer({
    dataDir,
    host: '127.0.0.1',
    port: 0,
    otlpHttpPort: 0,
    otlpGrpcPort: 0,
    authToken: TOKEN,
  });
  otlpHttp = server.otlpHttp ?? '';
});

afterAll(async () => {
  await server.close();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Exit code and output of one run. */
async function run(args: readonly string[]): Promise<{ code: number; output: string }> {
  let output = '';
  const code = await runBenchLoad(args, {}, (text) => (output += text));
  return { code, output };
}

describe('bench-load', () => {
  it.each(['http/protobuf', 'http/json', 'grpc'])(
    'sends every signal over %s and finds all of it stored',
    async (protocol) => {
      const { code, output } = await run([
        '--url',
        otlpHttp,
        '--grpc-url',
        `http://${server.otlpGrpc ?? ''}`,
        '--protocol',
        protocol,
        '--signals',
        'traces,logs,metrics',
        '--connections',
        '3',
        '--spans-per-request',
        '25',
        '--duration',
        '0.2',
        '--auth-token',
        TOKEN,
        '--json',
      ]);
      const { acknowledged, stored, refused, requests, isLost } = JSON.parse(output) as {
        acknowledged: { traces: number; logs: number; metrics: number };
        stored: { spans: number; logs: number; points: number };
        refused: number;
        requests: number;
        isLost: boolean;
      };
      expect(acknowledged.traces).toBeGreaterThan(0);
      expect(stored).toEqual({
        spans: acknowledged.traces,
        logs: acknowledged.logs,
        points: acknowledged.metrics,
      });
      expect(acknowledged.traces + acknowledged.logs + acknowledged.metrics).toBe(requests * 25);
      expect({ code, refused, isLost }).toEqual({ code: 0, refused: 0, isLost: false });
    },
  );

  it('keeps to a rate and says what came of it', async () => {
    const { output } = await run([
      '--url',
      otlpHttp,
      '--auth-token',
      TOKEN,
      '--duration',
      '0.5',
      '--spans-per-request',
      '10',
      '--connections',
      '2',
      '--rate',
      '200',
    ]);
    const sent = Number(/spans: (\d+) acknowledged, \1 stored/.exec(output)?.[1]);
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThanOrEqual(120);
    expect(output).toContain('answers: p50');
  });

  it('ends with 1 when the server forgets what it acknowledged', async () => {
    const forgetful = createServer((request, response) => {
      request.resume();
      response.end(JSON.stringify({ stored: { spans: 0, logs: 0, points: 0 } }));
    });
    await once(forgetful.listen(0, '127.0.0.1'), 'listening');
    const { port } = forgetful.address() as AddressInfo;
    const { code, output } = await run([
      '--url',
      `http://127.0.0.1:${port}`,
      '--duration',
      '0.05',
      '--connections',
      '1',
    ]);
    expect(code).toBe(1);
    expect(output).toContain('THE SERVER STORES LESS THAN IT ACKNOWLEDGED');
    forgetful.closeAllConnections();
    forgetful.close();
  });

  it('says what is wrong: arguments, the token, no server', async () => {
    for (const args of [['--protocol', 'smtp'], ['--signals', 'x'], ['--rate', '0'], ['--huh']]) {
      await expect(run(args)).rejects.toThrow(UsageError);
    }
    await expect(run(['--url', 'https://127.0.0.1'])).rejects.toThrow(/say http:/);
    await expect(run(['--url', otlpHttp])).rejects.toThrow(/refused \(401\)/);
    await expect(run(['--url', 'http://127.0.0.1:1'])).rejects.toThrow(/no server answers/);
  });
});
