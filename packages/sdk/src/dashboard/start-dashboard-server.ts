import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Socket } from 'node:net';

import { report } from '../common/diagnostics.js';
import { telemetry } from '../export/telemetry.js';
import type { Telemetry } from '../export/telemetry.js';
import { CLOSE_MILLIS, READY_LINE_LENGTH, START_MILLIS, STDERR_LENGTH } from './limits.js';
import { viewRegistryOf } from './register-view.js';
import { serverCommandFile } from './server-package.js';

/** How the backend is started. Everything is optional. */
export interface DashboardOptions {
  /** Page, API and OTLP/HTTP. Default 4320; 0: a free one. */
  readonly port?: number;
  /** One more port for OTLP/HTTP: others expect it on 4318; 0: a free one. Default none. */
  readonly otlpHttpPort?: number;
  /** A port for OTLP/gRPC, as other programs expect it on 4317; 0: a free one. Default none. */
  readonly otlpGrpcPort?: number;
  /** Where data is kept. Default: the platform's data folder. */
  readonly dataDir?: string;
  /** Keep data in a temporary directory that is removed at the end. Default false. */
  readonly memory?: boolean;
  /** Open the page in the browser. Default false. */
  readonly open?: boolean;
}

/** A running backend. */
export interface DashboardServer {
  /** The page. */
  readonly url: string;
  /** Base URL for OTLP/HTTP; the page's port takes it too. */
  readonly otlpHttp: string;
  /** host:port for OTLP/gRPC; undefined without `otlpGrpcPort`. */
  readonly otlpGrpc: string | undefined;
  readonly port: number;
  /** Stops the backend; what it acknowledged is stored. A second call does nothing more. */
  close(): Promise<void>;
}

/**
 * Runs the backend with its dashboard as a child process and resolves when it takes requests. This
 * program's telemetry goes there from then on, what is still queued included, unless code or
 * environment named an endpoint. The child ends with the program, however that ends, and does not
 * keep it alive: a program with nothing else to do exits. Rejects when the server package is not
 * installed, the port is taken, or the data directory is in use, with the backend's own words.
 */
export async function startDashboardServer(
  portOrOptions: number | DashboardOptions = {},
): Promise<DashboardServer> {
  const options = typeof portOrOptions === 'number' ? { port: portOrOptions } : portOrOptions;
  const child = await spawnServer(serverCommandFile(), argumentsOf(options));
  const ready = await waitUntilReady(child);
  letGo(child);
  const server = describeServer(child, ready);
  pointHere(telemetry(), server.otlpHttp);
  return server;
}

interface ReadyLine {
  readonly url: string;
  readonly otlpHttp: string | null;
  readonly otlpGrpc: string | null;
}

function argumentsOf(options: DashboardOptions): string[] {
  const args = ['serve', '--json', '--exit-with-stdin'];
  if (options.port !== undefined) args.push('--port', String(checkedPort('port', options.port)));
  args.push('--otlp-http-port', optionalPort('otlpHttpPort', options.otlpHttpPort));
  args.push('--otlp-grpc-port', optionalPort('otlpGrpcPort', options.otlpGrpcPort));
  if (options.dataDir !== undefined) args.push('--data-dir', options.dataDir);
  if (options.memory === true) args.push('--memory');
  if (options.open === true) args.push('--open');
  return args;
}

function optionalPort(name: string, port: number | undefined): string {
  return port === undefined ? 'off' : String(checkedPort(name, port));
}

function checkedPort(name: string, port: number): number {
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new RangeError(`cannot start the dashboard server: ${name} ${port} is no port`);
}

async function spawnServer(
  file: string,
  args: readonly string[],
): Promise<ChildProcessWithoutNullStreams> {
  const { spawn } = await import('node:child_process');
  // NODE_OPTIONS may preload instrumentation into this program: the backend is not the program.
  const { NODE_OPTIONS: _, ...env } = process.env;
  return spawn(process.execPath, [file, ...args], {
    // The store's three readers and its writer each take a thread; files need some too.
    env: { UV_THREADPOOL_SIZE: '8', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C reaches this program first, whose last records still arrive. The
    // child sees the end of its standard input when this process is gone.
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
}

function waitUntilReady(child: ChildProcessWithoutNullStreams): Promise<ReadyLine> {
  return new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    const finish = (error: Error | undefined, line?: ReadyLine): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      child.stdout.removeAllListeners('data');
      child.stderr.removeAllListeners('data');
      if (error === undefined && line !== undefined) {
        resolve(line);
        return;
      }
      child.on('error', () => undefined);
      child.kill('SIGKILL');
      reject(error ?? new Error('cannot start the dashboard server'));
    };
    const timer = setTimeout(() => {
      finish(failure(`it was not ready after ${START_MILLIS / 1000} s`, stderr));
    }, START_MILLIS);
    child.stdin.on('error', () => undefined);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_LENGTH);
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      const end = stdout.indexOf('\n');
      const line = end < 0 ? undefined : readyLineFrom(stdout.slice(0, end));
      if (line !== undefined) finish(undefined, line);
      else if (end >= 0 || stdout.length > READY_LINE_LENGTH) {
        finish(failure('its first line was not the ready line', stderr));
      }
    });
    child.on('error', (error) => finish(failure(error.message, stderr)));
    child.on('close', (code) => finish(failure(`it ended with code ${code}`, stderr)));
  });
}

function failure(reason: string, stderr: string): Error {
  const said = stderr.trim();
  return new Error(`cannot start the dashboard server: ${said === '' ? reason : said}`);
}

function readyLineFrom(text: string): ReadyLine | undefined {
  try {
    const line = JSON.parse(text) as ReadyLine & { event?: unknown };
    return line.event === 'ready' && typeof line.url === 'string' ? line : undefined;
  } catch {
    // Not JSON: the caller says so.
    return undefined;
  }
}

/** Nothing of the child keeps this program alive; what it writes is read, or it would block. */
function letGo(child: ChildProcessWithoutNullStreams): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    (stream as unknown as Socket).unref();
  }
  child.stdout.resume();
  child.stderr.resume();
}

function describeServer(child: ChildProcessWithoutNullStreams, ready: ReadyLine): DashboardServer {
  let closing: Promise<void> | undefined;
  let hasEnded = false;
  child.once('exit', (code, signal) => {
    hasEnded = true;
    if (closing === undefined) {
      report('warn', `the dashboard server ended by itself (${signal ?? `code ${code}`})`);
    }
  });
  return {
    url: ready.url,
    otlpHttp: ready.otlpHttp ?? ready.url,
    otlpGrpc: ready.otlpGrpc ?? undefined,
    port: Number(new URL(ready.url).port),
    close: () => {
      closing ??= hasEnded ? Promise.resolve() : endChild(child);
      return closing;
    },
  };
}

function endChild(child: ChildProcessWithoutNullStreams): Promise<void> {
  return new Promise((resolve) => {
    // Someone waits for this: it must keep the program alive until it is done.
    child.ref();
    const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_MILLIS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

/** Endpoints that this function has set; one that the program set stays. */
const pointed = new WeakSet<Telemetry>();

function pointHere(started: Telemetry, otlpHttp: string): void {
  if (started.settings.endpointIsSet && !pointed.has(started)) return;
  pointed.add(started);
  started.setEndpoint(otlpHttp);
  viewRegistryOf(started).resend();
}
