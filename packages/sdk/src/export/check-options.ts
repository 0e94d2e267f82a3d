/** Options read through a check: a name that is not known is an error, not a silence. */
import type { TelemetryOptions } from './options.js';

const NAMES: Readonly<Record<keyof TelemetryOptions, true>> = {
  serviceName: true,
  serviceVersion: true,
  resource: true,
  endpoint: true,
  protocol: true,
  headers: true,
  compression: true,
  tls: true,
  timeoutMillis: true,
  batch: true,
  transport: true,
  serverless: true,
  spill: true,
  sampler: true,
  spanLimits: true,
  attributeLimits: true,
  propagators: true,
  spanProcessors: true,
  liveSpans: true,
  contextManager: true,
  instrumentations: true,
  metrics: true,
  logs: true,
  flushOn: true,
  diagnostics: true,
};

/** Throws for an option that is not known or not of its kind. */
export function checkOptions(options: TelemetryOptions): void {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(NAMES, name)) throw new TypeError(`cannot init: unknown option "${name}"`);
  }
  checkChoice('transport', options.transport, ['auto', 'worker', 'main']);
  checkChoice('compression', options.compression, ['gzip', 'none']);
  checkChoice('protocol', options.protocol, ['http/protobuf', 'http/json', 'grpc']);
  for (const when of options.flushOn ?? []) checkChoice('flushOn', when, ['exit', 'signals']);
}

function checkChoice(name: string, value: string | undefined, choices: readonly string[]): void {
  if (value === undefined || choices.includes(value)) return;
  const text = JSON.stringify(value);
  throw new TypeError(`cannot init: ${name} ${text} is none of ${choices.join(', ')}`);
}
