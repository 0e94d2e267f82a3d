import type { RowWriter } from './row-writer.js';
import { putText } from './row-writer.js';

/** The names of an enum's values, encoded as strings, by value. */
export function enumTexts(names: readonly string[]): readonly Uint8Array[] {
  return names.map((name) => new Uint8Array([name.length, ...Buffer.from(name)]));
}

/** Writes the name of an enum's value; a value without a name is written as its number. */
export function putEnumText(writer: RowWriter, texts: readonly Uint8Array[], value: number): void {
  const text = texts[value];
  if (text === undefined) {
    putText(writer, String(value));
    return;
  }
  const { bytes, size } = writer;
  const { length } = text;
  for (let index = 0; index < length; index++) {
    bytes[size + index] = text[index]!;
  }
  writer.size = size + length;
}
