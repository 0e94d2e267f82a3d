import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const BIN = fileURLToPath(new URL('bin.js', import.meta.url));
const FREE = ['--port', '0', '--otlp-http-port', '0', '--otlp-grpc-port', 'off'];

type Child = ChildProcessByStdio<Writable, Readable, Readable>;
interface Ready {
  readonly event: string;
  readonly pid: number;
  readonly url: string;
  readonly otlpHttp: string;
  readonly otlpGrpc: string | null;
  readonly dataDir: string;
}

let root = '';
const children: Child[] = [];

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'codomyrmex-cli-'));
});

afterEach(async () => {
  // Not SIGKILL: a child that ends by itself also writes what it covered.
  const running = children.filter((child) => child.exitCode === null && child.signalCode === null);
  const ended = running.map((child) => once(child, 'exit'));
  for (const child of running) child.kill('SIGTERM');
  await Promise.all(ended);
  children.length = 0;
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Child {
  const child = spawn(process.execPath, [BIN, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  children.push(child);
  return child;
}

/** Starts with --json and waits for the ready line. */
async function start(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<[Child, Ready]> {
  const child = run([...args, '--json'], env);
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return [child, JSON.parse(line) as Ready];
}

/** Runs to the end: exit code, stdout and stderr. */
async function finish(child: Child): Promise<{ code: number | null; out: string; err: string }> {
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (err += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

describe('serve', () => {
  it('says that it is ready, takes requests, keeps the data, ends on SIGTERM', async () => {
    const dataDir = join(root, 'kept');
    const args = ['serve', ...FREE, '--data-dir', dataDir];
    const [child, ready] = await start(args);
    expect(ready).toEqual({
      event: 'ready',
      pid: child.pid,
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      otlpHttp: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      otlpGrpc: null,
      dataDir,
    });
    const sent = await fetch(`${ready.otlpHttp}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'hello' } }] }] }],
      }),
    });
    expect(sent.status).toBe(200);
    const asked = performance.now();
    child.kill('SIGTERM');
    expect(await finish(child)).toMatchObject({ code: 0 });
    expect(performance.now() - asked).toBeLessThan(5_000);

    const [again, { url }] = await start(args);
    const status = await fetch(`${url}/api/v1/status`);
    expect(await status.json()).toMatchObject({ stored: { logs: 1 } });
    again.kill('SIGINT');
    expect(await finish(again)).toMatchObject({ code: 0 });
  });

  it('refuses a directory that another server has, within 2 s, and names both', async () => {
    const dataDir = join(root, 'locked');
    const [first] = await start([...FREE, '--data-dir', dataDir]);
    const asked = performance.now();
    const { code, err } = await finish(run([...FREE, '--data-dir', dataDir]));
    expect(performance.now() - asked).toBeLessThan(10_000);
    expect(code).toBe(1);
    expect(err).toContain(`the data directory ${dataDir} is in use by process ${first.pid}`);
  });

  it('takes over a directory whose server was killed', async () => {
    const dataDir = join(root, 'killed');
    const [first] = await start([...FREE, '--data-dir', dataDir]);
    first.kill('SIGKILL');
    await once(first, 'exit');
    const [, ready] = await start([...FREE, '--data-dir', dataDir]);
    expect(ready.event).toBe('ready');
  });

  it('names a port that is taken and the flag to change it', async () => {
    const holder: Server = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    const cases = [
      ['--port', '--otlp-http-port'],
      ['--otlp-http-port', '--port'],
    ] as const;
    for (const [taken, other] of cases) {
      const args = [taken, String(port), other, '0', '--otlp-grpc-port', 'off', '--memory'];
      const { code, err } = await finish(run(args));
      expect(code).toBe(1);
      expect(err).toContain(`port ${port} on 127.0.0.1 is taken`);
      expect(err).toContain(`${taken} PORT`);
    }
    holder.close();
  });

  it('greets a person with what to open and where to send', async () => {
    const child = run([...FREE, '--memory']);
    let text = '';
    for await (const chunk of child.stdout) {
      text += String(chunk);
      if (text.includes('OTEL_EXPORTER_OTLP_ENDPOINT')) break;
    }
    expect(text).toMatch(/ready \(\d+ ms\)/);
    const dataDir = /data {3}(\S+)/.exec(text)?.[1] ?? '';
    expect(existsSync(dataDir)).toBe(true);
    child.kill('SIGTERM');
    await once(child, 'exit');
    expect(existsSync(dataDir)).toBe(false);
  });

  it('ends when its standard input closes, if asked to, by flag or variable', async () => {
    const [byFlag] = await start([...FREE, '--memory', '--exit-with-stdin']);
    byFlag.stdin.end();
    expect(await finish(byFlag)).toMatchObject({ code: 0 });
    const variable = { CODOMYRMEX_TELEMETRY_EXIT_WITH_STDIN: '1' };
    const [byVariable] = await start([...FREE, '--memory'], variable);
    byVariable.stdin.end();
    expect(await finish(byVariable)).toMatchObject({ code: 0 });
  });

  it('asks for a token when it is reachable from outside', async () => {
    const bare = await finish(run([...FREE, '--host', '0.0.0.0', '--memory']));
    expect(bare).toMatchObject({ code: 2 });
    expect(bare.err).toContain('--auth-token');
    const file = join(root, 'token');
    writeFileSync(file, 'a-token-of-some-length\n');
    const token = ['--auth-token', `file:${file}`];
    const [, { url }] = await start([...FREE, '--host', '0.0.0.0', '--memory', ...token]);
    const local = url.replace('0.0.0.0', '127.0.0.1');
    const ask = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${local}/api/v1/status`, { headers, redirect: 'manual' });
    expect((await ask({})).status).toBe(401);
    expect((await ask({ authorization: 'Bearer another-token-of-length' })).status).toBe(401);
    expect((await ask({ authorization: 'Bearer a-token-of-some-length' })).status).toBe(200);
    expect((await fetch(`${local}/health`)).status).toBe(200);
  });

  it('gives a browser a cookie for a login URL that works once', async () => {
    const token = ['--auth-token', 'a-token-of-some-length'];
    const child = run([...FREE, '--memory', ...token]);
    let text = '';
    for await (const chunk of child.stdout) {
      text += String(chunk);
      if (text.includes('OTEL_EXPORTER_OTLP_ENDPOINT')) break;
    }
    expect(text).not.toContain('a-token-of-some-length');
    const url = /(http:\S+\?login=\S+)/.exec(text)?.[1] ?? '';
    const login = await fetch(url, { redirect: 'manual' });
    expect(login.status).toBe(303);
    const cookie = login.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
    const status = new URL('/api/v1/status', url);
    const headers = { cookie: cookie.split(';')[0] ?? '' };
    expect((await fetch(status, { headers })).status).toBe(200);
    expect((await fetch(status, { headers: { cookie: 'codomyrmex_session=x' } })).status).toBe(401);
    expect((await fetch(url, { redirect: 'manual' })).status).toBe(401);
  });
});

describe('delete', () => {
  it('takes away one service, or everything, and says what it cannot do', async () => {
    const [, { url }] = await start([...FREE, '--memory']);
    const send = async (service: string): Promise<void> => {
      const attributes = [{ key: 'service.name', value: { stringValue: service } }];
      const logRecords = [{ body: { stringValue: 'hello' } }];
      const body = JSON.stringify({
        resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords }] }],
      });
      const headers = { 'content-type': 'application/json' };
      expect((await fetch(`${url}/v1/logs`, { method: 'POST', headers, body })).status).toBe(200);
    };
    const services = async (): Promise<readonly string[]> => {
      const text = await (await fetch(`${url}/api/v1/export/logs`)).text();
      const lines = text.split('\n').filter((line) => line !== '');
      return lines.map((line) => (JSON.parse(line) as { service: string }).service).toSorted();
    };
    const nasty = "it's \\ ') OR 1 --";
    for (const service of ['kept', 'gone', nasty]) await send(service);
    const at = ['--url', url];
    expect(await finish(run(['delete', '--service', nasty, ...at]))).toMatchObject({ code: 0 });
    expect(await services()).toEqual(['gone', 'kept']);
    expect(await finish(run(['delete', '--service', 'gone', ...at]))).toMatchObject({ code: 0 });
    expect(await services()).toEqual(['kept']);
    for (const args of [[], ['--all', '--service', 'kept'], ['--al']]) {
      expect((await finish(run(['delete', ...args, ...at]))).code).toBe(2);
    }
    for (const query of ['', '?all=1', '?all=true&service=kept', '?servce=kept']) {
      const answer = await fetch(`${url}/api/v1/data${query}`, { method: 'DELETE' });
      expect(answer.status, query).toBe(400);
    }
    const foreign = { method: 'DELETE', headers: { origin: 'https://evil.example' } };
    expect((await fetch(`${url}/api/v1/data?all=true`, foreign)).status).toBe(403);
    expect(await services()).toEqual(['kept']);
    expect(await finish(run(['delete', '--all', ...at]))).toMatchObject({ code: 0 });
    expect(await services()).toEqual([]);
    const nobody = await finish(run(['delete', '--all', '--url', 'http://127.0.0.1:1']));
    expect(nobody).toMatchObject({ code: 1 });
    expect(nobody.err).toContain('no server answers');
  });
});

describe('the command line', () => {
  it('explains itself', async () => {
    const help = await finish(run(['--help']));
    expect(help.code).toBe(0);
    expect(help.out).toContain('--data-dir DIR');
    expect(await finish(run(['--version']))).toMatchObject({ code: 0, out: '0.1.0\n' });
  });

  it('names what it does not understand', async () => {
    for (const [args, named] of [
      [['--prot', '1'], '--prot'],
      [['serve', 'extra'], 'extra'],
      [['--port'], '--port'],
      [['fly'], 'fly'],
    ] as const) {
      const { code, err } = await finish(run(args));
      expect(code).toBe(2);
      expect(err).toContain(named);
    }
  });
});
