/**
 * Builds protobuf messages by hand into one growable block of memory that is handed over whole.
 *
 *     0          start             position           capacity
 *     ├─ header ─┼── records ──────┼── free ──────────┤
 *
 * The header room in front is filled last, right-aligned against the records, because its lengths
 * are known only then. The memory is never a slice of Node's shared pool, so that a chunk can be
 * transferred to another thread.
 */
import { Buffer } from 'node:buffer';

/** Strings up to this many UTF-16 units are written by a loop; longer ones by `utf8Write`. */
const LOOP_STRING_LENGTH = 40;
/** AnyValue's field for a string. */
const TAG_STRING_VALUE = 0x0a;
const TWO_32 = 4294967296;
const NANOS_PER_SECOND = 1_000_000_000;

interface Utf8Target {
  utf8Write(text: string, offset: number, length: number): number;
}

/** Bytes that an unsigned 32-bit integer takes as a varint: 1 to 5. */
export function varintSize(value: number): number {
  if (value < 128) return 1;
  if (value < 16384) return 2;
  if (value < 2097152) return 3;
  return value < 268435456 ? 4 : 5;
}

/** A growable protobuf writer. Not checked against misuse: it is the SDK's hot loop. */
export class ChunkWriter {
  /** The memory; replaced when it grows, so never keep a reference over a write. */
  bytes: Buffer;
  /** A view of {@link bytes}. */
  view: DataView;
  /** Where the next byte goes. */
  position: number;
  // The second that was written last and its nanoseconds as two halves: times of neighbouring
  // records share it, which saves the 64-bit multiplication.
  #second = 0;
  #secondLow = 0;
  #secondHigh = 0;

  /** Takes `capacity` bytes and leaves `headerSize` of them free in front. */
  constructor(capacity: number, headerSize: number = 0) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
    this.view = new DataView(this.bytes.buffer);
    this.position = headerSize;
  }

  /** Starts over with new memory of `capacity` bytes. The old memory is not touched again. */
  renew(capacity: number, headerSize: number): void {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
    this.view = new DataView(this.bytes.buffer);
    this.position = headerSize;
  }

  /** Makes sure that `size` more bytes fit. Doubles the memory when they do not. */
  ensure(size: number): void {
    if (this.position + size > this.bytes.length) this.#grow(size);
  }

  #grow(size: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.position + size));
    this.bytes.copy(grown, 0, 0, this.position);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  /** One byte, for instance a field's tag below 128. */
  byte(value: number): void {
    if (this.position >= this.bytes.length) this.#grow(1);
    this.bytes[this.position++] = value;
  }

  /** An unsigned integer below 2^32 as a varint. */
  varint(value: number): void {
    this.ensure(5);
    this.position = putVarint(this.bytes, this.position, value);
  }

  /** A signed integer as protobuf's int64. Takes whole numbers within ±2^53 and any bigint. */
  int64(value: number | bigint): void {
    this.ensure(10);
    if (typeof value === 'number' && value >= 0 && value < TWO_32) {
      this.position = putVarint(this.bytes, this.position, value);
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 127n) {
      this.bytes[this.position++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.bytes[this.position++] = Number(rest);
  }

  /** 64 bits from two unsigned halves, little-endian, as protobuf's fixed64. */
  fixed64(low: number, high: number): void {
    this.ensure(8);
    this.view.setUint32(this.position, low, true);
    this.view.setUint32(this.position + 4, high, true);
    this.position += 8;
  }

  /** A protobuf double. */
  double(value: number): void {
    this.ensure(8);
    this.view.setFloat64(this.position, value, true);
    this.position += 8;
  }

  /** 32 bits, little-endian, as protobuf's fixed32. */
  fixed32(value: number): void {
    this.ensure(4);
    this.view.setInt32(this.position, value | 0, true);
    this.position += 4;
  }

  /** A Unix time as fixed64 nanoseconds. Before 1970 it writes 0; nanos may reach 2 seconds. */
  time(seconds: number, nanos: number): void {
    this.ensure(8);
    if (nanos >= NANOS_PER_SECOND) {
      nanos -= NANOS_PER_SECOND;
      seconds++;
    }
    if (seconds < 0) {
      seconds = 0;
      nanos = 0;
    }
    if (seconds !== this.#second) this.#keepSecond(seconds);
    let low = this.#secondLow + nanos;
    let high = this.#secondHigh;
    if (low >= TWO_32) {
      low -= TWO_32;
      high++;
    }
    this.view.setUint32(this.position, low, true);
    this.view.setUint32(this.position + 4, high, true);
    this.position += 8;
  }

  #keepSecond(seconds: number): void {
    // seconds × 10^9 has 61 bits today; both products below stay under 2^53.
    const upper = Math.floor(seconds / 65536) * NANOS_PER_SECOND;
    const lower = (seconds % 65536) * NANOS_PER_SECOND;
    const low = (upper % 65536) * 65536 + (lower % TWO_32);
    this.#second = seconds;
    this.#secondLow = low % TWO_32;
    this.#secondHigh =
      Math.floor(upper / 65536) + Math.floor(lower / TWO_32) + Math.floor(low / TWO_32);
  }

  /** An id's 32 bits, big-endian. */
  idPart(value: number): void {
    this.ensure(4);
    this.view.setInt32(this.position, value, false);
    this.position += 4;
  }

  /** Length and UTF-8 bytes of a string; lone surrogates become U+FFFD. */
  string(text: string): void {
    const length = text.length;
    this.ensure(length * 3 + 5);
    if (length > LOOP_STRING_LENGTH) {
      this.#longString(text);
      return;
    }
    const bytes = this.bytes;
    const position = this.position + 1;
    bytes[position - 1] = length;
    let all = 0;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      all |= code;
      bytes[position + index] = code;
    }
    // One look at the end instead of one a character.
    if (all > 127) this.#longString(text);
    else this.position = position + length;
  }

  #longString(text: string): void {
    // The length is guessed as if all were ASCII and moved over in the rare other case.
    const width = varintSize(text.length);
    const start = this.position + width;
    const target = this.bytes as Buffer & Partial<Utf8Target>;
    const size =
      target.utf8Write === undefined
        ? target.write(text, start, text.length * 3, 'utf8')
        : target.utf8Write(text, start, text.length * 3);
    const actual = varintSize(size);
    if (actual !== width) this.bytes.copyWithin(this.position + actual, start, start + size);
    putVarint(this.bytes, this.position, size);
    this.position += actual + size;
  }

  /** Bytes as they are, without a length. */
  raw(source: Uint8Array): void {
    const size = source.length;
    this.ensure(size);
    if (size > 64) {
      this.bytes.set(source, this.position);
      this.position += size;
      return;
    }
    const bytes = this.bytes;
    let position = this.position;
    for (let index = 0; index < size; index++) bytes[position++] = source[index]!;
    this.position = position;
  }

  /**
   * The first `size` bytes of `words`, four at a time: the fastest copy of a short piece. Up to
   * three bytes behind them are overwritten with rubbish.
   */
  words(words: Int32Array, size: number): void {
    this.ensure(size + 4);
    const view = this.view;
    let position = this.position;
    for (let index = 0; index < words.length; index++) {
      view.setInt32(position, words[index]!, true);
      position += 4;
    }
    this.position += size;
  }

  /** A tag and an encoded piece: a field that was written before. */
  piece(tag: number, piece: Piece): void {
    const words = piece.words;
    this.ensure(piece.size + 5);
    const view = this.view;
    let position = this.position;
    view.setInt8(position++, tag);
    this.position = position + piece.size;
    for (let index = 0; index < words.length; index++) {
      view.setInt32(position, words[index]!, true);
      position += 4;
    }
  }

  /**
   * A KeyValue field with the tag `tag`: `head` is the key and the value's tag, `text` the value.
   * False, and nothing written, unless the text is short and ASCII and so each length one byte.
   *
   *     tag · length · head · length · 0x0a · length · text
   */
  shortAttribute(tag: number, head: Piece, text: string): boolean {
    const length = text.length;
    const size = head.size + 3 + length;
    if (length > LOOP_STRING_LENGTH || size > 127) return false;
    this.ensure(size + 6);
    const { bytes, view } = this;
    const words = head.words;
    let position = this.position;
    bytes[position] = tag;
    bytes[position + 1] = size;
    position += 2;
    for (let index = 0; index < words.length; index++) {
      view.setInt32(position + index * 4, words[index]!, true);
    }
    position += head.size;
    bytes[position] = length + 2;
    bytes[position + 1] = TAG_STRING_VALUE;
    bytes[position + 2] = length;
    position += 3;
    let all = 0;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      all |= code;
      bytes[position + index] = code;
    }
    if (all > 127) return false;
    this.position = position + length;
    return true;
  }

  /** Length and bytes, as protobuf's bytes. */
  lengthAndBytes(source: Uint8Array): void {
    this.varint(source.length);
    this.raw(source);
  }

  /**
   * Opens a nested message: keeps room for its length, guessed from `estimate` bytes of content.
   * Give what it returns to {@link close}, with the same estimate.
   */
  open(estimate: number = 0): number {
    this.ensure(5);
    this.position += varintSize(estimate);
    return this.position;
  }

  /** Closes a nested message: writes its length, moving the content where the guess was off. */
  close(start: number, estimate: number = 0): void {
    const size = this.position - start;
    const kept = varintSize(estimate);
    const needed = varintSize(size);
    if (needed !== kept) this.#move(start, needed - kept);
    putVarint(this.bytes, start - kept, size);
  }

  #move(start: number, distance: number): void {
    this.ensure(5);
    this.bytes.copyWithin(start + distance, start, this.position);
    this.position += distance;
  }

  /** A copy of what was written, from `start` on: for small encoded pieces that are kept. */
  copy(start: number = 0): Uint8Array {
    return Uint8Array.from(this.bytes.subarray(start, this.position));
  }
}

/** An encoded piece that is copied often: see {@link ChunkWriter.words}. Little-endian. */
export interface Piece {
  readonly words: Int32Array;
  readonly size: number;
}

/** What was written from `start` on, as a piece to keep. */
export function pieceOf(writer: ChunkWriter, start: number): Piece {
  const size = writer.position - start;
  const words = new Int32Array(Math.ceil(size / 4));
  for (let index = 0; index < words.length; index++) {
    // The last word takes up to three bytes behind the piece; they are never read as content.
    writer.ensure(4);
    words[index] = writer.view.getInt32(start + index * 4, true);
  }
  return { words, size };
}

/** Writes a varint below 2^32 at `position` (room is the caller's business); returns its end. */
export function putVarint(bytes: Uint8Array, position: number, value: number): number {
  while (value > 127) {
    bytes[position++] = (value & 127) | 128;
    value = value >= 2147483648 ? Math.floor(value / 128) : value >>> 7;
  }
  bytes[position++] = value;
  return position;
}
