import type { OutgoingHttpHeaders } from 'node:http2';

import { encode } from '@codomyrmex/otlp';

import { GRPC_LIMITS } from '../limits.js';
import { FAULTS, type ReceiveFault } from './faults.js';

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

/**
 * A fault as gRPC's trailers:
 *
 *     grpc-status               google.rpc.Code
 *     grpc-message              text, percent-encoded
 *     grpc-status-details-bin   google.rpc.Status in base64; only with a RetryInfo to carry
 */
export function faultTrailers(fault: ReceiveFault): OutgoingHttpHeaders {
  const code = FAULTS[fault.code].grpc;
  const message = fault.hint === undefined ? fault.message : `${fault.message}. ${fault.hint}`;
  const trailers: OutgoingHttpHeaders = {
    'grpc-status': String(code),
    'grpc-message': percentEncode(message.slice(0, GRPC_LIMITS.faultMessageLength)),
  };
  if (fault.retryAfterMillis !== undefined) {
    const value = encode('RetryInfo', { retryDelay: durationOf(fault.retryAfterMillis) });
    const status = encode('Status', { code, message, details: [{ typeUrl: RETRY_INFO, value }] });
    // gRPC: binary headers are sent without padding.
    const base64 = Buffer.from(status).toString('base64').replace(/=+$/, '');
    trailers['grpc-status-details-bin'] = base64;
  }
  return trailers;
}

/** Printable ASCII stays, all else and `%` become %XX of its UTF-8 (gRPC: Percent-Encoded). */
export function percentEncode(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain
      ? String.fromCodePoint(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

const TIMEOUT_UNITS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** `grpc-timeout` (1 to 8 digits and a unit) in milliseconds; undefined when it is none. */
export function timeoutMillis(header: string | undefined): number | undefined {
  const found = /^(\d{1,8})([HMSmun])$/.exec(header ?? '');
  const scale = TIMEOUT_UNITS[found?.[2] ?? ''];
  return scale === undefined ? undefined : Number(found?.[1]) * scale;
}

function durationOf(millis: number): { seconds: bigint; nanos: number } {
  const whole = Math.ceil(millis);
  return { seconds: BigInt(Math.floor(whole / 1_000)), nanos: (whole % 1_000) * 1_000_000 };
}
