/**
 * The first pass over a message: where each of its fields lies. A RowBinary row has its columns in
 * another order than the wire has its fields, so fields are located first and copied after.
 */
import type { Field, MessageName } from '@codomyrmex/otlp';
import {
  FIELDS,
  isPacked,
  MAX_VARINT_SIZE,
  OtlpError,
  WIRE_FIXED32,
  WIRE_FIXED64,
  WIRE_GROUP_END,
  WIRE_GROUP_START,
  WIRE_LENGTH,
  WIRE_VARINT,
  wireTypeOf,
  WireReader,
} from '@codomyrmex/otlp';
import { KEPT_LIST_LENGTH, MAX_LIST_LENGTH } from './limits.js';

/** The request's bytes, with what reading them needs. */
export class Input {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** After `readVarint`: the offset behind it, and the value's upper half. */
  at = 0;
  high = 0;
  #reader: WireReader | undefined;

  constructor(body: Uint8Array) {
    // A plain Uint8Array, also for a Buffer: the hot loops then see one kind of object.
    this.bytes = new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
    this.view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  }

  /** Skips a group, which no OTLP message has; returns the offset behind it. */
  skipGroup(tag: number, at: number, end: number): number {
    this.#reader ??= new WireReader(this.bytes);
    this.#reader.at = at;
    this.#reader.end = end;
    this.#reader.skip(tag);
    return this.#reader.at;
  }
}

/**
 * Thrown when a single sub-message comes in pieces or a oneof has two members. Protobuf allows
 * both, nobody sends either: the request is then put into normal form and read again.
 */
export class NotNormal extends Error {}
const NOT_NORMAL = new NotNormal('the request is not in normal form');

/** Thrown for that; one object, as no stack is of use. */
export function notNormal(): NotNormal {
  return NOT_NORMAL;
}

const FIRST_LENGTH = 32;

/** Ranges of a repeated field, in order. */
export class RangeList {
  starts: Int32Array = new Int32Array(FIRST_LENGTH);
  ends: Int32Array = new Int32Array(FIRST_LENGTH);
  count = 0;

  clear(): void {
    this.count = 0;
    if (this.starts.length > KEPT_LIST_LENGTH) {
      this.starts = new Int32Array(FIRST_LENGTH);
      this.ends = new Int32Array(FIRST_LENGTH);
    }
  }

  push(start: number, end: number): void {
    const { count } = this;
    if (count === this.starts.length) {
      if (count >= MAX_LIST_LENGTH) {
        throw new OtlpError('too_large', start, `more than ${MAX_LIST_LENGTH} elements in a list`);
      }
      this.starts = grown(this.starts);
      this.ends = grown(this.ends);
    }
    this.starts[count] = start;
    this.ends[count] = end;
    this.count = count + 1;
  }
}

function grown(values: Int32Array): Int32Array {
  const twice = new Int32Array(values.length * 2);
  twice.set(values);
  return twice;
}

/** How a field number is treated; from `LIST` on: index of its list + LIST. */
const UNKNOWN = 0;
const SCALAR = 1;
const MESSAGE = 2;
const LIST = 3;

/** Field numbers go to 16; a slot for each, so that unknown ones within read as UNKNOWN. */
const SLOTS = 32;

/**
 * The fields of one message, as `scan` found them. Made once a message type and used again; what
 * is absent reads as zero, which is an empty range and the default of every scalar.
 *
 *   kind of field        low(n)            high(n)
 *   string, bytes, message   start             end
 *   varint, fixed32      lower 32 bits     upper 32 bits
 *   fixed64, double      lower 32 bits     upper 32 bits
 */
export class Frame {
  readonly name: MessageName;
  readonly slots: Int32Array = new Int32Array(SLOTS * 2);
  readonly rules: Uint8Array = new Uint8Array(SLOTS);
  readonly wireTypes: Uint8Array = new Uint8Array(SLOTS).fill(0xff);
  readonly packed: Uint8Array = new Uint8Array(SLOTS);
  readonly lists: readonly RangeList[];
  /** Slots in use: a pair for each number up to the highest. */
  readonly #slotCount: number;
  /** Bit n: field n was there. */
  present = 0;

  constructor(name: MessageName) {
    this.name = name;
    const lists: RangeList[] = [];
    for (const field of FIELDS[name]) {
      this.wireTypes[field.number] = wireTypeOf(field.kind);
      this.packed[field.number] = isPacked(field) ? 1 : 0;
      this.rules[field.number] = ruleOf(field, lists);
    }
    this.lists = lists;
    this.#slotCount = Math.max(...FIELDS[name].map((field) => field.number)) * 2 + 2;
  }

  clear(): void {
    const { slots, lists } = this;
    const slotCount = this.#slotCount;
    // A loop: the built-in fill costs a call out of the generated code, and the slots are few.
    for (let index = 2; index < slotCount; index++) {
      slots[index] = 0;
    }
    for (let index = 0; index < lists.length; index++) {
      lists[index]!.clear();
    }
  }

  /** The list of a repeated field. */
  list(fieldNumber: number): RangeList {
    return this.lists[this.rules[fieldNumber]! - LIST]!;
  }

  has(fieldNumber: number): boolean {
    return (this.present & (1 << fieldNumber)) !== 0;
  }
}

function ruleOf(field: Field, lists: RangeList[]): number {
  if (field.repeated === true) {
    return LIST + lists.push(new RangeList()) - 1;
  }
  return field.kind === 'message' ? MESSAGE : SCALAR;
}

/** Reads a varint at `at`: returns its lower 32 bits (signed), sets `high` and the next `at`. */
export function readVarint(input: Input, at: number, end: number): number {
  const { bytes } = input;
  let low = 0;
  let high = 0;
  let next = at;
  for (let index = 0; index < MAX_VARINT_SIZE; index++) {
    if (next >= end) {
      throw new OtlpError('truncated', at, 'a varint does not end');
    }
    const byte = bytes[next++]!;
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
      input.high = high;
      input.at = next;
      return low;
    }
  }
  throw new OtlpError('bad_varint', at, 'a varint is longer than 10 bytes');
}

/** Reads and checks a length: sets `input.at` to the value's start, returns its end. */
function readLength(input: Input, at: number, end: number): number {
  const size = readVarint(input, at, end);
  const left = end - input.at;
  if (size < 0 || size > left || input.high !== 0) {
    throw new OtlpError('truncated', at, `a length reaches beyond the ${left} bytes that are left`);
  }
  return input.at + size;
}

/** Reads a tag of more than one byte, or of none. */
function readTag(input: Input, at: number, end: number): number {
  const tag = readVarint(input, at, end);
  if (input.high !== 0 || tag >>> 3 === 0) {
    throw new OtlpError('bad_tag', at, 'a tag holds no valid field number');
  }
  return tag >>> 0;
}

/** Locates the fields of the message in [start, end). Throws OtlpError, NotNormal. */
export function scan(input: Input, frame: Frame, start: number, end: number): void {
  const { bytes, view } = input;
  const { slots, rules, wireTypes, lists } = frame;
  frame.clear();
  let present = 0;
  let at = start;
  while (at < end) {
    let tag = bytes[at]!;
    if (tag > 7 && tag < 0x80) {
      at++;
    } else {
      tag = readTag(input, at, end);
      at = input.at;
    }
    const number = tag >>> 3;
    const wireType = tag & 7;
    const rule = number < SLOTS ? rules[number]! : UNKNOWN;
    if (rule !== UNKNOWN && wireType !== wireTypes[number]!) {
      checkWireType(frame, number, wireType, at);
    }
    let low = 0;
    let high = 0;
    if (wireType === WIRE_LENGTH) {
      low = at + 1;
      high = at < end ? low + bytes[at]! : low;
      if (at >= end || bytes[at]! > 0x7f || high > end) {
        high = readLength(input, at, end);
        low = input.at;
      }
      at = high;
    } else if (wireType === WIRE_VARINT) {
      low = at;
      const value = readVarint(input, at, end);
      at = input.at;
      // A list of varints that is not packed: the range that holds just this one.
      high = rule >= LIST ? at : input.high;
      low = rule >= LIST ? low : value;
    } else if (wireType === WIRE_FIXED64 || wireType === WIRE_FIXED32) {
      const next = at + (wireType === WIRE_FIXED64 ? 8 : 4);
      if (next > end) {
        throw new OtlpError('truncated', at, `a number reaches beyond the ${end - at} bytes left`);
      }
      low = rule >= LIST ? at : view.getInt32(at, true);
      high = next;
      if (rule < LIST) {
        high = wireType === WIRE_FIXED64 ? view.getInt32(at + 4, true) : 0;
      }
      at = next;
    } else if (wireType === WIRE_GROUP_START || wireType === WIRE_GROUP_END) {
      at = input.skipGroup(tag, at, end);
    } else {
      throw new OtlpError('bad_wire_type', at, `wire type ${wireType} does not exist`);
    }
    if (rule >= LIST) {
      lists[rule - LIST]!.push(low, high);
    } else if (rule !== UNKNOWN) {
      if (rule === MESSAGE && (present & (1 << number)) !== 0) {
        throw NOT_NORMAL;
      }
      present |= 1 << number;
      slots[number * 2] = low;
      slots[number * 2 + 1] = high;
    }
  }
  frame.present = present;
}

function checkWireType(frame: Frame, number: number, wireType: number, at: number): void {
  if (wireType !== WIRE_LENGTH || frame.packed[number] === 0) {
    const name = FIELDS[frame.name].find((field) => field.number === number)?.name ?? '';
    throw new OtlpError(
      'bad_wire_type',
      at,
      `${frame.name}.${name} (field ${number}) has wire type ${wireType}, ` +
        `it must be ${frame.wireTypes[number]}`,
    );
  }
}
