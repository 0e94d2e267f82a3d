/**
 * How deep messages, groups and JSON values may nest; deeper is `too_deep`.
 * A request's own frame is 7 deep (request, resource, scope, span, event, attribute, value) and
 * each level of a nested attribute takes two (AnyValue, ArrayValue) or three (and KeyValue):
 * 100 leaves about 30 levels of the user's own, and is protobuf's own default in C++ and Java.
 * Recursion takes under 300 bytes of stack a level, so 100 is nowhere near the 1 MB that Node has.
 */
export const MAX_DEPTH = 100;

/** A varint holds 64 bits at 7 a byte: 10 bytes. */
export const MAX_VARINT_SIZE = 10;

/**
 * Longest number in a JSON text, characters. The longest exact double has 1,075 significant
 * digits; nothing that a program prints is longer, and parsing a bigint is quadratic.
 */
export const MAX_JSON_NUMBER_LENGTH = 1_100;

/**
 * How much larger than its JSON text a message may get in protobuf. Names alone make real JSON two
 * to three times larger than protobuf; only endless lists of one-digit numbers go the other way
 * (`1,` is 2 bytes, a fixed64 is 8), and nobody sends a request made of those.
 */
export const MAX_JSON_SWELLING = 2;

/** Bytes a fresh writer holds before it first grows: one span with a dozen attributes. */
export const INITIAL_WRITER_SIZE = 1_024;

/** Strings up to this length are written by a loop when ASCII; beyond it one native call wins. */
export const SHORT_TEXT_LENGTH = 48;
