import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { StatusAnswer } from '@codomyrmex/telemetry-query';
import { afterAll, expect, it } from 'vitest';

import { type RunningServer, startServer } from './main.js';

const folder = mkdtempSync(join(tmpdir(), 'codomyrmex-full-'));
/** Programs of the system, not of a package. */
const [MOUNT, UNMOUNT] = ['mount', 'umount'] as const;
const BALLAST = 20_000_000;

/** A file system of 48 MiB; undefined with a printed reason where that is not permitted. */
function mounted(): string | undefined {
  try {
    execFileSync(MOUNT, ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', folder], { stdio: 'pipe' });
    return folder;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    process.stdout.write(`disk full is not tested here: it needs to mount a tmpfs (${reason})\n`);
    return undefined;
  }
}

const disk = mounted();

afterAll(() => {
  if (disk !== undefined) execFileSync(UNMOUNT, [disk]);
  rmSync(folder, { recursive: true, force: true });
});

function start(): Promise<RunningServer> {
  const ports = { port: 0, otlpHttpPort: undefined, otlpGrpcPort: undefined };
  return startServer({ ...ports, dataDir: join(folder, 'data'), log: () => undefined });
}

/** A request of 200 logs, about 200 kB that do not compress, all of service `name`. */
function logsOf(name: string): string {
  const record = (): object => ({ body: { stringValue: randomBytes(750).toString('base64') } });
  const logRecords = Array.from({ length: 200 }, record);
  const attributes = [{ key: 'service.name', value: { stringValue: name } }];
  return JSON.stringify({
    resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords }] }],
  });
}

function post(server: RunningServer, body: string): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(`${server.url}/v1/logs`, { method: 'POST', headers, body });
}

/** Status is cached for 250 ms: asks until the answer is newer than this call. */
async function storedLogs(server: RunningServer): Promise<number> {
  const asked = BigInt(Date.now()) * 1_000_000n;
  for (;;) {
    const answer = await fetch(`${server.url}/api/v1/status`);
    expect(answer.status).toBe(200);
    const status = (await answer.json()) as StatusAnswer;
    if (BigInt(status.nowUnixNano) >= asked) return status.stored.logs;
  }
}

it.skipIf(disk === undefined)(
  'a full disk: refuses retryably, keeps reading, heals by itself, loses nothing',
  async () => {
    const ballast = join(folder, 'ballast');
    writeFileSync(ballast, Buffer.alloc(BALLAST, 1));
    let server = await start();
    let acknowledged = 0;
    const refused: string[] = [];
    while (refused.length < 3) {
      const body = logsOf(`service-${acknowledged + refused.length}`);
      const answer = await post(server, body);
      if (answer.status === 200) {
        acknowledged += 1;
        continue;
      }
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      refused.push(body);
    }
    expect(acknowledged).toBeGreaterThan(5);
    expect(await storedLogs(server)).toBe(acknowledged * 200);

    rmSync(ballast);
    for (const body of refused) {
      while ((await post(server, body)).status !== 200) await delay(200);
    }
    const all = (acknowledged + refused.length) * 200;
    expect(await storedLogs(server)).toBe(all);
    await server.close();
    server = await start();
    expect(await storedLogs(server)).toBe(all);
    await server.close();
  },
  60_000,
);
