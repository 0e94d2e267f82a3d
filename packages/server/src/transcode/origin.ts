/**
 * What the records of one ResourceXxx / ScopeXxx share, encoded once and copied into each row.
 *
 *   Resource               1 attributes  KeyValue*   2 dropped_attributes_count  uint32
 *   InstrumentationScope   1 name  string   2 version  string   3 attributes  KeyValue*
 *                          4 dropped_attributes_count  uint32
 */
import { putAttributes } from './attributes.js';
import { Rejection } from './rejection.js';
import { putInt32, putString, RowWriter } from './row-writer.js';
import type { Input } from './scan.js';
import { Frame, scan } from './scan.js';

const RESOURCE = new Frame('Resource');
const SCOPE = new Frame('InstrumentationScope');
const columns = new RowWriter();
const types = new RowWriter();

/** RowBinary values of a resource's columns. */
export interface ResourceColumns {
  readonly attributes: Uint8Array;
  readonly types: Uint8Array;
  readonly dropped: Uint8Array;
  readonly schemaUrl: Uint8Array;
  readonly service: Uint8Array;
  /** service.name's text; empty when the resource has none, as the Collector's exporter does. */
  readonly serviceName: string;
  /** Why nothing of this resource can be stored; empty when all is well. */
  readonly fault: string;
}

export interface ScopeColumns {
  readonly name: Uint8Array;
  readonly version: Uint8Array;
  readonly attributes: Uint8Array;
  readonly types: Uint8Array;
  readonly dropped: Uint8Array;
  readonly schemaUrl: Uint8Array;
  readonly fault: string;
}

/** `holder` has the resource in field 1 and its schema URL in field 3. */
export function resourceColumns(input: Input, holder: Frame): ResourceColumns {
  const { slots } = holder;
  scan(input, RESOURCE, slots[2]!, slots[3]!);
  const schemaUrl = textColumn(input, slots[6]!, slots[7]!);
  const map = mapColumns(input, RESOURCE, 1, slots[3]! - slots[2]!);
  const service = serviceOf(map.attributes);
  return {
    ...map,
    dropped: countColumn(RESOURCE.slots[4]!),
    schemaUrl,
    service,
    serviceName: Buffer.from(service).toString('utf8', lengthSize(service)),
  };
}

/** `holder` has the scope in field 1 and its schema URL in field 3. */
export function scopeColumns(input: Input, holder: Frame): ScopeColumns {
  const { slots } = holder;
  scan(input, SCOPE, slots[2]!, slots[3]!);
  const inner = SCOPE.slots;
  return {
    ...mapColumns(input, SCOPE, 3, slots[3]! - slots[2]!),
    name: textColumn(input, inner[2]!, inner[3]!),
    version: textColumn(input, inner[4]!, inner[5]!),
    dropped: countColumn(inner[8]!),
    schemaUrl: textColumn(input, slots[6]!, slots[7]!),
  };
}

function mapColumns(
  input: Input,
  frame: Frame,
  fieldNumber: number,
  inputSize: number,
): { attributes: Uint8Array; types: Uint8Array; fault: string } {
  begin(inputSize);
  types.reset();
  types.beginRow(inputSize, 0);
  let fault = '';
  try {
    putAttributes(columns, types, input, frame.list(fieldNumber));
  } catch (error) {
    if (!(error instanceof Rejection)) {
      throw error;
    }
    fault = error.reason;
  }
  return { attributes: columns.finish(), types: types.finish(), fault };
}

function begin(inputSize: number): void {
  columns.reset();
  columns.beginRow(inputSize, 0);
}

function textColumn(input: Input, start: number, end: number): Uint8Array {
  begin(end - start);
  putString(columns, input.bytes, input.view, start, end);
  return columns.finish();
}

function countColumn(count: number): Uint8Array {
  begin(0);
  putInt32(columns, count);
  return columns.finish();
}

const SERVICE_NAME = Buffer.from('\x0cservice.name', 'latin1');
const EMPTY_TEXT = new Uint8Array([0]);

/** The value of service.name in an encoded map, with its length before it. */
function serviceOf(map: Uint8Array): Uint8Array {
  let at = lengthSize(map);
  while (at < map.length) {
    const keyEnd = stringEnd(map, at);
    const valueEnd = stringEnd(map, keyEnd);
    if (keyEnd - at === SERVICE_NAME.length && SERVICE_NAME.equals(map.subarray(at, keyEnd))) {
      return map.slice(keyEnd, valueEnd);
    }
    at = valueEnd;
  }
  return EMPTY_TEXT;
}

function lengthSize(bytes: Uint8Array, at = 0): number {
  let size = 1;
  while (bytes[at + size - 1]! > 0x7f) {
    size++;
  }
  return size;
}

function stringEnd(bytes: Uint8Array, at: number): number {
  const size = lengthSize(bytes, at);
  let length = 0;
  for (let index = size - 1; index >= 0; index--) {
    length = length * 128 + (bytes[at + index]! & 0x7f);
  }
  return at + size + length;
}

/** One block of several columns' values. */
export function block(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** A UInt64 or DateTime64(9) column's value. */
export function int64Column(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, value, true);
  return bytes;
}
