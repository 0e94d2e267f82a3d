/**
 * Attribute maps: repeated KeyValue → Map(LowCardinality(String), String) and the types beside it.
 *
 * HOW VALUES ARE WRITTEN, so that a reader gets back what was sent, typed
 *
 * The text of an attribute's value (and of a log's Body) is what the Collector's exporter writes;
 * the type code in …AttributeTypes (or BodyType) tells what it was. No types = all strings.
 *
 *   code  AnyValue       text
 *   0     no value       empty
 *   1     string_value   as it is
 *   2     bool_value     true | false
 *   3     int_value      decimal, exact over all 64 bits
 *   4     double_value   the shortest text that reads back as the same double, as JavaScript's
 *                        String(x): 1, 1.5, 1e+21, 5e-324, -0, NaN, Infinity, -Infinity
 *   5     array_value    JSON, compact, by the rules below
 *   6     kvlist_value   JSON, compact, by the rules below
 *   7     bytes_value    base64, with + / and padding
 *
 * Inside that JSON (codes 5 and 6) the type is seen from the form:
 *
 *   no value       null                       double   always with a point or an exponent: 1.0,
 *   string         "…"                                 -0.0, 1e+21; not finite:
 *   bool           true | false                        {"$double":"NaN" | "Infinity" | "-Infinity"}
 *   int            digits only, exact to 64   bytes    {"$bytes":"<base64>"}
 *                  bits: do not JSON.parse    array    […]
 *   map            {…}, keys in the order they were sent; a map whose first key starts with $ is
 *                  written {"$map":{…}}, so an object whose only key is $bytes, $double or $map
 *                  is always one of these marks
 *
 * A key that comes twice in one attribute map: the last wins, and stands where it stood. In a
 * nested map both are written, and a JSON reader takes the last too.
 */
import { MAX_ATTRIBUTES, MAX_CHAIN_LENGTH } from './limits.js';
import { rejection } from './rejection.js';
import type { RowWriter } from './row-writer.js';
import { putByte, putCount, putString } from './row-writer.js';
import type { Input, RangeList } from './scan.js';
import { Frame, scan } from './scan.js';
import { putValue, TYPE_NONE, TYPE_STRING } from './value-text.js';

const ENTRY = new Frame('KeyValue');

/**
 * A hash table that needs no clearing: a head holds `mapBase` + the index of the last attribute of
 * its chain, and every map gets a higher base, so older heads read as empty.
 */
const HEADS_MASK = 0x3fff;
const heads = new Int32Array(HEADS_MASK + 1);
const nexts = new Int32Array(MAX_ATTRIBUTES);
const hashes = new Int32Array(MAX_ATTRIBUTES);
const keyStarts = new Int32Array(MAX_ATTRIBUTES);
const keyEnds = new Int32Array(MAX_ATTRIBUTES);
let mapBase = 1;
let nextBase = 1;
/** Then the heads are cleared once: far below 2^31, and often enough that a test comes past it. */
const HIGHEST_BASE = 1 << 20;

/** The type codes of the map being written. */
const codes = new Uint8Array(MAX_ATTRIBUTES);

/**
 * Writes the attributes as a map to `writer` and their types to `types`. The caller's row bound
 * covers both. Throws Rejection when there are too many or one is too deep.
 */
export function putAttributes(
  writer: RowWriter,
  types: RowWriter,
  input: Input,
  list: RangeList,
): void {
  const { count } = list;
  if (count === 0) {
    putByte(writer, 0);
    putByte(types, 0);
    return;
  }
  if (count > MAX_ATTRIBUTES) {
    throw rejection(`${count} attributes in one map: send at most ${MAX_ATTRIBUTES}`);
  }
  const before = writer.size;
  putCount(writer, count);
  if (nextBase > HIGHEST_BASE) {
    heads.fill(0);
    nextBase = 1;
  }
  mapBase = nextBase;
  nextBase += count;
  let differing = 0;
  for (let index = 0; index < count; index++) {
    const code = putEntry(writer, input, list.starts[index]!, list.ends[index]!, index);
    if (isRepeated(input, index)) {
      writer.size = before;
      putWithoutRepeats(writer, types, input, list);
      return;
    }
    codes[index] = code;
    differing |= code ^ TYPE_STRING;
  }
  putCodes(types, count, differing !== 0);
}

function putCodes(types: RowWriter, count: number, needed: boolean): void {
  if (!needed) {
    putByte(types, 0);
    return;
  }
  types.extend(count + 5);
  putCount(types, count);
  const { bytes, size } = types;
  for (let index = 0; index < count; index++) {
    bytes[size + index] = codes[index]!;
  }
  types.size = size + count;
}

/**
 * Writes one key and value; returns the value's type. Nearly all come in one shape, which is tried
 * first:  0a ⟨key length⟩ key 12 ⟨value length⟩ 0a ⟨string length⟩ string
 */
function putEntry(
  writer: RowWriter,
  input: Input,
  start: number,
  end: number,
  index: number,
): number {
  const { bytes, view } = input;
  const keyStart = start + 2;
  const keyEnd = keyStart + bytes[start + 1]!;
  // Lengths below 128 take one byte. Reads beyond `end` are caught by comparing the ends.
  if (bytes[start] === 0x0a && bytes[start + 1]! < 0x80 && keyEnd + 2 <= end) {
    const valueStart = keyEnd + 2;
    if (
      bytes[keyEnd] === 0x12 &&
      bytes[keyEnd + 1]! < 0x80 &&
      end === valueStart + bytes[keyEnd + 1]!
    ) {
      keyStarts[index] = keyStart;
      keyEnds[index] = keyEnd;
      putString(writer, bytes, view, keyStart, keyEnd);
      const textStart = valueStart + 2;
      if (
        textStart <= end &&
        bytes[valueStart] === 0x0a &&
        end === textStart + bytes[valueStart + 1]!
      ) {
        putString(writer, bytes, view, textStart, end);
        return TYPE_STRING;
      }
      return putValue(writer, input, valueStart, end);
    }
  }
  scan(input, ENTRY, start, end);
  const { slots } = ENTRY;
  const [valueStart, valueEnd] = [slots[4]!, slots[5]!];
  keyStarts[index] = slots[2]!;
  keyEnds[index] = slots[3]!;
  putString(writer, bytes, view, slots[2]!, slots[3]!);
  if (valueStart === valueEnd) {
    putCount(writer, 0);
    return TYPE_NONE;
  }
  return putValue(writer, input, valueStart, valueEnd);
}

/** Enters the key of attribute `index` into the table; true when an earlier one has it, or may. */
function isRepeated(input: Input, index: number): boolean {
  const start = keyStarts[index]!;
  const end = keyEnds[index]!;
  const hash = hashOf(input, start, end);
  const slot = hash & HEADS_MASK;
  const first = heads[slot]! - mapBase;
  hashes[index] = hash;
  heads[slot] = mapBase + index;
  nexts[index] = first;
  let steps = 0;
  for (let other = first; other >= 0; other = nexts[other]!) {
    if (hashes[other] === hash && isSameKey(input.bytes, other, start, end)) {
      return true;
    }
    if (++steps > MAX_CHAIN_LENGTH) {
      return true;
    }
  }
  return false;
}

function isSameKey(bytes: Uint8Array, other: number, start: number, end: number): boolean {
  const otherStart = keyStarts[other]!;
  const length = end - start;
  if (keyEnds[other]! - otherStart !== length) {
    return false;
  }
  for (let index = 0; index < length; index++) {
    if (bytes[start + index] !== bytes[otherStart + index]) {
      return false;
    }
  }
  return true;
}

/** From the length and both ends: keys differ there, and long ones cost no more than short ones. */
function hashOf(input: Input, start: number, end: number): number {
  const length = end - start;
  let ends = 0;
  if (length >= 4) {
    ends = Math.imul(input.view.getInt32(start, true), 0x9e37_79b1);
    ends ^= input.view.getInt32(end - 4, true);
    ends ^= input.view.getInt32(start + ((length - 4) >>> 1), true) << 7;
  } else {
    for (let at = start; at < end; at++) {
      ends = (ends << 8) | input.bytes[at]!;
    }
  }
  const mixed = Math.imul(ends ^ length, 0x85eb_ca6b);
  return mixed ^ (mixed >>> 15);
}

/** The slow, certain way: of equal keys only the last is written. */
function putWithoutRepeats(
  writer: RowWriter,
  types: RowWriter,
  input: Input,
  list: RangeList,
): void {
  const { buffer, byteOffset } = input.bytes;
  const lastOf = new Map<string, number>();
  for (let index = 0; index < list.count; index++) {
    scan(input, ENTRY, list.starts[index]!, list.ends[index]!);
    const start = ENTRY.slots[2]!;
    const key = Buffer.from(buffer, byteOffset + start, ENTRY.slots[3]! - start);
    // By text, not bytes: two keys that differ only in faulty UTF-8 are one once repaired.
    lastOf.set(key.toString('utf8'), index);
  }
  putCount(writer, lastOf.size);
  let differing = 0;
  let written = 0;
  for (const index of [...lastOf.values()].toSorted((a, b) => a - b)) {
    const code = putEntry(writer, input, list.starts[index]!, list.ends[index]!, index);
    codes[written++] = code;
    differing |= code ^ TYPE_STRING;
  }
  putCodes(types, written, differing !== 0);
}
