/** OTLP/JSON from the protobuf that chunks are made of; loaded when `http/json` is asked for. */
import { decode, encodeJson } from '@codomyrmex/otlp';
import type { Signal } from './signal.js';

/** The request's JSON text as bytes. The same pieces give the same bytes, so a retry is one. */
export function toJsonBody(signal: Signal, pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  return Buffer.from(toJson(signal, bytes));
}

function toJson(signal: Signal, bytes: Uint8Array): string {
  switch (signal) {
    case 'traces':
      return encodeJson('ExportTraceServiceRequest', decode('ExportTraceServiceRequest', bytes));
    case 'metrics':
      return encodeJson(
        'ExportMetricsServiceRequest',
        decode('ExportMetricsServiceRequest', bytes),
      );
    case 'logs':
      return encodeJson('ExportLogsServiceRequest', decode('ExportLogsServiceRequest', bytes));
  }
}
