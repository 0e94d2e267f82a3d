import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import type { LoadOptions, LoadProtocol, LoadResult, LoadSignal } from '../load/load-options.js';
import { runLoad } from '../load/run-load.js';
import { UsageError } from './flags.js';
import { tokenOf } from './serve-options.js';

const HELP = `Usage: codomyrmex-telemetry bench-load [options]

Sends made-up records to a running server, every request unlike the others, as fast as answers come
or at a rate, and then compares what the server stores with what it acknowledged. The records stay:
use a server of its own (serve --memory), or delete them (delete --service load-0, … load-9).

  --url URL                   any HTTP port of the server (default http://127.0.0.1:4318)
  --grpc-url URL              its OTLP/gRPC port, for grpc (default http://127.0.0.1:4317)
  --protocol PROTOCOL         http/protobuf (default), http/json or grpc
  --signals LIST              of traces, logs, metrics (default traces)
  --spans-per-request COUNT   spans, log records or points in a request (default 1000)
  --connections COUNT         each with one request under way at a time (default 16)
  --rate COUNT                records a second (default: as fast as answers come)
  --duration SECONDS          how long (default 10)
  --auth-token TOKEN          the server's token, or file:PATH
                              (default: CODOMYRMEX_TELEMETRY_AUTH_TOKEN)
  --json                      print one line of JSON
`;

/** Requests are bounded by the server at 64 MiB; a span takes some 400 bytes. */
const MOST_RECORDS = 100_000;
const MOST_CONNECTIONS = 1_000;
const LONGEST_SECONDS = 86_400;
/** /status is made anew every 250 ms. */
const STATUS_POLL_MILLIS = 300;
const STATUS_POLLS = 5;

const PROTOCOLS: readonly LoadProtocol[] = ['http/protobuf', 'http/json', 'grpc'];
const SIGNALS: readonly LoadSignal[] = ['traces', 'logs', 'metrics'];

interface Counts {
  readonly spans: number;
  readonly logs: number;
  readonly points: number;
}

/**
 * `bench-load`: resolves with the exit code: 1 when the server holds less than it acknowledged.
 * Throws UsageError, and an Error when no server answers.
 */
export async function runBenchLoad(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  print: (text: string) => void = (text) => process.stdout.write(text),
): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    print(HELP);
    return 0;
  }
  const { options, apiUrl, isJson } = readArguments(args, env);
  const before = await storedCounts(apiUrl, options.token);
  const result = await runLoad(options).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`the load ended early at ${options.url}: ${reason}`, { cause: error });
  });
  const stored = await storedSince(before, result, apiUrl, options.token);
  const { acknowledged } = result;
  const isLost =
    stored.spans < acknowledged.traces ||
    stored.logs < acknowledged.logs ||
    stored.points < acknowledged.metrics;
  print(
    isJson
      ? `${JSON.stringify({ ...result, stored, isLost })}\n`
      : summary(options, result, stored, isLost),
  );
  return isLost ? 1 : 0;
}

/** What was stored meanwhile; asked again until it is what was acknowledged, for a few seconds. */
async function storedSince(
  before: Counts,
  { acknowledged }: LoadResult,
  apiUrl: string,
  token: string | undefined,
): Promise<Counts> {
  for (let polls = 1; ; polls += 1) {
    await delay(STATUS_POLL_MILLIS);
    const now = await storedCounts(apiUrl, token);
    const stored = {
      spans: now.spans - before.spans,
      logs: now.logs - before.logs,
      points: now.points - before.points,
    };
    const isThere =
      stored.spans >= acknowledged.traces &&
      stored.logs >= acknowledged.logs &&
      stored.points >= acknowledged.metrics;
    if (isThere || polls === STATUS_POLLS) return stored;
  }
}

async function storedCounts(apiUrl: string, token: string | undefined): Promise<Counts> {
  const headers: Record<string, string> =
    token === undefined ? {} : { authorization: `Bearer ${token}` };
  const url = new URL('/api/v1/status', apiUrl);
  const response = await fetch(url, { headers }).catch((error: unknown) => {
    throw new Error(`no server answers at ${apiUrl}: start it, or say where it is with --url`, {
      cause: error,
    });
  });
  if (!response.ok) {
    throw new Error(`the server refused (${response.status}): ${(await response.text()).trim()}`);
  }
  return ((await response.json()) as { stored: Counts }).stored;
}

function summary(
  { protocol, recordsPerRequest, connections }: LoadOptions,
  result: LoadResult,
  stored: Counts,
  isLost: boolean,
): string {
  const count = (value: number): string => Math.round(value).toLocaleString('en');
  const { acknowledged, answerMillis, seconds } = result;
  const rows = [
    ['spans', acknowledged.traces, stored.spans],
    ['log records', acknowledged.logs, stored.logs],
    ['points', acknowledged.metrics, stored.points],
  ] as const;
  const { p50, p99, max } = answerMillis;
  return [
    `${protocol}, ${count(recordsPerRequest)} a request, ${connections} connections, ` +
      `${seconds.toFixed(1)} s`,
    `${count(result.recordsPerSecond)} records/s acknowledged, ` +
      `${count(result.requestsPerSecond)} requests/s`,
    `answers: p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, longest ${max.toFixed(0)} ms`,
    ...rows
      .filter(([, sent, kept]) => sent > 0 || kept > 0)
      .map(([what, sent, kept]) => `${what}: ${count(sent)} acknowledged, ${count(kept)} stored`),
    ...(result.refused === 0
      ? []
      : [`${count(result.refused)} requests refused, such as: ${result.lastRefusal ?? ''}`]),
    `this generator took ${(result.generatorCpuSeconds / seconds).toFixed(2)} cores`,
    ...(isLost ? ['THE SERVER STORES LESS THAN IT ACKNOWLEDGED'] : []),
    '',
  ].join('\n');
}

function readArguments(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): { options: LoadOptions; apiUrl: string; isJson: boolean } {
  const values = parsed(args);
  const protocol = PROTOCOLS.find((one) => one === (values.protocol ?? 'http/protobuf'));
  if (protocol === undefined) {
    throw new UsageError(`--protocol is ${values.protocol ?? ''}: say ${PROTOCOLS.join(', ')}`);
  }
  const signals = (values.signals ?? 'traces').split(',').map((part) => {
    const signal = SIGNALS.find((one) => one === part.trim());
    if (signal === undefined) {
      throw new UsageError(`--signals holds ${part}: say ${SIGNALS.join()}`);
    }
    return signal;
  });
  const apiUrl = urlOf('url', values.url ?? 'http://127.0.0.1:4318');
  const grpcUrl = urlOf('grpc-url', values['grpc-url'] ?? 'http://127.0.0.1:4317');
  const number = (name: keyof typeof values, otherwise: number, most: number): number =>
    numberOf(name, String(values[name] ?? otherwise), most);
  return {
    apiUrl,
    isJson: values.json === true,
    options: {
      url: protocol === 'grpc' ? grpcUrl : apiUrl,
      protocol,
      signals,
      recordsPerRequest: number('spans-per-request', 1_000, MOST_RECORDS),
      connections: number('connections', 16, MOST_CONNECTIONS),
      durationMillis: number('duration', 10, LONGEST_SECONDS) * 1_000,
      rate: values.rate === undefined ? undefined : number('rate', 0, Number.MAX_SAFE_INTEGER),
      token: tokenOf(values['auth-token'] ?? env['CODOMYRMEX_TELEMETRY_AUTH_TOKEN']),
    },
  };
}

function urlOf(name: string, text: string): string {
  if (URL.canParse(text) && new URL(text).protocol === 'http:') return text;
  throw new UsageError(`--${name} is ${JSON.stringify(text)}: say http://HOST:PORT`);
}

function numberOf(name: string, text: string, most: number): number {
  const value = Number(text);
  const isWhole = name === 'duration' || Number.isInteger(value);
  if (text.trim() !== '' && value > 0 && value <= most && isWhole) return value;
  throw new UsageError(`--${name} is ${JSON.stringify(text)}: say a number up to ${most}`);
}

function parsed(args: readonly string[]): {
  [
    name in
      | 'url'
      | 'grpc-url'
      | 'protocol'
      | 'signals'
      | 'spans-per-request'
      | 'connections'
      | 'rate'
      | 'duration'
      | 'auth-token'
  ]?: string;
} & { json?: boolean } {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        url: text,
        'grpc-url': text,
        protocol: text,
        signals: text,
        'spans-per-request': text,
        connections: text,
        rate: text,
        duration: text,
        'auth-token': text,
        json: { type: 'boolean' },
      },
      strict: true,
    }).values;
  } catch (error: unknown) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
