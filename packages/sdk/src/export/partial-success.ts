/**
 * Reads the answer to an export. Any fault in it counts as full success: the backend said 200.
 *
 *     Export…ServiceResponse       1 partial_success message
 *     Export…PartialSuccess        1 rejected_… int64 · 2 error_message string
 *
 * By hand, so that the sender thread loads nothing for it.
 */
const NOTHING = { rejected: 0, message: undefined } as const;

/** How many records were rejected, and why. */
export interface PartialSuccess {
  readonly rejected: number;
  readonly message: string | undefined;
}

/** Reads an Export…ServiceResponse in protobuf. Never throws. */
export function readPartialSuccess(body: Uint8Array): PartialSuccess {
  // 0x0a: field 1, length-delimited; a length below 16,384 is all that a message needs.
  if (body.length < 2 || body[0] !== 0x0a) return NOTHING;
  const [size, start] = readVarint(body, 1);
  const end = start + size;
  if (end > body.length) return NOTHING;
  let rejected = 0;
  let message: string | undefined;
  for (let position = start; position < end;) {
    const [tag, afterTag] = readVarint(body, position);
    const [value, afterValue] = readVarint(body, afterTag);
    if (tag === 0x08) {
      rejected = value;
      position = afterValue;
    } else if (tag === 0x12 && afterValue + value <= end) {
      message = Buffer.from(body.subarray(afterValue, afterValue + value)).toString('utf8');
      position = afterValue + value;
    } else {
      break;
    }
  }
  return { rejected, message };
}

function readVarint(bytes: Uint8Array, position: number): [value: number, end: number] {
  let value = 0;
  for (let scale = 1; position < bytes.length && scale < 2 ** 49; scale *= 128) {
    const byte = bytes[position++]!;
    value += (byte & 127) * scale;
    if (byte < 128) return [value, position];
  }
  return [0, bytes.length];
}
