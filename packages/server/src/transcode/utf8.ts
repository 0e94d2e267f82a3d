/**
 * Whether the bytes [start, end) are well-formed UTF-8 (Unicode table 3-7: no overlong forms, no
 * surrogates, nothing beyond U+10FFFF). A loop: most strings are too short for a native call to
 * pay for the view it needs.
 */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const first = bytes[at]!;
    if (first < 0x80) {
      at++;
      continue;
    }
    const size = sequenceSize(first);
    if (size === 0 || at + size > end || !isSecond(first, bytes[at + 1]!)) {
      return false;
    }
    for (let index = 2; index < size; index++) {
      if ((bytes[at + index]! & 0xc0) !== 0x80) {
        return false;
      }
    }
    at += size;
  }
  return true;
}

function sequenceSize(first: number): number {
  if (first < 0xc2) {
    return 0;
  }
  if (first < 0xe0) {
    return 2;
  }
  if (first < 0xf0) {
    return 3;
  }
  return first < 0xf5 ? 4 : 0;
}

function isSecond(first: number, second: number): boolean {
  switch (first) {
    case 0xe0:
      return second >= 0xa0 && second <= 0xbf;
    case 0xed:
      return second >= 0x80 && second <= 0x9f;
    case 0xf0:
      return second >= 0x90 && second <= 0xbf;
    case 0xf4:
      return second >= 0x80 && second <= 0x8f;
    default:
      return second >= 0x80 && second <= 0xbf;
  }
}
