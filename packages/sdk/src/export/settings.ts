/** Where and how to export: options and `OTEL_EXPORTER_OTLP_*`, resolved once. */
import { resolve } from 'node:path';
import {
  readBoolean,
  readChoice,
  readCount,
  readList,
  readPairs,
  readText,
} from '../common/environment.js';
import type { Environment } from '../common/environment.js';
import { report } from '../common/diagnostics.js';
import {
  BATCH_DELAY_MILLIS,
  BURST_QUEUE_BYTES,
  EXPORT_BYTES,
  EXPORT_TIMEOUT_MILLIS,
  LOG_BATCH_DELAY_MILLIS,
  LOOPBACK_DELAY_MILLIS,
  POSTS_IN_FLIGHT,
  QUEUE_BYTES,
  SPILL_BYTES,
  SPILL_LEAST_BYTES,
} from '../common/limits.js';
import type { TelemetryOptions } from './options.js';
import { PROTOCOLS, defaultEndpoint, urlOf, withScheme } from './protocol.js';
import type { Protocol } from './protocol.js';
import { resolveRecordLimits } from './record-limits.js';
import type { RecordLimits } from './record-limits.js';
import type { Signal } from './signal.js';
import type { SpillSettings } from './spill.js';
import { resolveTls } from './tls.js';
import type { TlsSettings } from './tls.js';

/** Where one signal goes. */
export interface Destination {
  readonly protocol: Protocol;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly gzip: boolean;
  readonly timeoutMillis: number;
  readonly tls: TlsSettings | undefined;
}

/** Everything a sender needs; plain data, so that it can be posted to a thread. */
export interface ExportSettings extends RecordLimits {
  /** `undefined`: the signal is switched off (OTEL_TRACES_EXPORTER=none and so on). */
  readonly destinations: Readonly<Record<Signal, Destination | undefined>>;
  /** Longest wait of a record before it is queued for export. */
  readonly delayMillis: Readonly<Record<Signal, number>>;
  /** True on loopback with the default delay: after an idle moment a record goes at once. */
  readonly isFirstAtOnce: Readonly<Record<Signal, boolean>>;
  readonly maxQueueBytes: number;
  /** The limit while the backend takes records; not above `maxQueueBytes` when that was set. */
  readonly burstQueueBytes: number;
  readonly maxExportBytes: number;
  readonly maxInFlight: number;
  readonly transport: 'auto' | 'worker' | 'main';
  /** Frozen between two calls: no thread and no timer of its own accord. */
  readonly isServerless: boolean;
  /** Where records wait on disk while the backend is away; `undefined`: nowhere. */
  readonly spill: SpillSettings | undefined;
  /** The base URL in use, without a trailing slash. */
  readonly endpoint: string;
  /** True when code or environment named an endpoint. */
  readonly endpointIsSet: boolean;
}

const SIGNALS: readonly Signal[] = ['traces', 'metrics', 'logs'];
const COMMON_PREFIX = 'OTEL_EXPORTER_OTLP';

/** Resolves the settings. Bad options throw, bad variables warn. */
export function resolveSettings(
  options: TelemetryOptions,
  environment: Environment,
): ExportSettings {
  const common = resolveProtocol(COMMON_PREFIX, options, environment) ?? 'http/protobuf';
  const named = options.endpoint ?? readUrl(environment, COMMON_PREFIX, common);
  const endpoint = checkUrl(named ?? defaultEndpoint(common), 'endpoint').replace(/\/+$/, '');
  const limits = resolveRecordLimits(environment);
  const destinations = {} as Record<Signal, Destination | undefined>;
  const delayMillis = {} as Record<Signal, number>;
  const isFirstAtOnce = {} as Record<Signal, boolean>;
  for (const signal of SIGNALS) {
    const destination = resolveDestination(signal, named, common, options, environment);
    const timeoutMillis = Math.min(destination.timeoutMillis, limits.totalMillis[signal]);
    const isOn = !isOff(signal, environment);
    destinations[signal] = isOn ? { ...destination, timeoutMillis } : undefined;
    const delay = resolveDelay(signal, options, environment);
    const isLocal = isLoopback(destination.url);
    delayMillis[signal] = delay ?? defaultDelay(signal, isLocal);
    isFirstAtOnce[signal] = delay === undefined && isLocal;
  }
  const batch = options.batch ?? {};
  const isServerless = resolveServerless(options.serverless, environment);
  const transport = options.transport ?? 'auto';
  const maxQueueBytes = checkCount(batch.maxQueueBytes, 'batch.maxQueueBytes');
  return {
    destinations,
    delayMillis,
    isFirstAtOnce,
    ...limits,
    maxQueueBytes: maxQueueBytes ?? QUEUE_BYTES,
    burstQueueBytes: maxQueueBytes ?? BURST_QUEUE_BYTES,
    maxExportBytes: checkCount(batch.maxExportBytes, 'batch.maxExportBytes') ?? EXPORT_BYTES,
    maxInFlight: checkCount(batch.maxInFlight, 'batch.maxInFlight') ?? POSTS_IN_FLIGHT,
    transport: isServerless && transport === 'auto' ? 'main' : transport,
    isServerless,
    spill: resolveSpill(options.spill, environment),
    endpoint,
    endpointIsSet: named !== undefined,
  };
}

/** Set by the platforms whose functions are frozen: AWS Lambda, Google Cloud, Azure. */
const SERVERLESS = ['AWS_LAMBDA_FUNCTION_NAME', 'FUNCTION_TARGET', 'FUNCTIONS_WORKER_RUNTIME'];

function resolveServerless(
  option: TelemetryOptions['serverless'],
  environment: Environment,
): boolean {
  if (typeof option === 'boolean') return option;
  return SERVERLESS.some((name) => readText(environment, name) !== undefined);
}

function resolveSpill(
  option: TelemetryOptions['spill'],
  environment: Environment,
): SpillSettings | undefined {
  if (option === false) return undefined;
  const name = 'CODOMYRMEX_TELEMETRY_SPILL';
  const directory = option?.directory ?? readText(environment, `${name}_DIRECTORY`);
  if (directory === undefined) return undefined;
  const maxBytes =
    checkCount(option?.maxBytes, 'spill.maxBytes', SPILL_LEAST_BYTES) ??
    readCount(environment, `${name}_MAX_BYTES`, SPILL_LEAST_BYTES) ??
    SPILL_BYTES;
  return { directory: resolve(directory), maxBytes };
}

/** True for a URL on this machine's loopback interface. */
export function isLoopback(url: string): boolean {
  const host = new URL(url).hostname;
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function resolveDestination(
  signal: Signal,
  named: string | undefined,
  common: Protocol,
  options: TelemetryOptions,
  environment: Environment,
): Destination {
  const prefix = `${COMMON_PREFIX}_${signal.toUpperCase()}`;
  const protocol = resolveProtocol(prefix, options, environment) ?? common;
  const own = options.endpoint === undefined ? readUrl(environment, prefix, protocol) : undefined;
  const base = (named ?? defaultEndpoint(protocol)).replace(/\/+$/, '');
  const url = urlOf(protocol, signal, base, own);
  const choices = ['gzip', 'none'] as const;
  const compression =
    options.compression ??
    readChoice(environment, `${prefix}_COMPRESSION`, choices) ??
    readChoice(environment, `${COMMON_PREFIX}_COMPRESSION`, choices) ??
    (isLoopback(url) ? 'none' : 'gzip');
  return {
    protocol,
    url,
    headers: resolveHeaders(prefix, options, environment),
    gzip: compression === 'gzip',
    timeoutMillis:
      checkCount(options.timeoutMillis, 'timeoutMillis') ??
      readCount(environment, `${prefix}_TIMEOUT`, 1) ??
      readCount(environment, `${COMMON_PREFIX}_TIMEOUT`, 1) ??
      EXPORT_TIMEOUT_MILLIS,
    tls: resolveTls(options.tls, prefix, environment),
  };
}

function resolveProtocol(
  prefix: string,
  options: TelemetryOptions,
  environment: Environment,
): Protocol | undefined {
  return options.protocol ?? readChoice(environment, `${prefix}_PROTOCOL`, PROTOCOLS);
}

function resolveHeaders(
  prefix: string,
  options: TelemetryOptions,
  environment: Environment,
): Record<string, string> {
  const headers: Record<string, string> = {};
  const pairs = [
    ...readPairs(environment, `${COMMON_PREFIX}_HEADERS`),
    ...readPairs(environment, `${prefix}_HEADERS`),
  ];
  for (const [name, value] of pairs) {
    if (isHeader(name, value)) headers[name.toLowerCase()] = value;
    else report('warn', `ignoring a header of ${prefix}_HEADERS: not a valid HTTP header`);
  }
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    // The value may be a secret: the message names the header only.
    if (!isHeader(name, value)) throw new TypeError(`cannot send header ${JSON.stringify(name)}`);
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

function isHeader(name: string, value: string): boolean {
  // RFC 9110: a token; a value without CR, LF, NUL and other controls.
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

function resolveDelay(
  signal: Signal,
  options: TelemetryOptions,
  environment: Environment,
): number | undefined {
  const fromCode = checkCount(options.batch?.scheduledDelayMillis, 'batch.scheduledDelayMillis', 0);
  if (fromCode !== undefined) return fromCode;
  const name = signal === 'logs' ? 'OTEL_BLRP_SCHEDULE_DELAY' : 'OTEL_BSP_SCHEDULE_DELAY';
  return readCount(environment, name);
}

function defaultDelay(signal: Signal, isLocal: boolean): number {
  if (isLocal) return LOOPBACK_DELAY_MILLIS;
  return signal === 'logs' ? LOG_BATCH_DELAY_MILLIS : BATCH_DELAY_MILLIS;
}

function isOff(signal: Signal, environment: Environment): boolean {
  if (readBoolean(environment, 'OTEL_SDK_DISABLED')) return true;
  const names = readList(environment, `OTEL_${signal.toUpperCase()}_EXPORTER`);
  if (names === undefined || names.includes('otlp')) return false;
  if (!names.includes('none')) {
    report('warn', `ignoring OTEL_${signal.toUpperCase()}_EXPORTER: expected otlp or none`);
    return false;
  }
  return true;
}

function readUrl(environment: Environment, prefix: string, protocol: Protocol): string | undefined {
  const name = `${prefix}_ENDPOINT`;
  const text = readText(environment, name);
  if (text === undefined) return undefined;
  const isInsecure =
    readText(environment, `${prefix}_INSECURE`) === undefined
      ? readBoolean(environment, `${COMMON_PREFIX}_INSECURE`)
      : readBoolean(environment, `${prefix}_INSECURE`);
  const url = protocol === 'grpc' ? withScheme(text, isInsecure) : text;
  if (isHttpUrl(url)) return url;
  report('warn', `ignoring ${name}: expected an http or https URL`);
  return undefined;
}

function checkUrl(text: string, option: string): string {
  if (isHttpUrl(text)) return text;
  throw new TypeError(`cannot use ${option} ${JSON.stringify(text)}: expected an http(s) URL`);
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function checkCount(value: number | undefined, option: string, least = 1): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return value;
  throw new RangeError(`cannot use ${option} ${value}: expected a whole number ≥ ${least}`);
}
