import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The program that a user runs, as built. */
export const PROGRAM: string = fileURLToPath(
  new URL('../../packages/server/dist/cli/bin.js', import.meta.url),
);

export interface Backend {
  readonly url: string;
  readonly otlpHttp: string;
  /** With http:// in front, as exporters take it. */
  readonly otlpGrpc: string;
  readonly dataDir: string;
  readonly process: ChildProcess;
  /** Of the server itself, when it was started by another program. */
  readonly pid: number;
  readonly exited: Promise<unknown>;
  /** Its standard error so far. */
  said(): string;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

interface Ready {
  readonly event: string;
  readonly pid: number;
  readonly url: string;
  readonly otlpHttp: string;
  readonly otlpGrpc: string;
  readonly dataDir: string;
}

/** A folder for one test file; removed by the returned function. */
export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'codomyrmex-e2e-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Starts the real server on free ports; resolves with its ready line. */
export async function startBackend(
  dataDir: string,
  flags: readonly string[] = [],
): Promise<Backend> {
  const args = [
    'serve',
    '--json',
    '--port',
    '0',
    '--otlp-http-port',
    '0',
    '--otlp-grpc-port',
    '0',
    '--data-dir',
    dataDir,
  ];
  return startProgram([process.execPath, PROGRAM, ...args, ...flags]);
}

/** Runs a program that serves; resolves with its ready line. */
export async function startProgram(line: readonly string[]): Promise<Backend> {
  const [program = '', ...args] = line;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const complaints: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
  const exited = once(child, 'exit');
  const said = once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>;
  const first = await Promise.race([said, exited]);
  if (typeof first[0] !== 'string' || !first[0].startsWith('{')) {
    throw new Error(`the server did not start: ${Buffer.concat(complaints).toString()}`);
  }
  const ready = JSON.parse(first[0]) as Ready;
  return {
    url: ready.url,
    otlpHttp: ready.otlpHttp,
    otlpGrpc: `http://${ready.otlpGrpc}`,
    dataDir: ready.dataDir,
    process: child,
    pid: ready.pid,
    exited,
    said: () => Buffer.concat(complaints).toString(),
    async stop() {
      child.kill('SIGTERM');
      const [code] = (await exited) as [number | null];
      return code;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** GET of the API, parsed; throws with the answer's text when it is no 2xx. */
export async function get<Answer>(backend: Pick<Backend, 'url'>, path: string): Promise<Answer> {
  const response = await fetch(`${backend.url}/api/v1${path}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${text}`);
  return JSON.parse(text) as Answer;
}

/** Every record of an export route. */
export async function exported<Row>(backend: Pick<Backend, 'url'>, path: string): Promise<Row[]> {
  const response = await fetch(`${backend.url}/api/v1/export/${path}`);
  if (!response.ok) throw new Error(`export ${path}: ${response.status} ${await response.text()}`);
  const lines = (await response.text()).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Row);
}

/** Asks until the answer satisfies; for what another process does in its own time. */
export async function until<T>(
  ask: () => Promise<T>,
  satisfied: (answer: T) => boolean,
  millis = 10_000,
): Promise<T> {
  const deadline = performance.now() + millis;
  for (;;) {
    const answer = await ask();
    if (satisfied(answer)) return answer;
    if (performance.now() > deadline) {
      throw new Error(`not within ${millis} ms; last: ${JSON.stringify(answer).slice(0, 2_000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
