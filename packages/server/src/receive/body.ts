import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip, createInflate, type Gunzip, type Inflate } from 'node:zlib';

import { takeRoom } from '../transcode/room.js';
import type { BudgetShare } from './byte-budget.js';
import { ReceiveFault } from './faults.js';

export interface BodyOptions {
  /** Bytes after inflating; a body that is longer is a `too_large` fault. */
  readonly maxBytes: number;
  readonly share: BudgetShare;
}

/** A chunk of inflated bytes: one allocation for an exporter's usual batch. */
const INFLATE_CHUNK = 131_072;

/**
 * Reads a request's body, inflated. Every byte is taken from the share before it is kept, so a
 * claimed length allocates nothing that the budget did not allow. The caller gives the body's room
 * back (transcode/room.ts) when it has been read. Throws ReceiveFault; the rest of
 * a refused body is left unread (the caller closes the connection).
 */
export async function readBody(request: IncomingMessage, options: BodyOptions): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const declared = declaredLength(request);
  if (declared !== undefined && declared > options.maxBytes) throw tooLarge(options.maxBytes);
  switch (encoding) {
    case 'identity':
    case '':
      return collect(request, options);
    case 'gzip':
    case 'x-gzip':
      return inflate(request, createGunzip({ chunkSize: INFLATE_CHUNK }), options);
    case 'deflate':
      return inflate(request, createInflate({ chunkSize: INFLATE_CHUNK }), options);
    default:
      throw new ReceiveFault(
        'unsupported_encoding',
        `content-encoding ${JSON.stringify(encoding.slice(0, 40))} is not supported`,
        { hint: 'Send gzip, deflate or identity.' },
      );
  }
}

function declaredLength(request: IncomingMessage): number | undefined {
  const text = request.headers['content-length'];
  return text === undefined ? undefined : Number(text);
}

async function collect(source: Readable, { maxBytes, share }: BodyOptions): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  // A refused request must not be destroyed by leaving the loop: it has yet to be answered.
  for await (const piece of source.iterator({ destroyOnReturn: false })) {
    const chunk = piece as Buffer;
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    if (!share.take(chunk.length)) throw overloaded();
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : joined(chunks, length);
}

function joined(chunks: readonly Buffer[], length: number): Buffer {
  const { buffer, byteOffset } = takeRoom(length);
  const body = Buffer.from(buffer, byteOffset, length);
  let at = 0;
  for (const chunk of chunks) at += chunk.copy(body, at);
  return body;
}

async function inflate(
  request: IncomingMessage,
  inflater: Gunzip | Inflate,
  options: BodyOptions,
): Promise<Buffer> {
  // Not pipeline(): it would destroy the request, and with it the way to answer.
  const onError = (error: Error): void => {
    inflater.destroy(error);
  };
  const onAborted = (): void => {
    inflater.destroy(new Error('the client closed the connection'));
  };
  request.on('error', onError).once('aborted', onAborted);
  try {
    return await collect(request.pipe(inflater), options);
  } catch (error) {
    if (error instanceof ReceiveFault) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ReceiveFault('bad_encoding', `the body cannot be inflated: ${reason}`, {
      cause: error,
    });
  } finally {
    request.unpipe(inflater);
    request.off('error', onError).off('aborted', onAborted);
    inflater.destroy();
  }
}

function tooLarge(maxBytes: number): ReceiveFault {
  return new ReceiveFault(
    'too_large',
    `the body is larger than ${maxBytes} bytes after inflating`,
    {
      hint: 'Send smaller batches, or raise --max-request-bytes.',
    },
  );
}

function overloaded(): ReceiveFault {
  return new ReceiveFault('overloaded', 'too many bytes are being received; try again', {
    retryAfterMillis: 1_000,
  });
}
