import { logs } from '@opentelemetry/api-logs';
import type { AnyValue, LogAttributes, Logger as LoggerContract } from '@opentelemetry/api-logs';

import { report } from '../common/diagnostics.js';
import { removeStandIn } from '../common/stand-in.js';
import { atStart, telemetry } from '../export/telemetry.js';
import type { Telemetry } from '../export/telemetry.js';
import { LoggerProvider } from './logger-provider.js';
import { SEVERITIES } from './severity.js';
import type { SeverityName } from './severity.js';

/** What stands beside a message: attributes, the error that it is about, or both. */
export type LogDetails = Error | { readonly [key: string]: AnyValue | Error };

/** Logs one record. An error in place of the message is its own message and exception. */
export type LogFunction = (message: string | Error, details?: LogDetails) => void;

/**
 * A logger with one function a severity. Each record carries the current span. An error among the
 * details (or as their `error` or `err`) becomes exception.type, .message and .stacktrace.
 */
export type NamedLogger = { readonly [Name in SeverityName]: LogFunction };

const providers = new WeakMap<Telemetry, LoggerProvider>();

/** The logger provider of a running SDK; the first call makes it. */
export function loggerProviderOf(started: Telemetry): LoggerProvider {
  let provider = providers.get(started);
  if (provider === undefined) {
    provider = new LoggerProvider(started);
    providers.set(started, provider);
  }
  return provider;
}

/** A logger under `name`, default the package's own; starts the SDK with its first record. */
export function getLogger(name: string = '@codomyrmex/telemetry'): NamedLogger {
  return namedLogger(() => loggerProviderOf(telemetry()).getLogger(name));
}

/** The six functions over any logger of the api's, which is asked for once, when needed. */
export function namedLogger(find: () => LoggerContract): NamedLogger {
  let found: LoggerContract | undefined;
  const functionOf = (name: SeverityName): LogFunction => {
    const severityNumber = SEVERITIES[name];
    const severityText = name.toUpperCase();
    return (message, details) => {
      found ??= find();
      const { attributes, exception } = splitDetails(details);
      const isError = message instanceof Error;
      found.emit({
        severityNumber,
        severityText,
        body: isError ? message.message : message,
        attributes,
        exception: exception ?? (isError ? message : undefined),
      });
    };
  };
  return {
    trace: functionOf('trace'),
    debug: functionOf('debug'),
    info: functionOf('info'),
    warn: functionOf('warn'),
    error: functionOf('error'),
    fatal: functionOf('fatal'),
  };
}

interface Details {
  readonly attributes: LogAttributes;
  readonly exception: unknown;
}

function splitDetails(details: LogDetails | undefined): Details {
  if (details === undefined || details === null) return NO_DETAILS;
  if (details instanceof Error) return { attributes: {}, exception: details };
  for (const key of ['error', 'err']) {
    const value: unknown = details[key];
    if (value instanceof Error) {
      const { [key]: _, ...attributes } = details;
      return { attributes: attributes as LogAttributes, exception: value };
    }
  }
  return { attributes: details as LogAttributes, exception: undefined };
}

const NO_DETAILS: Details = { attributes: {}, exception: undefined };

// Whoever asks the api for a logger gets ours from the SDK's start on.
atStart((started) => {
  const provider = loggerProviderOf(started);
  removeStandIn('logs');
  if (logs.setGlobalLoggerProvider(provider) !== provider) {
    report('warn', 'another logger provider is registered already; api calls go to that one');
  }
});
