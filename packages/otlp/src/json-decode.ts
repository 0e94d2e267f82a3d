/**
 * OTLP/JSON → protobuf, in one pass without objects between: values are written as they are read.
 *
 * The rules (OTLP specification, "JSON Protobuf Encoding", over the proto3 JSON mapping): names in
 * lowerCamelCase, unknown names ignored, null = absent, trace and span ids in hex, enums as
 * numbers only, 64-bit integers as strings or numbers, bytes in base64 (both alphabets), doubles
 * also as "NaN", "Infinity", "-Infinity". A name that comes twice: the last wins.
 * google.rpc's Any is the one message that is written but not read (nothing of ours needs it).
 */
import { decode } from './decode.js';
import { OtlpError } from './errors.js';
import type { Field, MessageName } from './fields.js';
import { FIELDS, isPacked, WIRE_LENGTH, wireTypeOf } from './fields.js';
import { JsonReader } from './json-reader.js';
import type { Passage } from './json-scalar.js';
import { copyScalar, wrongValue } from './json-scalar.js';
import { INITIAL_WRITER_SIZE, MAX_DEPTH, MAX_JSON_SWELLING } from './limits.js';
import type { MessageTypes } from './messages.js';
import { tooDeep } from './wire-reader.js';
import { tagOf } from './wire-write.js';
import { WireWriter } from './wire-writer.js';

/** Decodes an OTLP/JSON text (UTF-8) to the object model. Throws OtlpError. */
export function decodeJson<Name extends MessageName>(
  name: Name,
  json: Uint8Array,
): MessageTypes[Name] {
  return decode(name, jsonToProtobuf(name, json));
}

/** Turns an OTLP/JSON text (UTF-8) into the same message in protobuf. Throws OtlpError. */
export function jsonToProtobuf(name: MessageName, json: Uint8Array): Uint8Array {
  // JSON spends more bytes on everything than protobuf: half its size hardly ever grows.
  const state: State = {
    reader: new JsonReader(json),
    writer: new WireWriter(json.length >>> 1),
    marks: new Int32Array((MAX_DEPTH + 1) * MARKS_PER_DEPTH),
    maxSize: json.length * MAX_JSON_SWELLING + INITIAL_WRITER_SIZE,
  };
  readMessage(state, LAYOUTS[name], 1);
  state.reader.finish();
  return state.writer.finish();
}

/** One more than the highest field number of any message; `seen` below is a 32-bit mask. */
const FIELD_SLOTS = 17;
const MARKS_PER_DEPTH = FIELD_SLOTS * 2;

interface State extends Passage {
  readonly maxSize: number;
  /** For the open message of each depth: where each field's bytes start and end in the writer. */
  readonly marks: Int32Array;
}

interface Layout {
  readonly name: MessageName;
  readonly fields: readonly Field[];
  readonly keys: readonly Uint8Array[];
  readonly tags: readonly number[];
  readonly byKey: ReadonlyMap<string, number>;
}

const LAYOUTS = Object.fromEntries(
  Object.entries(FIELDS).map(([name, fields]) => [name, layoutOf(name as MessageName, fields)]),
) as { readonly [name in MessageName]: Layout };

function layoutOf(name: MessageName, fields: readonly Field[]): Layout {
  return {
    name,
    fields,
    keys: fields.map((field) => new Uint8Array(Buffer.from(field.name))),
    tags: fields.map((field) =>
      tagOf(field.number, isPacked(field) ? WIRE_LENGTH : wireTypeOf(field.kind)),
    ),
    byKey: new Map(fields.map((field, index) => [field.name, index])),
  };
}

/** The index of the field whose name was just read, −1 when unknown. `guess` is tried first. */
function fieldIndex(reader: JsonReader, layout: Layout, guess: number): number {
  const key = layout.keys[guess];
  const { bytes, start, end } = reader;
  if (key !== undefined && key.length === end - start) {
    let index = 0;
    while (index < key.length && key[index] === bytes[start + index]) {
      index++;
    }
    if (index === key.length) {
      return guess;
    }
  }
  return layout.byKey.get(reader.text()) ?? -1;
}

function readMessage(state: State, layout: Layout, depth: number): void {
  const { reader } = state;
  if (depth > MAX_DEPTH) {
    throw tooDeep(reader.at);
  }
  if (!reader.atObject()) {
    throw wrongValue(reader, layout.name, 'an object');
  }
  let seen = 0;
  let guess = 0;
  for (let more = reader.enterObject(); more; more = reader.nextMember()) {
    reader.key();
    const index = fieldIndex(reader, layout, guess);
    if (index < 0) {
      reader.skipValue(depth + 1);
      continue;
    }
    guess = index + 1;
    const { number } = layout.fields[index]!;
    if ((seen & (1 << number)) !== 0) {
      removeEarlier(state, depth, number, seen);
    }
    seen |= 1 << number;
    const mark = depth * MARKS_PER_DEPTH + number * 2;
    state.marks[mark] = state.writer.size;
    readField(state, layout, index, depth);
    checkSize(state);
    state.marks[mark + 1] = state.writer.size;
  }
}

function checkSize(state: State): void {
  if (state.writer.size > state.maxSize) {
    const fault = `the message is over ${MAX_JSON_SWELLING} times larger in protobuf than in JSON`;
    throw new OtlpError('too_large', state.reader.at, fault);
  }
}

/**
 * Takes out what the same name wrote before in this message. A byte is moved at most once for each
 * field of its message, so a text cannot make this quadratic.
 */
function removeEarlier(state: State, depth: number, number: number, seen: number): void {
  const { marks, writer } = state;
  const base = depth * MARKS_PER_DEPTH;
  const start = marks[base + number * 2]!;
  const end = marks[base + number * 2 + 1]!;
  if (start === end) {
    return;
  }
  writer.bytes.copyWithin(start, end, writer.size);
  writer.size -= end - start;
  for (let other = 1; other < FIELD_SLOTS; other++) {
    const mark = base + other * 2;
    if ((seen & (1 << other)) !== 0 && marks[mark]! >= end) {
      marks[mark]! -= end - start;
      marks[mark + 1]! -= end - start;
    }
  }
}

function readField(state: State, layout: Layout, index: number, depth: number): void {
  const { reader, writer } = state;
  if (reader.takeNull()) {
    return;
  }
  const field = layout.fields[index]!;
  const tag = layout.tags[index]!;
  if (field.repeated !== true) {
    writer.varint(tag);
    readValue(state, layout.name, field, depth);
    return;
  }
  if (!reader.atArray()) {
    throw wrongValue(reader, `${layout.name}.${field.name}`, 'an array');
  }
  if (!reader.enterArray()) {
    return;
  }
  if (isPacked(field)) {
    writer.varint(tag);
    const start = writer.begin();
    do {
      readValue(state, layout.name, field, depth);
      checkSize(state);
    } while (reader.nextElement());
    writer.end(start);
    return;
  }
  do {
    writer.varint(tag);
    if (field.kind === 'message' && reader.takeNull()) {
      // A null among an array's values: an AnyValue without a value.
      writer.varint(0);
    } else {
      readValue(state, layout.name, field, depth);
    }
  } while (reader.nextElement());
}

function readValue(state: State, message: string, field: Field, depth: number): void {
  if (field.message === undefined || field.message === 'Duration') {
    copyScalar(state, message, field);
    return;
  }
  const start = state.writer.begin();
  readMessage(state, LAYOUTS[field.message], depth + 1);
  state.writer.end(start);
}
