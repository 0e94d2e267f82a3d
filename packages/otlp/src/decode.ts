import { OtlpError } from './errors.js';
import type { Field, MessageName } from './fields.js';
import { FIELDS, isPacked, WIRE_LENGTH, wireTypeOf } from './fields.js';
import { MAX_DEPTH } from './limits.js';
import type { MessageTypes } from './messages.js';
import { tooDeep, WireReader } from './wire-reader.js';

type Message = { [name: string]: unknown };

/**
 * Decodes a message by its field table (fields.ts). Unknown fields are skipped; a single field
 * that comes twice: the last counts, messages are merged, as protobuf says. Lists of numbers may
 * come packed or not. Bytes and ids are views into `bytes`. Throws OtlpError.
 */
export function decode<Name extends MessageName>(
  name: Name,
  bytes: Uint8Array,
): MessageTypes[Name] {
  const reader = new WireReader(bytes);
  const message: Message = {};
  readMessage(reader, name, message, 1);
  return message;
}

const BY_NUMBER: ReadonlyMap<string, readonly (Field | undefined)[]> = new Map(
  Object.entries(FIELDS).map(([name, fields]) => {
    const table: (Field | undefined)[] = [];
    for (const field of fields) {
      table[field.number] = field;
    }
    return [name, table];
  }),
);

function readMessage(reader: WireReader, name: MessageName, message: Message, depth: number): void {
  if (depth > MAX_DEPTH) {
    throw tooDeep(reader.at);
  }
  const fields = BY_NUMBER.get(name) ?? [];
  while (reader.more()) {
    const start = reader.at;
    const tag = reader.tag();
    const field = fields[tag >>> 3];
    if (field === undefined) {
      reader.skip(tag, depth);
    } else if ((tag & 7) === wireTypeOf(field.kind)) {
      readField(reader, field, message, depth);
    } else if ((tag & 7) === WIRE_LENGTH && isPacked(field)) {
      readPacked(reader, field, message, depth);
    } else {
      throw wrongWireType(start, name, field, tag & 7);
    }
  }
}

function wrongWireType(at: number, name: string, field: Field, wireType: number): OtlpError {
  return new OtlpError(
    'bad_wire_type',
    at,
    `${name}.${field.name} (field ${field.number}) has wire type ${wireType}, ` +
      `it must be ${wireTypeOf(field.kind)}`,
  );
}

function readField(reader: WireReader, field: Field, message: Message, depth: number): void {
  if (field.repeated === true) {
    listOf(message, field.name).push(readValue(reader, field, undefined, depth));
    return;
  }
  const value = readValue(reader, field, message[field.name], depth);
  if (field.oneof !== undefined) {
    dropOthers(message, field);
  }
  message[field.name] = value;
}

/** Of a oneof's members the last on the wire counts. */
function dropOthers(message: Message, field: Field): void {
  for (const name of Object.keys(message)) {
    if (name !== field.name && ONEOF_MEMBERS.has(name)) {
      delete message[name];
    }
  }
}

/** No message has a oneof and, beside it, a field named like another message's oneof member. */
const ONEOF_MEMBERS: ReadonlySet<string> = new Set(
  Object.values(FIELDS)
    .flat()
    .filter((field) => field.oneof !== undefined)
    .map((field) => field.name),
);

function listOf(message: Message, name: string): unknown[] {
  const list = message[name] as unknown[] | undefined;
  if (list !== undefined) {
    return list;
  }
  const fresh: unknown[] = [];
  message[name] = fresh;
  return fresh;
}

function readPacked(reader: WireReader, field: Field, message: Message, depth: number): void {
  const list = listOf(message, field.name);
  const outerEnd = reader.end;
  reader.end = reader.length();
  while (reader.more()) {
    list.push(readValue(reader, field, undefined, depth));
  }
  reader.end = outerEnd;
}

function readValue(reader: WireReader, field: Field, before: unknown, depth: number): unknown {
  switch (field.kind) {
    case 'string':
      return reader.string();
    case 'bytes':
    case 'id':
      return reader.lengthDelimited();
    case 'message': {
      const message = (before ?? {}) as Message;
      const outerEnd = reader.end;
      reader.end = reader.length();
      readMessage(reader, field.message as MessageName, message, depth + 1);
      reader.end = outerEnd;
      return message;
    }
    case 'bool':
      return reader.bool();
    case 'int32':
    case 'enum':
      return reader.varint32() | 0;
    case 'sint32':
      return reader.sint32();
    case 'uint32':
      return reader.varint32();
    case 'int64':
      reader.varint64();
      return reader.int64();
    case 'uint64':
      reader.varint64();
      return reader.uint64();
    case 'fixed32':
      return reader.fixed32();
    case 'fixed64':
      reader.fixed64();
      return reader.uint64();
    case 'sfixed64':
      reader.fixed64();
      return reader.int64();
    case 'double':
      return reader.double();
  }
}
