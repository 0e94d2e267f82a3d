import { OtlpError } from './errors.js';
import {
  WIRE_FIXED32,
  WIRE_FIXED64,
  WIRE_GROUP_END,
  WIRE_GROUP_START,
  WIRE_LENGTH,
  WIRE_VARINT,
} from './fields.js';
import { MAX_DEPTH, MAX_VARINT_SIZE } from './limits.js';

const TWO_32 = 4_294_967_296;

/**
 * Reads protobuf from a part of a byte array, never beyond it: every fault is an OtlpError and cut
 * input is never read as zeros. Length-delimited values are given as ranges or views, not copies.
 */
export class WireReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  /** Offset of the next byte. */
  at: number;
  /** Offset after the message being read. */
  end: number;
  /** The halves of the last 64-bit value, unsigned. */
  low = 0;
  high = 0;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
    this.end = Math.min(end, bytes.length);
  }

  /** Whether the message has another field. */
  more(): boolean {
    return this.at < this.end;
  }

  #take(size: number): number {
    const start = this.at;
    if (size > this.end - start) {
      throw new OtlpError(
        'truncated',
        start,
        `${size} bytes are needed and ${this.end - start} are left`,
      );
    }
    this.at = start + size;
    return start;
  }

  /** A tag: field number × 8 + wire type. Field number 0 and wire types 6 and 7 are refused. */
  tag(): number {
    const start = this.at;
    this.varint64();
    if (this.high !== 0 || this.low < 8) {
      throw new OtlpError('bad_tag', start, 'a tag holds no valid field number');
    }
    if ((this.low & 7) > WIRE_FIXED32) {
      throw new OtlpError('bad_wire_type', start, `wire type ${this.low & 7} does not exist`);
    }
    return this.low;
  }

  /** A varint of up to 64 bits into `low` and `high`. */
  varint64(): void {
    const start = this.at;
    let low = 0;
    let high = 0;
    for (let index = 0; index < MAX_VARINT_SIZE; index++) {
      const byte = this.bytes[this.#take(1)] ?? 0;
      const bits = byte & 0x7f;
      if (index < 4) {
        low |= bits << (7 * index);
      } else if (index === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else {
        high |= bits << (7 * index - 32);
      }
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    throw new OtlpError('bad_varint', start, 'a varint is longer than 10 bytes');
  }

  /** A varint's low 32 bits, unsigned: longer values are cut, as protobuf says for uint32. */
  varint32(): number {
    this.varint64();
    return this.low;
  }

  sint32(): number {
    const value = this.varint32();
    return (value >>> 1) ^ -(value & 1);
  }

  /** True when any bit is set. */
  bool(): boolean {
    this.varint64();
    return this.low !== 0 || this.high !== 0;
  }

  fixed32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** Eight bytes into `low` and `high`. */
  fixed64(): void {
    const start = this.#take(8);
    this.low = this.#view.getUint32(start, true);
    this.high = this.#view.getUint32(start + 4, true);
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** The last 64-bit value, unsigned. */
  uint64(): bigint {
    return this.high === 0 ? BigInt(this.low) : (BigInt(this.high) << 32n) | BigInt(this.low);
  }

  /** The last 64-bit value, signed. */
  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  /**
   * Reads a length and checks it against what is left: returns the end of the value, which starts
   * at `at`. Nothing is allocated from a claimed length.
   */
  length(): number {
    const start = this.at;
    this.varint64();
    const size = this.high * TWO_32 + this.low;
    if (size > this.end - this.at) {
      throw new OtlpError(
        'truncated',
        start,
        `a length says ${size} bytes and ${this.end - this.at} are left`,
      );
    }
    return this.at + size;
  }

  /** A length-delimited value as a view into the input (plain, also when that is a Buffer). */
  lengthDelimited(): Uint8Array {
    const end = this.length();
    const { buffer, byteOffset } = this.bytes;
    const view = new Uint8Array(buffer, byteOffset + this.at, end - this.at);
    this.at = end;
    return view;
  }

  /** A string; bytes that are not UTF-8 become U+FFFD (one record is not lost for one bad byte). */
  string(): string {
    const end = this.length();
    const { buffer, byteOffset } = this.bytes;
    const text = Buffer.from(buffer, byteOffset + this.at, end - this.at).toString('utf8');
    this.at = end;
    return text;
  }

  /** Skips the value of an unknown field; `depth` is that of the message it stands in. */
  skip(tag: number, depth = 0): void {
    switch (tag & 7) {
      case WIRE_VARINT:
        this.varint64();
        return;
      case WIRE_FIXED64:
        this.#take(8);
        return;
      case WIRE_LENGTH:
        this.at = this.length();
        return;
      case WIRE_FIXED32:
        this.#take(4);
        return;
      case WIRE_GROUP_START:
        this.#skipGroup(tag >>> 3, depth + 1);
        return;
      default:
        throw new OtlpError('bad_group', this.at, `group ${tag >>> 3} ends but never started`);
    }
  }

  #skipGroup(fieldNumber: number, depth: number): void {
    if (depth > MAX_DEPTH) {
      throw tooDeep(this.at);
    }
    while (this.more()) {
      const tag = this.tag();
      if ((tag & 7) === WIRE_GROUP_END) {
        if (tag >>> 3 !== fieldNumber) {
          throw new OtlpError(
            'bad_group',
            this.at,
            `group ${fieldNumber} is ended as group ${tag >>> 3}`,
          );
        }
        return;
      }
      this.skip(tag, depth);
    }
    throw new OtlpError('truncated', this.at, `group ${fieldNumber} does not end`);
  }
}

/** The error for anything nested beyond `MAX_DEPTH`. */
export function tooDeep(offset: number): OtlpError {
  return new OtlpError('too_deep', offset, `nested deeper than ${MAX_DEPTH} levels`);
}
