import { INITIAL_WRITER_SIZE } from './limits.js';
import {
  varintSize,
  writeDouble,
  writeFixed32,
  writeFixed64,
  writeText,
  writeVarint,
  writeVarint64,
} from './wire-write.js';

const MASK_32 = 0xffff_ffffn;

/**
 * A protobuf writer that grows. Sub-messages are written in place: `begin` keeps one byte for the
 * length, `end` fills it in and moves the message up when the length needs more.
 *
 *   begin            end, 5 bytes        end, 300 bytes
 *   ┌─┬──────┬─      ┌─┬─────┐           ┌───┬───────────┐
 *   │?│ …            │5│ …   │           │300│ … (moved) │
 *   └─┴──────┴─      └─┴─────┘           └───┴───────────┘
 */
export class WireWriter {
  /** Room and content; replaced when it grows, so read it anew after a write. */
  bytes: Buffer;
  /** Bytes written. */
  size = 0;

  constructor(initialSize: number = INITIAL_WRITER_SIZE) {
    this.bytes = Buffer.allocUnsafeSlow(Math.max(initialSize, 16));
  }

  /** Makes room for `count` more bytes; doubles, so a byte is copied twice at most on average. */
  reserve(count: number): void {
    const needed = this.size + count;
    if (needed > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
      this.bytes.copy(grown, 0, 0, this.size);
      this.bytes = grown;
    }
  }

  /** Forgets the content, keeps the room. */
  reset(): void {
    this.size = 0;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return new Uint8Array(this.bytes.subarray(0, this.size));
  }

  /** What was written, as a view that the next write may overwrite. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.size);
  }

  /** An unsigned 32-bit varint; tags (`tagOf`) too. */
  varint(value: number): void {
    this.reserve(5);
    this.size = writeVarint(this.bytes, this.size, value);
  }

  /** A signed 32-bit number as int32: negative ones take 10 bytes, as protobuf says. */
  int32(value: number): void {
    this.reserve(10);
    this.size = writeVarint64(this.bytes, this.size, value, value < 0 ? -1 : 0);
  }

  /** A signed 32-bit number in zigzag form. */
  sint32(value: number): void {
    this.varint(((value << 1) ^ (value >> 31)) >>> 0);
  }

  /** A 64-bit integer, signed or unsigned, taken modulo 2^64. */
  varint64(value: bigint): void {
    this.reserve(10);
    const low = Number(value & MASK_32);
    this.size = writeVarint64(this.bytes, this.size, low, Number((value >> 32n) & MASK_32));
  }

  varint64Parts(low: number, high: number): void {
    this.reserve(10);
    this.size = writeVarint64(this.bytes, this.size, low, high);
  }

  fixed32(value: number): void {
    this.reserve(4);
    this.size = writeFixed32(this.bytes, this.size, value);
  }

  /** A 64-bit integer, signed or unsigned, taken modulo 2^64. */
  fixed64(value: bigint): void {
    this.fixed64Parts(Number(value & MASK_32), Number((value >> 32n) & MASK_32));
  }

  fixed64Parts(low: number, high: number): void {
    this.reserve(8);
    this.size = writeFixed64(this.bytes, this.size, low, high);
  }

  double(value: number): void {
    this.reserve(8);
    this.size = writeDouble(this.bytes, this.size, value);
  }

  /** A length and UTF-8; lone surrogates become U+FFFD. */
  string(text: string): void {
    this.reserve(5 + text.length * 3);
    this.size = writeText(this.bytes, this.size, text);
  }

  /** A length and the bytes. */
  lengthDelimited(bytes: Uint8Array): void {
    this.reserve(5 + bytes.length);
    this.size = writeVarint(this.bytes, this.size, bytes.length);
    this.raw(bytes);
  }

  /** Bytes as they are: a message that is encoded already. */
  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.size);
    this.size += bytes.length;
  }

  /** Starts a length-delimited value of unknown length; hand what it returns to `end`. */
  begin(): number {
    this.reserve(1);
    return ++this.size;
  }

  /** Ends what `begin` started. Inner values end before outer ones. */
  end(start: number): void {
    const length = this.size - start;
    const more = varintSize(length) - 1;
    if (more > 0) {
      this.reserve(more);
      this.bytes.copyWithin(start + more, start, this.size);
      this.size += more;
    }
    writeVarint(this.bytes, start - 1, length);
  }
}
