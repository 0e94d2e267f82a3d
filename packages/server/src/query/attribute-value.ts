import type { AttributeValue, Attributes } from '@codomyrmex/telemetry-query';

import { readDouble, readInteger, setKey } from './scalar-value.js';
import { readTypedJson } from './typed-json.js';

/** The field numbers of AnyValue's oneof, as `…AttributeTypes` and BodyType hold them. */
const TYPE = { none: 0, string: 1, bool: 2, int: 3, double: 4, array: 5, kvlist: 6, bytes: 7 };

/**
 * An attribute map as selected: `mapKeys`, `mapValues` and the types beside it (all strings when
 * empty: rows that a Collector wrote). A JSON object would not do: it reorders keys like "10".
 */
export function readAttributes(
  keys: readonly string[],
  values: readonly string[],
  types: readonly number[],
): Attributes {
  const attributes: Record<string, AttributeValue> = {};
  for (const [index, key] of keys.entries()) {
    setKey(attributes, key, readValue(values[index] ?? '', types[index] ?? TYPE.string));
  }
  return attributes;
}

/** One stored value with its OTLP type given back; text that does not fit its type stays text. */
export function readValue(text: string, type: number): AttributeValue {
  switch (type) {
    case TYPE.none:
      return null;
    case TYPE.bool:
      return text === 'true' ? true : text === 'false' ? false : text;
    case TYPE.int:
      return readInteger(text);
    case TYPE.double:
      return readDouble(text);
    case TYPE.array:
    case TYPE.kvlist:
      return readTypedJson(text) ?? text;
    case TYPE.bytes:
      return { $bytes: text };
    default:
      return text;
  }
}
