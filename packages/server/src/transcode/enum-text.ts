import type { RowWriter } from './row-writer.js';
import { putShort, putText } from './row-writer.js';

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
  putShort(writer, text);
}
