/**
 * AnyValue as text. The encoding is described in attributes.ts.
 *
 *   AnyValue   1 string_value   string      5 array_value    ArrayValue { 1 repeated AnyValue }
 *              2 bool_value     bool        6 kvlist_value   KeyValueList { 1 repeated KeyValue }
 *              3 int_value      int64       7 bytes_value    bytes
 *              4 double_value   double
 *   KeyValue   1 key            string      2 value          AnyValue
 */
import { MAX_VALUE_DEPTH } from './limits.js';
import { rejection } from './rejection.js';
import type { RowWriter } from './row-writer.js';
import { putCount, putRaw, putShort, putString, putText } from './row-writer.js';
import type { Input } from './scan.js';
import { Frame, notNormal, scan } from './scan.js';

/** The type codes: AnyValue's field numbers. */
export const TYPE_NONE = 0;
export const TYPE_STRING = 1;
const TYPE_BOOL = 2;
const TYPE_INT = 3;
const TYPE_DOUBLE = 4;
const TYPE_ARRAY = 5;
// 6, a map, is the default of both switches below.
const TYPE_BYTES = 7;

const VALUE = new Frame('AnyValue');
const ENTRY = new Frame('KeyValue');
/** Lists need a frame a level: they are still being walked while their elements are scanned. */
const ARRAYS: Frame[] = [];
const MAPS: Frame[] = [];

function frameAt(frames: Frame[], depth: number, name: 'ArrayValue' | 'KeyValueList'): Frame {
  frames[depth] ??= new Frame(name);
  return frames[depth];
}

/** Scans an AnyValue and returns its type code; the fields are then in VALUE. */
function scanValue(input: Input, start: number, end: number): number {
  scan(input, VALUE, start, end);
  const { present } = VALUE;
  if ((present & (present - 1)) !== 0) {
    throw notNormal();
  }
  return present === 0 ? TYPE_NONE : 31 - Math.clz32(present);
}

const FALSE_TEXT = new Uint8Array([5, ...Buffer.from('false')]);
const TRUE_TEXT = new Uint8Array([4, ...Buffer.from('true')]);

/**
 * Writes the AnyValue in [start, end) as a string column's value; returns its type code. A bool, a
 * double and a small integer are seen from their tag and size, without a scan:
 *   10 ⟨0 or 1⟩      18 ⟨below 128⟩, 18 ⟨below 16,384: 2 bytes⟩      21 ⟨8 bytes⟩
 */
export function putValue(writer: RowWriter, input: Input, start: number, end: number): number {
  const { bytes, view } = input;
  const size = end - start;
  const tag = bytes[start];
  if (size === 9 && tag === 0x21) {
    const low = view.getInt32(start + 1, true);
    putText(writer, doubleText(low, view.getInt32(start + 5, true)));
    return TYPE_DOUBLE;
  }
  if (size === 2 && bytes[start + 1]! < 0x80) {
    if (tag === 0x10) {
      putShort(writer, bytes[start + 1] === 0 ? FALSE_TEXT : TRUE_TEXT);
      return TYPE_BOOL;
    }
    if (tag === 0x18) {
      putDigits(writer, bytes[start + 1]!);
      return TYPE_INT;
    }
  }
  if (size === 3 && tag === 0x18 && bytes[start + 1]! > 0x7f && bytes[start + 2]! < 0x80) {
    putDigits(writer, (bytes[start + 1]! & 0x7f) | (bytes[start + 2]! << 7));
    return TYPE_INT;
  }
  return putScannedValue(writer, input, start, end);
}

function putScannedValue(writer: RowWriter, input: Input, start: number, end: number): number {
  const type = scanValue(input, start, end);
  const low = VALUE.slots[type * 2]!;
  const high = VALUE.slots[type * 2 + 1]!;
  switch (type) {
    case TYPE_NONE:
      putCount(writer, 0);
      break;
    case TYPE_STRING:
      putString(writer, input.bytes, input.view, low, high);
      break;
    case TYPE_BOOL:
      putShort(writer, (low | high) === 0 ? FALSE_TEXT : TRUE_TEXT);
      break;
    case TYPE_INT:
      putInteger(writer, low, high);
      break;
    case TYPE_DOUBLE:
      putText(writer, doubleText(low, high));
      break;
    case TYPE_BYTES:
      putText(writer, base64(input, low, high));
      break;
    default: {
      const json = Buffer.from(nestedJson(input, type, low, high, 1), 'utf8');
      writer.extend(json.length);
      putCount(writer, json.length);
      putRaw(writer, json);
    }
  }
  return type;
}

/** Integers below 2^31 come from a loop over their digits, the rest from the number's own text. */
function putInteger(writer: RowWriter, low: number, high: number): void {
  if (high !== 0 || low < 0) {
    putText(writer, integerText(low, high));
  } else {
    putDigits(writer, low);
  }
}

function putDigits(writer: RowWriter, low: number): void {
  const { bytes, size } = writer;
  let digits = 1;
  for (let bound = 10; digits < 10 && low >= bound; bound *= 10) {
    digits++;
  }
  bytes[size] = digits;
  let rest = low;
  for (let at = size + digits; at > size; at--) {
    const tenth = (rest / 10) | 0;
    bytes[at] = 0x30 + rest - tenth * 10;
    rest = tenth;
  }
  writer.size = size + 1 + digits;
}

const TWO_32 = 4_294_967_296;
const HIGHEST_EXACT = 0x1f_ffff;

function integerText(low: number, high: number): string {
  const upper = high | 0;
  if (upper >= -HIGHEST_EXACT && upper <= HIGHEST_EXACT) {
    return String(upper * TWO_32 + (low >>> 0));
  }
  return String((BigInt(upper) << 32n) | BigInt(low >>> 0));
}

const halves = new DataView(new ArrayBuffer(8));

/** The double of two halves. */
function doubleOf(low: number, high: number): number {
  halves.setInt32(0, low, true);
  halves.setInt32(4, high, true);
  return halves.getFloat64(0, true);
}

function doubleText(low: number, high: number): string {
  const value = doubleOf(low, high);
  return Object.is(value, -0) ? '-0' : String(value);
}

function base64(input: Input, start: number, end: number): string {
  const { buffer, byteOffset } = input.bytes;
  return Buffer.from(buffer, byteOffset + start, end - start).toString('base64');
}

function utf8(input: Input, start: number, end: number): string {
  const { buffer, byteOffset } = input.bytes;
  return Buffer.from(buffer, byteOffset + start, end - start).toString('utf8');
}

/** The JSON of the AnyValue in [start, end), which stands inside an array or a map. */
function nestedValue(input: Input, start: number, end: number, depth: number): string {
  const type = scanValue(input, start, end);
  return nestedJson(input, type, VALUE.slots[type * 2]!, VALUE.slots[type * 2 + 1]!, depth);
}

function nestedJson(input: Input, type: number, low: number, high: number, depth: number): string {
  switch (type) {
    case TYPE_NONE:
      return 'null';
    case TYPE_STRING:
      return JSON.stringify(utf8(input, low, high));
    case TYPE_BOOL:
      return (low | high) === 0 ? 'false' : 'true';
    case TYPE_INT:
      return integerText(low, high);
    case TYPE_DOUBLE:
      return nestedDouble(doubleText(low, high));
    case TYPE_BYTES:
      return `{"$bytes":"${base64(input, low, high)}"}`;
    case TYPE_ARRAY:
      return arrayJson(input, low, high, depth);
    default:
      return mapJson(input, low, high, depth);
  }
}

/** A double keeps a point or an exponent, so that it is told from an integer. */
function nestedDouble(text: string): string {
  if (/^-?\d+$/.test(text)) {
    return `${text}.0`;
  }
  return /\d/.test(text) ? text : `{"$double":"${text}"}`;
}

function checkDepth(depth: number): void {
  if (depth > MAX_VALUE_DEPTH) {
    throw rejection(
      `an attribute value nests arrays and maps deeper than ${MAX_VALUE_DEPTH} levels: flatten it`,
    );
  }
}

function arrayJson(input: Input, start: number, end: number, depth: number): string {
  checkDepth(depth);
  const frame = frameAt(ARRAYS, depth, 'ArrayValue');
  scan(input, frame, start, end);
  const list = frame.list(1);
  let text = '[';
  for (let index = 0; index < list.count; index++) {
    const value = nestedValue(input, list.starts[index]!, list.ends[index]!, depth + 1);
    text += index === 0 ? value : `,${value}`;
  }
  return `${text}]`;
}

function mapJson(input: Input, start: number, end: number, depth: number): string {
  checkDepth(depth);
  const frame = frameAt(MAPS, depth, 'KeyValueList');
  scan(input, frame, start, end);
  const list = frame.list(1);
  let text = '{';
  for (let index = 0; index < list.count; index++) {
    scan(input, ENTRY, list.starts[index]!, list.ends[index]!);
    const { slots } = ENTRY;
    const [valueStart, valueEnd] = [slots[4]!, slots[5]!];
    const key = JSON.stringify(utf8(input, slots[2]!, slots[3]!));
    const value = nestedValue(input, valueStart, valueEnd, depth + 1);
    text += `${index === 0 ? '' : ','}${key}:${value}`;
  }
  // A map that could be taken for one of our own marks is marked itself.
  return text.startsWith('{"$') ? `{"$map":${text}}}` : `${text}}`;
}
