import { createHash } from 'node:crypto';

import { OtlpError } from '@codomyrmex/otlp';

import type { StatusRecorder } from './recorder.js';
import { CommitRefused, type Committer, CommitUnavailable } from '../store/commit.js';
import {
  transcodeJson,
  transcodeLogs,
  transcodeMetrics,
  transcodeTraces,
} from '../transcode/transcode.js';
import { giveRoom } from '../transcode/room.js';
import type { Transcoded } from '../transcode/transcoded.js';
import { ReceiveFault } from './faults.js';

export type Signal = 'traces' | 'logs' | 'metrics';
export type BodyEncoding = 'protobuf' | 'json';

/** What the sender is told in its response's partial_success. */
export interface Accepted {
  readonly rejectedCount: number;
  readonly rejectedReason: string;
}

export interface AcceptOptions {
  readonly committer: Pick<Committer, 'commit'>;
  readonly recorder: StatusRecorder;
  /** Unix time in nanoseconds. */
  readonly now: () => bigint;
}

/** The one path behind every door: inflated bytes in, durable and readable rows out. */
export class Acceptor {
  readonly #options: AcceptOptions;

  constructor(options: AcceptOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the records are durable and readable. Throws ReceiveFault. The body is read
   * before this returns, and is the caller's again.
   */
  async accept(signal: Signal, encoding: BodyEncoding, body: Uint8Array): Promise<Accepted> {
    const { committer, recorder, now } = this.#options;
    const ingestTime = now();
    const transcoded = transcodeBody(signal, encoding, body, ingestTime);
    if (transcoded.batches.length > 0) {
      const requestHash = hashOf(signal, body);
      try {
        await committer.commit({ requestHash, batches: transcoded.batches, ingestTime });
      } catch (error) {
        // A group that waits in the redo log still has the rows.
        throw commitFault(error);
      }
      for (const { bytes } of transcoded.batches) giveRoom(bytes);
    }
    recorder.accepted(signal, transcoded, now());
    return transcoded;
  }
}

/** 16 characters of one byte each: half of a SHA-256 over the signal and the inflated body. */
function hashOf(signal: Signal, body: Uint8Array): string {
  return createHash('sha256').update(signal).update(body).digest('binary').slice(0, 16);
}

const TRANSCODERS: {
  readonly [signal in Signal]: (body: Uint8Array, ingestTime: bigint) => Transcoded;
} = { traces: transcodeTraces, logs: transcodeLogs, metrics: transcodeMetrics };

function transcodeBody(
  signal: Signal,
  encoding: BodyEncoding,
  body: Uint8Array,
  ingestTime: bigint,
): Transcoded {
  try {
    return encoding === 'json'
      ? transcodeJson(signal, body, ingestTime)
      : TRANSCODERS[signal](body, ingestTime);
  } catch (error) {
    if (!(error instanceof OtlpError)) throw error;
    throw decodeFault(error, signal, encoding);
  }
}

/** What is no OTLP is a bad body; OTLP with more than a request may hold is too large. */
function decodeFault(error: OtlpError, signal: Signal, encoding: BodyEncoding): ReceiveFault {
  if (error.code === 'too_large') {
    return new ReceiveFault('too_large', error.message, { cause: error });
  }
  const what = encoding === 'json' ? 'OTLP/JSON' : 'OTLP protobuf';
  const message = `the body is not ${what} of ${signal}: ${error.message}`;
  return new ReceiveFault('bad_body', message, { cause: error });
}

function commitFault(error: unknown): unknown {
  if (error instanceof CommitRefused) {
    return new ReceiveFault('refused', error.message, { cause: error });
  }
  if (error instanceof CommitUnavailable) {
    const { message, retryAfterMillis } = error;
    return new ReceiveFault('unavailable', message, { retryAfterMillis, cause: error });
  }
  return error;
}
