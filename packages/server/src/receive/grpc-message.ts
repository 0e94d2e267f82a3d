import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import { GRPC_LIMITS } from '../limits.js';
import type { BudgetShare } from './byte-budget.js';
import { ReceiveFault } from './faults.js';

export interface MessageOptions {
  /** Bytes of a message, on the wire as well as after inflating. */
  readonly maxBytes: number;
  readonly share: BudgetShare;
}

/** One message as it came: still compressed when `isCompressed`. */
export interface GrpcMessage {
  readonly isCompressed: boolean;
  readonly bytes: Buffer;
}

/** What `grpc-encoding` may name; also our answer's `grpc-accept-encoding`. */
export const GRPC_ENCODINGS = 'identity,gzip';

const PREFIX_SIZE = 5;
/** Head and trailer of the shortest gzip. */
const GZIP_LEAST_SIZE = 18;

const gunzipAsync = promisify(gunzip);

/**
 * Gathers the one message of a unary call (gRPC over HTTP/2, Length-Prefixed-Message):
 *
 *     0      1              5
 *     | flag | length, BE32 | message …         flag 1: compressed as grpc-encoding says
 *
 * The length is only a claim: memory grows with what arrives, each byte taken from the share first.
 * All methods throw ReceiveFault.
 */
export class GrpcMessageReader {
  readonly #options: MessageOptions;
  readonly #prefix: Buffer = Buffer.alloc(PREFIX_SIZE);
  #prefixSize = 0;
  #claimed = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #size = 0;

  constructor(options: MessageOptions) {
    this.#options = options;
  }

  /** Takes the next piece of the body; it is copied. */
  push(piece: Buffer): void {
    let start = 0;
    if (this.#prefixSize < PREFIX_SIZE) {
      start = piece.copy(this.#prefix, this.#prefixSize);
      this.#prefixSize += start;
      if (this.#prefixSize < PREFIX_SIZE) return;
      this.#readPrefix();
    }
    const left = piece.length - start;
    if (this.#size + left > this.#claimed) throw moreThanOne();
    this.#reserve(this.#size + left);
    piece.copy(this.#bytes, this.#size, start);
    this.#size += left;
  }

  /** The message, when the body has ended. */
  finish(): GrpcMessage {
    if (this.#prefixSize === 0) throw new ReceiveFault('bad_body', 'the call holds no message');
    if (this.#prefixSize < PREFIX_SIZE || this.#size < this.#claimed) {
      const text = `the message is cut: ${this.#size} of ${this.#claimed} bytes came`;
      throw new ReceiveFault('bad_body', text);
    }
    const bytes = this.#bytes.subarray(0, this.#size);
    return { isCompressed: this.#prefix[0] === 1, bytes };
  }

  #readPrefix(): void {
    const flag = this.#prefix[0] ?? 0;
    if (flag > 1) {
      throw new ReceiveFault('bad_body', `the message's flag is ${flag}, expected 0 or 1`);
    }
    this.#claimed = this.#prefix.readUInt32BE(1);
    if (this.#claimed > this.#options.maxBytes) throw tooLarge(this.#options.maxBytes);
  }

  /** Doubles, so that a body in tiny pieces is not held as a million tiny buffers. */
  #reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    let capacity = Math.max(this.#bytes.length, GRPC_LIMITS.firstMessageBytes);
    while (capacity < size) capacity *= 2;
    capacity = Math.min(capacity, this.#claimed);
    if (!this.#options.share.take(capacity - this.#bytes.length)) throw overloaded();
    const grown = Buffer.allocUnsafeSlow(capacity);
    this.#bytes.copy(grown, 0, 0, this.#size);
    this.#bytes = grown;
  }
}

/** The message's bytes, inflated as `encoding` (the call's grpc-encoding) says. */
export function openMessage(
  message: GrpcMessage,
  encoding: string,
  options: MessageOptions,
): Buffer | Promise<Buffer> {
  if (!message.isCompressed) return message.bytes;
  if (encoding === 'gzip') return inflate(message.bytes, options);
  // gRPC says INTERNAL here; but the fault is the client's, and INTERNAL reads as ours.
  throw new ReceiveFault('bad_encoding', 'the message is compressed, grpc-encoding is not set');
}

/**
 * gzip's last four bytes say the inflated size (RFC 1952, ISIZE): it is taken from the share before
 * a byte of it is made, the message becomes one piece without a copy, and a message that says less
 * than it holds is refused as soon as it exceeds that. The price: gzip of several members, which no
 * gRPC client makes, is refused too.
 */
async function inflate(bytes: Buffer, { maxBytes, share }: MessageOptions): Promise<Buffer> {
  const size = bytes.length < GZIP_LEAST_SIZE ? 0 : bytes.readUInt32LE(bytes.length - 4);
  if (size > maxBytes) throw tooLarge(maxBytes);
  if (!share.take(size)) throw overloaded();
  try {
    // Room to spare tells zlib that the end is the end: it makes no second piece.
    return await gunzipAsync(bytes, { maxOutputLength: Math.max(size, 1), chunkSize: size + 64 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ReceiveFault('bad_encoding', `the message cannot be inflated: ${reason}`, {
      cause: error,
    });
  }
}

/** A message with its prefix, uncompressed: an answer is a few bytes. */
export function frameMessage(message: Uint8Array): Buffer {
  const framed = Buffer.alloc(PREFIX_SIZE + message.length);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, PREFIX_SIZE);
  return framed;
}

function moreThanOne(): ReceiveFault {
  return new ReceiveFault('bad_body', 'the call holds more than one message; Export is unary');
}

function tooLarge(maxBytes: number): ReceiveFault {
  return new ReceiveFault('too_large', `the message is larger than ${maxBytes} bytes`, {
    hint: 'Send smaller batches, or raise --max-request-bytes.',
  });
}

function overloaded(): ReceiveFault {
  return new ReceiveFault('overloaded', 'too many bytes are being received; try again', {
    retryAfterMillis: 1_000,
  });
}
