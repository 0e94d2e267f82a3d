import { encode, encodeJson } from '@codomyrmex/otlp';

import type { Accepted, BodyEncoding, Signal } from './accept.js';
import { FAULTS, type ReceiveFault } from './faults.js';

/** A body in the encoding of the request it answers. */
export interface EncodedBody {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

const CONTENT_TYPES: { readonly [encoding in BodyEncoding]: string } = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

const EMPTY_PROTOBUF: EncodedBody = {
  contentType: CONTENT_TYPES.protobuf,
  bytes: new Uint8Array(0),
};

/** Export…ServiceResponse; partial_success only when something was rejected, as OTLP says. */
export function successBody(
  signal: Signal,
  encoding: BodyEncoding,
  accepted: Accepted,
): EncodedBody {
  if (accepted.rejectedCount === 0) {
    return encoding === 'protobuf' ? EMPTY_PROTOBUF : jsonBody('{}');
  }
  const count = BigInt(accepted.rejectedCount);
  const errorMessage = accepted.rejectedReason;
  switch (signal) {
    case 'traces': {
      const response = { partialSuccess: { rejectedSpans: count, errorMessage } };
      return encoding === 'protobuf'
        ? protobufBody(encode('ExportTraceServiceResponse', response))
        : jsonBody(encodeJson('ExportTraceServiceResponse', response));
    }
    case 'logs': {
      const response = { partialSuccess: { rejectedLogRecords: count, errorMessage } };
      return encoding === 'protobuf'
        ? protobufBody(encode('ExportLogsServiceResponse', response))
        : jsonBody(encodeJson('ExportLogsServiceResponse', response));
    }
    case 'metrics': {
      const response = { partialSuccess: { rejectedDataPoints: count, errorMessage } };
      return encoding === 'protobuf'
        ? protobufBody(encode('ExportMetricsServiceResponse', response))
        : jsonBody(encodeJson('ExportMetricsServiceResponse', response));
    }
  }
}

/** google.rpc.Status. */
export function faultBody(encoding: BodyEncoding, fault: ReceiveFault): EncodedBody {
  const message = fault.hint === undefined ? fault.message : `${fault.message}. ${fault.hint}`;
  const status = { code: FAULTS[fault.code].grpc, message };
  return encoding === 'protobuf'
    ? protobufBody(encode('Status', status))
    : jsonBody(encodeJson('Status', status));
}

function protobufBody(bytes: Uint8Array): EncodedBody {
  return { contentType: CONTENT_TYPES.protobuf, bytes };
}

function jsonBody(text: string): EncodedBody {
  return { contentType: CONTENT_TYPES.json, bytes: Buffer.from(text) };
}
