import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { getRequestListener } from '@hono/node-server';
import type { StatusAnswer } from '@codomyrmex/telemetry-query';

import { createApi } from './api/api.js';
import type { ServerContext } from './context.js';
import { RECEIVE_LIMITS, SHUTDOWN_MILLIS } from './limits.js';
import { createLive, type Live } from './live/live.js';
import { isLoopbackHost } from './loopback.js';
import { Acceptor } from './receive/accept.js';
import { Auth } from './receive/auth.js';
import { ByteBudget } from './receive/byte-budget.js';
import { Door } from './receive/door.js';
import { listenGrpc } from './receive/grpc-listener.js';
import { OtlpGrpc } from './receive/grpc.js';
import { OtlpHttp } from './receive/http.js';
import { type Listener, listen } from './receive/listener.js';
import type { OriginRules } from './receive/origin.js';
import { StatusRecorder } from './receive/recorder.js';
import { ServerStatus } from './receive/status.js';
import { defaultDataDirectory, temporaryRoot } from './store/data-directory.js';
import { openStore, type Store } from './store/open-store.js';

/** Options of a server; each has the default of the command line. */
export interface ServerOptions {
  /** Address to bind. Default 127.0.0.1; another than loopback needs `authToken`. */
  readonly host?: string;
  /** Page, API and OTLP/HTTP. Default 4320; 0: a free one. */
  readonly port?: number;
  /** OTLP/HTTP. Default 4318; 0: a free one; undefined: none. */
  readonly otlpHttpPort?: number | undefined;
  /** OTLP/gRPC. Default 4317; 0: a free one; undefined: none. */
  readonly otlpGrpcPort?: number | undefined;
  /** Default: the platform's data folder. */
  readonly dataDir?: string;
  /** A temporary directory, removed at close, instead of `dataDir`. */
  readonly memory?: boolean;
  /** Seconds since arrival after which records are dropped. Default 7 days; 0: never. */
  readonly retentionSeconds?: number;
  /** Bytes that all records may take on disk; the oldest go first. Default: no limit. */
  readonly maxDiskBytes?: number;
  /** Answer only what a power cut cannot take back. Default true. */
  readonly fsync?: boolean;
  readonly authToken?: string;
  readonly allowedOrigins?: readonly string[];
  /** Bytes of a request after inflating. Default 64 MiB. */
  readonly maxRequestBytes?: number;
  /** One line for the person who runs the server. Default: stderr. */
  readonly log?: (message: string) => void;
}

/** A server that takes requests. */
export interface RunningServer {
  /** The page, without a slash at the end. */
  readonly url: string;
  /** Opens the page once where a token is needed; else the same as `url`. */
  readonly loginUrl: string;
  readonly otlpHttp: string | undefined;
  /** host:port of OTLP/gRPC; undefined when it is off. */
  readonly otlpGrpc: string | undefined;
  readonly port: number;
  readonly dataDir: string;
  /** Stops accepting, stores what was taken, closes; at most about 4 s. */
  close(): Promise<void>;
}

const DEFAULT_RETENTION_SECONDS = 7 * 24 * 3600;

/** The release, as package.json says. */
export function serverVersion(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

let lastNanos = 0n;

/**
 * Nanoseconds Unix time, each later than the one before: requests of one millisecond keep their
 * order, and a clock that steps back does not hide new rows behind a reader's cursor.
 */
function nowNanos(): bigint {
  const wall = BigInt(Date.now()) * 1_000_000n;
  lastNanos = wall > lastNanos ? wall : lastNanos + 1n;
  return lastNanos;
}

/** Starts a server in this process. Rejects with a message that says what to do. */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const log = options.log ?? ((message: string) => process.stderr.write(`${message}\n`));
  const host = options.host ?? '127.0.0.1';
  if (!isLoopbackHost(host) && options.authToken === undefined) {
    throw new Error(`host ${host} is reachable from outside: it needs a token (authToken)`);
  }
  const dataDir = dataDirectoryOf(options);
  const recorder = new StatusRecorder({ now: nowNanos, log });
  const store = await openStore({
    dataDir,
    retentionSeconds: options.retentionSeconds ?? DEFAULT_RETENTION_SECONDS,
    maxDiskBytes: options.maxDiskBytes,
    fsync: options.fsync ?? true,
    release: serverVersion(),
    observer: recorder,
  });
  try {
    return await serve({ options, host, dataDir, recorder, store });
  } catch (error) {
    await store.close();
    removeTemporary(options, dataDir);
    throw error;
  }
}

interface Parts {
  readonly options: ServerOptions;
  readonly host: string;
  readonly dataDir: string;
  readonly recorder: StatusRecorder;
  readonly store: Store;
}

async function serve(parts: Parts): Promise<RunningServer> {
  const { options, host, dataDir, recorder, store } = parts;
  const rules: OriginRules = {
    isLoopback: isLoopbackHost(host),
    host,
    allowedOrigins: options.allowedOrigins ?? [],
  };
  const auth = options.authToken === undefined ? undefined : new Auth(options.authToken);
  let endpoints: StatusAnswer['endpoints'] = { page: '', otlpHttp: undefined, otlpGrpc: undefined };
  const context = contextOf(parts, rules, () => endpoints);
  const live = createLive(context);
  const api = getRequestListener(createApi(context, live).fetch);
  const acceptor = new Acceptor({ committer: store.commits, recorder, now: nowNanos });
  const maxRequestBytes = options.maxRequestBytes ?? RECEIVE_LIMITS.maxRequestBytes;
  const budget = new ByteBudget(RECEIVE_LIMITS.totalBytes);
  const grpcDoor = new OtlpGrpc({ acceptor, recorder, maxRequestBytes, budget, auth });
  const door = new Door({
    otlp: new OtlpHttp({ acceptor, recorder, rules, maxRequestBytes, budget }),
    rules,
    auth,
    api: (request, response) => void api(request, response),
    upgrade: (request, socket, head) => live.handleUpgrade(request, socket, head),
  });
  const { page, otlp, grpc } = await listenAll(options, host, door, grpcDoor);
  const url = urlOf(host, page.port);
  endpoints = {
    page: url,
    otlpHttp: otlp === undefined ? undefined : urlOf(host, otlp.port),
    otlpGrpc: grpc === undefined ? undefined : urlOf(host, grpc.port).slice('http://'.length),
  };
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await closeListeners(present([page, otlp, grpc]), live);
    await store.close();
    removeTemporary(options, dataDir);
  };
  return {
    url,
    loginUrl: auth === undefined ? url : `${url}/${auth.loginQuery}`,
    otlpHttp: endpoints.otlpHttp,
    otlpGrpc: endpoints.otlpGrpc,
    port: page.port,
    dataDir,
    close: () => (closing ??= close()),
  };
}

function contextOf(
  { options, dataDir, recorder, store }: Parts,
  rules: OriginRules,
  endpoints: () => StatusAnswer['endpoints'],
): ServerContext {
  const status = new ServerStatus({
    engine: store.engine,
    recorder,
    version: serverVersion(),
    dataDir,
    retentionSeconds: options.retentionSeconds ?? DEFAULT_RETENTION_SECONDS,
    maxDiskBytes: options.maxDiskBytes,
    damage: () => store.damage(),
    queuedBytes: () => store.commits.queuedBytes,
    endpoints,
    now: nowNanos,
  });
  const page = fileURLToPath(new URL('page', import.meta.url));
  return {
    engine: store.engine,
    committer: store.commits,
    status: () => status.answer(),
    refused: (request) => recorder.refused(request),
    allowedOrigins: rules.allowedOrigins,
    pageDir: existsSync(page) ? page : undefined,
  };
}

interface Listeners {
  readonly page: Listener;
  readonly otlp: Listener | undefined;
  readonly grpc: Listener | undefined;
}

async function listenAll(
  options: ServerOptions,
  host: string,
  door: Door,
  grpcDoor: OtlpGrpc,
): Promise<Listeners> {
  const handlers = {
    host,
    onRequest: door.request.bind(door),
    onUpgrade: door.upgrade.bind(door),
  };
  const otlpPort = 'otlpHttpPort' in options ? options.otlpHttpPort : 4318;
  const grpcPort = 'otlpGrpcPort' in options ? options.otlpGrpcPort : 4317;
  const opened: (Listener | undefined)[] = [];
  try {
    const page = await listen({ ...handlers, port: options.port ?? 4320, flag: '--port' });
    opened.push(page);
    const otlp =
      otlpPort === undefined
        ? undefined
        : await listen({ ...handlers, port: otlpPort, flag: '--otlp-http-port' });
    opened.push(otlp);
    const httpHint = `OTLP/HTTP is at ${urlOf(host, (otlp ?? page).port)}.`;
    const grpc =
      grpcPort === undefined
        ? undefined
        : await listenGrpc({
            host,
            port: grpcPort,
            flag: '--otlp-grpc-port',
            door: grpcDoor,
            httpHint,
          });
    return { page, otlp, grpc };
  } catch (error) {
    await Promise.all(present(opened).map((listener) => listener.close()));
    throw error;
  }
}

function present<T>(values: readonly (T | undefined)[]): T[] {
  return values.filter((value) => value !== undefined);
}

/** Requests in flight are answered; what has not ended after 4 s is cut. */
async function closeListeners(listeners: readonly Listener[], live: Live): Promise<void> {
  const cut = setTimeout(() => {
    for (const listener of listeners) listener.cut();
  }, SHUTDOWN_MILLIS).unref();
  const closed = listeners.map((listener) => listener.close());
  await live.close();
  await Promise.all(closed);
  clearTimeout(cut);
}

function dataDirectoryOf(options: ServerOptions): string {
  if (options.memory === true) return mkdtempSync(temporaryRoot());
  return resolve(options.dataDir ?? defaultDataDirectory());
}

function removeTemporary(options: ServerOptions, dataDir: string): void {
  if (options.memory === true) rmSync(dataDir, { recursive: true, force: true });
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
