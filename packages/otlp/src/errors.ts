/**
 * What can be wrong with bytes that claim to be OTLP. Stable: receivers map them to answers.
 *
 *   truncated         a length or a value reaches past the end of its message
 *   bad_tag           field number 0, or a number beyond 2^29 − 1
 *   bad_wire_type     a known field with another wire type than its own, or wire type 6 or 7
 *   bad_varint        a varint of more than 10 bytes
 *   bad_group         a group's end without its start, or the other way round
 *   too_deep          messages, groups or JSON values nested beyond `MAX_DEPTH`
 *   bad_json          the text is not JSON (or not UTF-8)
 *   bad_json_value    JSON, but not a value that the field can hold
 *   too_large         more records or bytes than one request may make
 */
export type OtlpErrorCode =
  | 'truncated'
  | 'bad_tag'
  | 'bad_wire_type'
  | 'bad_varint'
  | 'bad_group'
  | 'too_deep'
  | 'bad_json'
  | 'bad_json_value'
  | 'too_large';

/** The one error of this package: the bytes are at fault, at byte `offset` of what was given. */
export class OtlpError extends Error {
  readonly code: OtlpErrorCode;
  readonly offset: number;

  constructor(code: OtlpErrorCode, offset: number, fault: string) {
    super(`${fault} (at byte ${offset})`);
    this.name = 'OtlpError';
    this.code = code;
    this.offset = offset;
  }
}
