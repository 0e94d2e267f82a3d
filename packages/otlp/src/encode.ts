import type { Field, MessageName } from './fields.js';
import { FIELDS, isPacked, WIRE_LENGTH, wireTypeOf } from './fields.js';
import type { MessageTypes } from './messages.js';
import { tagOf } from './wire-write.js';
import { WireWriter } from './wire-writer.js';

type Message = { readonly [name: string]: unknown };

/**
 * Encodes a message by its field table (fields.ts), fields by ascending number, lists of numbers
 * packed. A field without presence is left out when it holds its default, as proto3 says.
 */
export function encode<Name extends MessageName>(
  name: Name,
  message: MessageTypes[Name],
): Uint8Array {
  const writer = new WireWriter();
  encodeInto(writer, name, message);
  return writer.finish();
}

/** The same into a writer: for several messages, or one that stands inside another. */
export function encodeInto<Name extends MessageName>(
  writer: WireWriter,
  name: Name,
  message: MessageTypes[Name],
): void {
  writeMessage(writer, FIELDS[name], message as Message);
}

function writeMessage(writer: WireWriter, fields: readonly Field[], message: Message): void {
  for (const field of fields) {
    const value = message[field.name];
    if (value === undefined) {
      continue;
    }
    if (field.repeated === true) {
      writeList(writer, field, value as readonly unknown[]);
    } else if (field.presence === true || !isDefault(value)) {
      writer.varint(tagOf(field.number, wireTypeOf(field.kind)));
      writeValue(writer, field, value);
    }
  }
}

function isDefault(value: unknown): boolean {
  if (value instanceof Uint8Array) {
    return value.length === 0;
  }
  // −0 is not +0 on the wire: proto3 leaves out only the all-zero bit pattern.
  return value === '' || value === false || value === 0n || Object.is(value, 0);
}

function writeList(writer: WireWriter, field: Field, values: readonly unknown[]): void {
  if (!isPacked(field)) {
    const tag = tagOf(field.number, WIRE_LENGTH);
    for (const value of values) {
      writer.varint(tag);
      writeValue(writer, field, value);
    }
  } else if (values.length > 0) {
    writer.varint(tagOf(field.number, WIRE_LENGTH));
    const start = writer.begin();
    for (const value of values) {
      writeValue(writer, field, value);
    }
    writer.end(start);
  }
}

function writeValue(writer: WireWriter, field: Field, value: unknown): void {
  switch (field.kind) {
    case 'string':
      writer.string(value as string);
      return;
    case 'bytes':
    case 'id':
      writer.lengthDelimited(value as Uint8Array);
      return;
    case 'message': {
      const start = writer.begin();
      writeMessage(writer, FIELDS[field.message as MessageName], value as Message);
      writer.end(start);
      return;
    }
    case 'bool':
      writer.varint(value === true ? 1 : 0);
      return;
    case 'int32':
    case 'enum':
      writer.int32(value as number);
      return;
    case 'sint32':
      writer.sint32(value as number);
      return;
    case 'uint32':
      writer.varint(value as number);
      return;
    case 'int64':
    case 'uint64':
      writer.varint64(value as bigint);
      return;
    case 'fixed32':
      writer.fixed32(value as number);
      return;
    case 'fixed64':
    case 'sfixed64':
      writer.fixed64(value as bigint);
      return;
    case 'double':
      writer.double(value as number);
      return;
  }
}
