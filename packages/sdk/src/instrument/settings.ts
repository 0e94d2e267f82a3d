/** What results from options and environment: checked once, so that requests meet plain data. */
import { readList } from '../common/environment.js';
import type { Environment } from '../common/environment.js';
import { KNOWN_METHODS, SENSITIVE_QUERY_KEYS, sensitivePattern } from './http-values.js';
import type {
  BuiltinName,
  BuiltinOptions,
  FastifyOptions,
  HttpOptions,
  IgnoreRule,
  InstrumentationsOption,
  OfficialInstrumentation,
} from '../common/instrumentation-options.js';

/** A header to capture: its name in lower case, and the attribute's key. */
export interface CapturedHeader {
  readonly name: string;
  readonly key: string;
}

/** Settings of HTTP servers and clients. */
export interface HttpSettings {
  readonly knownMethods: ReadonlySet<string>;
  readonly sensitive: RegExp | undefined;
  readonly ignoreIncoming: readonly IgnoreRule[];
  readonly ignoreOutgoing: readonly IgnoreRule[];
  readonly serverRequest: readonly CapturedHeader[];
  readonly serverResponse: readonly CapturedHeader[];
  readonly clientRequest: readonly CapturedHeader[];
  readonly clientResponse: readonly CapturedHeader[];
  readonly metrics: boolean;
}

/** Everything that is to be switched on. */
export interface InstrumentationSettings {
  readonly on: ReadonlySet<BuiltinName>;
  readonly http: HttpSettings;
  readonly fastifySpans: boolean;
  readonly official: readonly OfficialInstrumentation[];
}

/** All built-in instrumentations. */
const BUILTIN_NAMES: readonly BuiltinName[] = [
  'http',
  'undici',
  'fastify',
  'express',
  'pino',
  'child_process',
];

const HTTP_OPTIONS = [
  'ignoreIncoming',
  'ignoreOutgoing',
  'captureHeaders',
  'redactedQueryKeys',
  'knownMethods',
  'metrics',
];
const CAPTURE_OPTIONS = ['serverRequest', 'serverResponse', 'clientRequest', 'clientResponse'];

/** Resolves the option. Unknown names throw; so does what is neither a name nor an object. */
export function resolveInstrumentations(
  option: InstrumentationsOption,
  environment: Environment,
): InstrumentationSettings {
  const options = asOptions(option);
  checkNames(options, [...BUILTIN_NAMES, 'official'], 'instrumentations');
  const http = typeof options.http === 'object' ? options.http : {};
  const fastify = typeof options.fastify === 'object' ? options.fastify : {};
  checkNames(http, HTTP_OPTIONS, 'instrumentations.http');
  checkNames(fastify, ['spans'] satisfies (keyof FastifyOptions)[], 'instrumentations.fastify');
  return {
    on: new Set(BUILTIN_NAMES.filter((name) => options[name] !== false)),
    http: resolveHttp(http, environment),
    fastifySpans: fastify.spans === true,
    official: (options.official ?? []).flat(),
  };
}

function asOptions(option: InstrumentationsOption): BuiltinOptions {
  if (option === 'builtin') return {};
  if (option === false) return allOff();
  if (!isList(option)) {
    if (typeof option === 'object' && option !== null) return option;
    throw new TypeError(`cannot instrument: 'instrumentations' is ${String(option)}`);
  }
  const named: Record<string, unknown> = { ...(option.includes('builtin') ? {} : allOff()) };
  const official: OfficialInstrumentation[] = [];
  for (const item of option) {
    if (typeof item !== 'string') official.push(...[item].flat());
    else if (item !== 'builtin') named[item] = true;
  }
  return { ...named, official };
}

function isList<T>(value: T): value is Extract<T, readonly unknown[]> {
  return Array.isArray(value);
}

function allOff(): BuiltinOptions {
  return Object.fromEntries(BUILTIN_NAMES.map((name) => [name, false]));
}

function checkNames(options: object, known: readonly string[], where: string): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new TypeError(`cannot instrument: ${where} knows ${known.join(', ')}, not '${name}'`);
  }
}

function resolveHttp(options: HttpOptions, environment: Environment): HttpSettings {
  const capture = options.captureHeaders ?? {};
  checkNames(capture, CAPTURE_OPTIONS, 'instrumentations.http.captureHeaders');
  const headers = (
    names: readonly string[] | undefined,
    variable: string,
    prefix: string,
  ): CapturedHeader[] =>
    (names ?? readList(environment, `OTEL_INSTRUMENTATION_HTTP_${variable}_HEADERS`) ?? []).map(
      (name) => ({ name: name.toLowerCase(), key: prefix + name.toLowerCase() }),
    );
  const methods =
    options.knownMethods ??
    readList(environment, 'OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS') ??
    KNOWN_METHODS;
  const request = 'http.request.header.';
  const response = 'http.response.header.';
  return {
    knownMethods: new Set(methods),
    sensitive: sensitivePattern(options.redactedQueryKeys ?? SENSITIVE_QUERY_KEYS),
    ignoreIncoming: (options.ignoreIncoming ?? []).map(withoutState),
    ignoreOutgoing: (options.ignoreOutgoing ?? []).map(withoutState),
    serverRequest: headers(capture.serverRequest, 'SERVER_CAPTURE_REQUEST', request),
    serverResponse: headers(capture.serverResponse, 'SERVER_CAPTURE_RESPONSE', response),
    clientRequest: headers(capture.clientRequest, 'CLIENT_CAPTURE_REQUEST', request),
    clientResponse: headers(capture.clientResponse, 'CLIENT_CAPTURE_RESPONSE', response),
    metrics: options.metrics ?? true,
  };
}

/** A global pattern remembers where it stopped, and would miss every other request. */
function withoutState(rule: IgnoreRule): IgnoreRule {
  if (!(rule instanceof RegExp)) return rule;
  return new RegExp(rule.source, rule.flags.replaceAll(/[gy]/g, ''));
}

/** True when a rule speaks of this request. */
export function isIgnored(
  rules: readonly IgnoreRule[],
  method: string,
  target: string,
  isIncoming: boolean,
): boolean {
  for (const rule of rules) {
    if (typeof rule === 'string') {
      if (isIncoming ? target === rule : target.startsWith(rule)) return true;
    } else if (rule instanceof RegExp) {
      if (rule.test(target)) return true;
    } else if (saysYes(rule, method, target)) return true;
  }
  return false;
}

function saysYes(
  rule: (method: string, target: string) => boolean,
  method: string,
  target: string,
): boolean {
  try {
    return rule(method, target);
  } catch {
    // The program's rule must not harm the request it is asked about.
    return false;
  }
}

/**
 * The names that OTEL_NODE_ENABLED_INSTRUMENTATIONS and OTEL_NODE_DISABLED_INSTRUMENTATIONS leave
 * on, as the official auto-instrumentations read them. Names of others' are theirs.
 */
export function namesFromEnvironment(environment: Environment): BuiltinName[] {
  const enabled = readList(environment, 'OTEL_NODE_ENABLED_INSTRUMENTATIONS');
  const disabled = readList(environment, 'OTEL_NODE_DISABLED_INSTRUMENTATIONS') ?? [];
  return BUILTIN_NAMES.filter(
    (name) => (enabled === undefined || enabled.includes(name)) && !disabled.includes(name),
  );
}
