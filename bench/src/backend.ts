import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The program that a user runs, as built. */
const PROGRAM: string = fileURLToPath(
  new URL('../../packages/server/dist/cli/bin.js', import.meta.url),
);

export interface BenchBackend {
  readonly url: string;
  readonly otlpHttp: string;
  /** With http:// in front. */
  readonly otlpGrpc: string;
  readonly process: ChildProcess;
  /** CPU seconds of all its threads so far, user and system. */
  cpuSeconds(): number;
  residentBytes(): number;
  readonly dataDir: string;
  /** Ends the server and leaves its data. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** A real server in a process of its own, on free ports and a temporary directory. */
export async function startBenchBackend(flags: readonly string[] = []): Promise<BenchBackend> {
  const dataDir = mkdtempSync(join(tmpdir(), 'codomyrmex-bench-'));
  const child = runProgram(
    [
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
      ...flags,
    ],
    'pipe',
  );
  if (child.stdout === null) throw new Error('the server has no output');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const ready = JSON.parse(line) as { url: string; otlpHttp: string; otlpGrpc: string };
  const { pid } = child;
  if (pid === undefined) throw new Error('the server did not start');
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  };
  return {
    url: ready.url,
    otlpHttp: ready.otlpHttp,
    otlpGrpc: `http://${ready.otlpGrpc}`,
    process: child,
    cpuSeconds: () => cpuSeconds(pid),
    residentBytes: () => residentBytes(pid),
    dataDir,
    stop,
    async close() {
      await stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Runs `codomyrmex-telemetry` with these arguments. */
export function runProgram(args: readonly string[], stdout: 'pipe' | 'ignore'): ChildProcess {
  return spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', stdout, 'inherit'] });
}

/** Linux: fields 14 and 15 of /proc/PID/stat, in ticks of 10 ms. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function residentBytes(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) * 1024;
}

/** The value below which `fraction` of the sorted values lie. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}
