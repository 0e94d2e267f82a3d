/** The entry points: a request's body → rows. */
import type { MessageName } from '@codomyrmex/otlp';
import { decode, encode, jsonToProtobuf, OtlpError } from '@codomyrmex/otlp';
import { MAX_NOT_NORMAL_SIZE } from './limits.js';
import { readLogs } from './logs.js';
import { readMetrics } from './metrics.js';
import { Input, NotNormal } from './scan.js';
import { readSpans } from './spans.js';
import type { Transcoded } from './transcoded.js';

export type Signal = 'traces' | 'logs' | 'metrics';

interface Route {
  readonly request: RequestName;
  readonly read: (input: Input, ingestTime: bigint) => Transcoded;
}

type RequestName = Extract<MessageName, `Export${string}ServiceRequest`>;

const ROUTES: { readonly [signal in Signal]: Route } = {
  traces: { request: 'ExportTraceServiceRequest', read: readSpans },
  logs: { request: 'ExportLogsServiceRequest', read: readLogs },
  metrics: { request: 'ExportMetricsServiceRequest', read: readMetrics },
};

/**
 * Transcodes an ExportTraceServiceRequest (protobuf). `ingestTime` (nanoseconds Unix time) is what
 * the rows' IngestTime says. The body is only read, the rows are the caller's. A record that cannot
 * be stored is counted, never thrown for; a body that cannot be decoded throws OtlpError, and so
 * does one beyond the limits of a request in limits.ts (`too_large`).
 */
export function transcodeTraces(body: Uint8Array, ingestTime: bigint): Transcoded {
  return transcode('traces', body, ingestTime);
}

/** The same for an ExportLogsServiceRequest. */
export function transcodeLogs(body: Uint8Array, ingestTime: bigint): Transcoded {
  return transcode('logs', body, ingestTime);
}

/** The same for an ExportMetricsServiceRequest. */
export function transcodeMetrics(body: Uint8Array, ingestTime: bigint): Transcoded {
  return transcode('metrics', body, ingestTime);
}

/** The same for OTLP/JSON (UTF-8): rewritten as protobuf, then the same row writer. */
export function transcodeJson(signal: Signal, body: Uint8Array, ingestTime: bigint): Transcoded {
  return transcode(signal, jsonToProtobuf(ROUTES[signal].request, body), ingestTime);
}

function transcode(signal: Signal, body: Uint8Array, ingestTime: bigint): Transcoded {
  const { request, read } = ROUTES[signal];
  try {
    return read(new Input(body), ingestTime);
  } catch (error) {
    if (!(error instanceof NotNormal)) {
      throw error;
    }
    return read(new Input(normalForm(request, body)), ingestTime);
  }
}

function normalForm(request: RequestName, body: Uint8Array): Uint8Array {
  if (body.length > MAX_NOT_NORMAL_SIZE) {
    throw new OtlpError(
      'too_large',
      0,
      'a single field comes in pieces, or a oneof has two members, in a request of more than ' +
        `${MAX_NOT_NORMAL_SIZE >>> 20} MiB: write each field once`,
    );
  }
  return encode(request, decode(request, body));
}
