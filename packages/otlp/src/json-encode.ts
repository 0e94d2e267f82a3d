import { decode } from './decode.js';
import type { Field, MessageName } from './fields.js';
import { FIELDS } from './fields.js';
import type { Any, Duration, MessageTypes } from './messages.js';

type Message = { readonly [name: string]: unknown };

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

/**
 * A message as OTLP/JSON text: names in lowerCamelCase, 64-bit integers as strings, ids in hex,
 * enums as numbers, bytes in base64. What holds its default is left out, as on the wire.
 */
export function encodeJson<Name extends MessageName>(
  name: Name,
  message: MessageTypes[Name],
): string {
  return messageText(FIELDS[name], message as Message);
}

function messageText(fields: readonly Field[], message: Message): string {
  let text = '{';
  for (const field of fields) {
    const value = message[field.name];
    if (value === undefined || isLeftOut(field, value)) {
      continue;
    }
    const separator = text === '{' ? '' : ',';
    const inner = Array.isArray(value)
      ? `[${value.map((item: unknown) => valueText(field, item)).join(',')}]`
      : valueText(field, value);
    text += `${separator}"${field.name}":${inner}`;
  }
  return `${text}}`;
}

function isLeftOut(field: Field, value: unknown): boolean {
  if (field.presence === true) {
    return false;
  }
  if (Array.isArray(value) || value instanceof Uint8Array) {
    return value.length === 0;
  }
  return value === '' || value === false || value === 0n || Object.is(value, 0);
}

function valueText(field: Field, value: unknown): string {
  switch (field.kind) {
    case 'string':
      return JSON.stringify(value);
    case 'message':
      return subMessageText(field.message as MessageName, value as Message);
    case 'id':
      return `"${bufferOf(value as Uint8Array).toString('hex')}"`;
    case 'bytes':
      return `"${bufferOf(value as Uint8Array).toString('base64')}"`;
    case 'double':
      return doubleText(value as number);
    case 'int64':
    case 'uint64':
    case 'fixed64':
    case 'sfixed64':
      return `"${String(value)}"`;
    default:
      return String(value);
  }
}

function subMessageText(name: MessageName, message: Message): string {
  switch (name) {
    case 'Duration':
      return durationText(message);
    case 'Any':
      return anyText(message);
    default:
      return messageText(FIELDS[name], message);
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function doubleText(value: number): string {
  if (Number.isFinite(value)) {
    return Object.is(value, -0) ? '-0' : String(value);
  }
  return `"${String(value)}"`;
}

function durationText(duration: Duration): string {
  const { seconds = 0n, nanos = 0 } = duration;
  const sign = seconds < 0n || nanos < 0 ? '-' : '';
  const whole = String(seconds).replace('-', '');
  const fraction = String(Math.abs(nanos)).padStart(9, '0').replace(/0+$/, '');
  return `"${sign}${whole}${fraction === '' ? '' : `.${fraction}`}s"`;
}

/** proto3 JSON writes a known type's fields beside "@type"; an unknown one's bytes as base64. */
function anyText(any: Any): string {
  const { typeUrl = '', value = new Uint8Array() } = any;
  const type = `{"@type":${JSON.stringify(typeUrl)}`;
  if (typeUrl === RETRY_INFO) {
    const fields = messageText(FIELDS.RetryInfo, decode('RetryInfo', value) as Message);
    return fields === '{}' ? `${type}}` : `${type},${fields.slice(1)}`;
  }
  return `${type},"value":"${bufferOf(value).toString('base64')}"}`;
}
