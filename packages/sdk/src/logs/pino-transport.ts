/**
 * `pino({ transport: { target: '@codomyrmex/telemetry/pino' } })`: pino's lines as log records. It
 * runs in pino's worker thread with an SDK of its own; the lines carry their span's ids where the
 * pino instrumentation is on (`--import @codomyrmex/telemetry/register`). As a destination in the
 * program's own thread it works too: `pino(pinoTransport({ … }))`.
 */
import { StringDecoder } from 'node:string_decoder';
import { Writable } from 'node:stream';
import { isMainThread } from 'node:worker_threads';

import type { TelemetryOptions } from '../export/options.js';
import { Telemetry, telemetry } from '../export/telemetry.js';
import { loggerProviderOf } from './get-logger.js';
import type { Logger } from './logger-provider.js';
import { recordFromLine } from './pino-line.js';
import type { PinoLineOptions } from './pino-line.js';

/** Options of the transport; plain data, so that pino can send them to its thread. */
export interface PinoTransportOptions
  extends
    PinoLineOptions,
    Pick<TelemetryOptions, 'serviceName' | 'serviceVersion' | 'endpoint' | 'headers'> {
  readonly resource?: Readonly<Record<string, string | number | boolean>>;
  /** Name of the logger; default `pino`. */
  readonly loggerName?: string;
}

/** A line longer than this is cut there: no line of a program's is, and memory is bounded. */
const LINE_LENGTH = 1_048_576;

/**
 * A stream that takes pino's lines. Its end flushes, at most 4 s. Throws TypeError for an endpoint
 * that is none.
 */
function pinoTransport(options: PinoTransportOptions = {}): Writable {
  const { loggerName = 'pino', messageKey, errorKey, ...own } = options;
  const started = telemetryFor(own);
  const logger = loggerProviderOf(started).getLogger(loggerName);
  const lineOptions = {
    ...(messageKey === undefined ? {} : { messageKey }),
    ...(errorKey === undefined ? {} : { errorKey }),
  };
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const take = (text: string): void => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_LENGTH) rest = rest.slice(0, LINE_LENGTH);
    for (const line of lines) emit(logger, line, lineOptions);
  };
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      take(typeof chunk === 'string' ? chunk : decoder.write(chunk));
      done();
    },
    final(done) {
      emit(logger, rest, lineOptions);
      void finish(started, done);
    },
  });
}

async function finish(started: Telemetry, done: () => void): Promise<void> {
  await started.forceFlush();
  done();
}

/** In the program's own thread its SDK; in pino's thread one for these lines alone. */
function telemetryFor(options: TelemetryOptions): Telemetry {
  if (isMainThread && Object.keys(options).length === 0) return telemetry();
  return new Telemetry({ ...options, transport: 'main' });
}

function emit(logger: Logger, line: string, options: PinoLineOptions): void {
  if (line.trim() === '') return;
  const record = recordFromLine(line, options);
  logger.emit(record ?? { body: line });
}

// oxlint-disable-next-line import/no-default-export -- pino loads a transport by it
export { pinoTransport as default };
