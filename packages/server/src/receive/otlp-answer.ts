import {
  encode,
  encodeJson,
  type ExportLogsServiceResponse,
  type ExportMetricsServiceResponse,
  type ExportTraceServiceResponse,
} from '@codomyrmex/otlp';

import type { Accepted, BodyEncoding, Signal } from './accept.js';
import { FAULTS, type ReceiveFault } from './faults.js';

type PartialSuccess = ExportTraceServiceResponse &
  ExportLogsServiceResponse &
  ExportMetricsServiceResponse;

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
  const rejected = BigInt(accepted.rejectedCount);
  const response = REJECTED[signal](rejected, accepted.rejectedReason);
  const name = RESPONSES[signal];
  return encoding === 'protobuf'
    ? protobufBody(encode(name, response))
    : jsonBody(encodeJson(name, response));
}

const RESPONSES = {
  traces: 'ExportTraceServiceResponse',
  logs: 'ExportLogsServiceResponse',
  metrics: 'ExportMetricsServiceResponse',
} as const;

/** Each signal has a name of its own for the count. */
const REJECTED: {
  readonly [signal in Signal]: (count: bigint, errorMessage: string) => PartialSuccess;
} = {
  traces: (rejectedSpans, errorMessage) => ({ partialSuccess: { rejectedSpans, errorMessage } }),
  logs: (rejectedLogRecords, errorMessage) => ({
    partialSuccess: { rejectedLogRecords, errorMessage },
  }),
  metrics: (rejectedDataPoints, errorMessage) => ({
    partialSuccess: { rejectedDataPoints, errorMessage },
  }),
};

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
