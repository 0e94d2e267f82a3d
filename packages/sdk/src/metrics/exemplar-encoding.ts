import { ValueType } from '@opentelemetry/api';

import { writeAttributes } from '../common/attributes.js';
import type { ChunkWriter } from '../common/chunk-writer.js';
import type { Exemplar } from './cell.js';

/**
 * Appends exemplars, each as field `tag` of a point. Exemplar: 2 time_unix_nano fixed64,
 * 3 as_double, 4 span_id, 5 trace_id, 6 as_int sfixed64, 7 filtered_attributes.
 */
export function writeExemplars(
  out: ChunkWriter,
  tag: number,
  exemplars: readonly (Exemplar | undefined)[],
  valueType: ValueType,
): void {
  for (const exemplar of exemplars) {
    if (exemplar !== undefined) writeExemplar(out, tag, exemplar, valueType);
  }
}

function writeExemplar(
  out: ChunkWriter,
  tag: number,
  exemplar: Exemplar,
  valueType: ValueType,
): void {
  out.byte(tag);
  const start = out.open(SIZE);
  out.byte(0x11);
  out.time(exemplar.time.seconds, exemplar.time.nanos);
  if (valueType === ValueType.INT) {
    const high = Math.floor(exemplar.value / TWO_32);
    out.byte(0x31);
    out.fixed64((exemplar.value - high * TWO_32) >>> 0, high >>> 0);
  } else {
    out.byte(0x19);
    out.double(exemplar.value);
  }
  if (exemplar.spanId !== '') {
    out.byte(0x22);
    out.byte(8);
    writeHex(out, exemplar.spanId);
    out.byte(0x2a);
    out.byte(16);
    writeHex(out, exemplar.traceId);
  }
  if (exemplar.filtered !== undefined) writeAttributes(out, 0x3a, exemplar.filtered);
  out.close(start, SIZE);
}

/** time 9, value 9, span id 2 + 8, trace id 2 + 16; attributes are rare. */
const SIZE = 46;
const TWO_32 = 4_294_967_296;

function writeHex(out: ChunkWriter, hex: string): void {
  for (let index = 0; index < hex.length; index += 8) {
    out.idPart(Number.parseInt(hex.slice(index, index + 8), 16));
  }
}
