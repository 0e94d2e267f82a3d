import { OtlpError } from './errors.js';
import { MAX_DEPTH, MAX_JSON_NUMBER_LENGTH } from './limits.js';
import { tooDeep } from './wire-reader.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** RFC 8259's number, anchored. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * Reads JSON (RFC 8259) from bytes, token by token. Unlike JSON.parse it gives a number's text, so
 * that 64-bit integers stay exact, and a string's bytes, so that they can be copied. Throws
 * OtlpError `bad_json` with the offset; nesting is the caller's to count but for `skipValue`.
 */
export class JsonReader {
  readonly bytes: Uint8Array;
  /** Offset of the next byte. */
  at = 0;
  /** The last string's bytes lie in [start, end) between its quotes. */
  start = 0;
  end = 0;
  /** Whether the last string holds an escape, or a byte beyond ASCII. */
  escaped = false;
  ascii = true;
  readonly #buffer: Buffer;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // A byte order mark is not JSON, but editors write it and RFC 8259 lets a parser pass over it.
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
      this.at = 3;
    }
  }

  /** The error for bytes that are not JSON. */
  fault(what: string): OtlpError {
    return new OtlpError('bad_json', this.at, `${what} in the JSON text`);
  }

  /** The next byte that is not white space; −1 at the end. It is not consumed. */
  peek(): number {
    const { bytes } = this;
    const length = bytes.length;
    let { at } = this;
    while (at < length) {
      const byte = bytes[at]!;
      if (byte > 0x20 || !(byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)) {
        this.at = at;
        return byte;
      }
      at++;
    }
    this.at = at;
    return -1;
  }

  #expect(byte: number): void {
    if (this.peek() !== byte) {
      throw this.fault(`'${String.fromCharCode(byte)}' is missing`);
    }
    this.at++;
  }

  /** Whether a value of that first byte comes next. */
  atObject(): boolean {
    return this.peek() === OPEN_BRACE;
  }

  atArray(): boolean {
    return this.peek() === OPEN_BRACKET;
  }

  atString(): boolean {
    return this.peek() === QUOTE;
  }

  /** Consumes `null` when it comes next. */
  takeNull(): boolean {
    if (this.peek() !== 0x6e) {
      return false;
    }
    this.#word('null');
    return true;
  }

  /** Enters an object or array; false (and past its end) when it is empty. */
  enterObject(): boolean {
    return this.#enter(OPEN_BRACE, CLOSE_BRACE);
  }

  enterArray(): boolean {
    return this.#enter(OPEN_BRACKET, CLOSE_BRACKET);
  }

  /** After a member or an element: true when another follows; at the end it passes it. */
  nextMember(): boolean {
    return this.#next(CLOSE_BRACE);
  }

  nextElement(): boolean {
    return this.#next(CLOSE_BRACKET);
  }

  #enter(open: number, close: number): boolean {
    this.#expect(open);
    if (this.peek() !== close) {
      return true;
    }
    this.at++;
    return false;
  }

  #next(close: number): boolean {
    const byte = this.peek();
    if (byte !== COMMA && byte !== close) {
      throw this.fault(`',' or '${String.fromCharCode(close)}' is missing`);
    }
    this.at++;
    return byte === COMMA;
  }

  /** Reads a member's name into `start`, `end`, … and its colon. */
  key(): void {
    this.string();
    this.#expect(COLON);
  }

  /** Reads a string into `start`, `end`, `escaped`, `ascii`. */
  string(): void {
    this.#expect(QUOTE);
    const { bytes } = this;
    const length = bytes.length;
    const start = this.at;
    let at = start;
    let bits = 0;
    let escaped = false;
    for (;;) {
      if (at >= length) {
        this.at = at;
        throw this.fault('a string does not end');
      }
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        break;
      }
      if (byte === BACKSLASH) {
        escaped = true;
        at++;
      } else if (byte < 0x20) {
        this.at = at;
        throw this.fault('a control character stands unescaped in a string');
      }
      bits |= byte;
      at++;
    }
    this.start = start;
    this.end = at;
    this.escaped = escaped;
    this.ascii = bits < 0x80;
    this.at = at + 1;
  }

  /** The last string, unescaped. Lone surrogates stay; bytes that are not UTF-8 become U+FFFD. */
  text(): string {
    const { start, end } = this;
    if (!this.escaped) {
      return this.ascii
        ? this.#buffer.toString('latin1', start, end)
        : this.#buffer.toString('utf8', start, end);
    }
    const quoted = this.#buffer.toString('utf8', start - 1, end + 1);
    try {
      // The built-in parser knows the escapes; a string token holds nothing that it gets wrong.
      return JSON.parse(quoted) as string;
    } catch {
      this.at = start;
      throw this.fault('a string holds a bad escape');
    }
  }

  /** Reads a number's text. */
  number(): string {
    this.peek();
    const { bytes } = this;
    const start = this.at;
    let at = start;
    while (at < bytes.length && isNumberByte(bytes[at]!)) {
      at++;
    }
    if (at - start > MAX_JSON_NUMBER_LENGTH) {
      throw this.fault(`a number of more than ${MAX_JSON_NUMBER_LENGTH} characters`);
    }
    const text = this.#buffer.toString('latin1', start, at);
    if (!NUMBER.test(text)) {
      throw this.fault(at === start ? 'a value is missing' : 'a bad number');
    }
    this.at = at;
    return text;
  }

  /** Reads `true` or `false`. */
  boolean(): boolean {
    const value = this.peek() === 0x74;
    this.#word(value ? 'true' : 'false');
    return value;
  }

  #word(word: string): void {
    if (this.#buffer.toString('latin1', this.at, this.at + word.length) !== word) {
      throw this.fault('a word that is not true, false or null');
    }
    this.at += word.length;
  }

  /** Reads a value that nobody wants, wholly checked. `depth` is that of what it stands in. */
  skipValue(depth: number): void {
    if (depth > MAX_DEPTH) {
      throw tooDeep(this.at);
    }
    switch (this.peek()) {
      case OPEN_BRACE:
        for (let more = this.enterObject(); more; more = this.nextMember()) {
          this.key();
          this.skipValue(depth + 1);
        }
        return;
      case OPEN_BRACKET:
        for (let more = this.enterArray(); more; more = this.nextElement()) {
          this.skipValue(depth + 1);
        }
        return;
      case QUOTE:
        this.string();
        if (this.escaped) {
          this.text();
        }
        return;
      case 0x74:
      case 0x66:
        this.boolean();
        return;
      case 0x6e:
        this.takeNull();
        return;
      default:
        this.number();
    }
  }

  /** Checks that nothing but white space is left. */
  finish(): void {
    if (this.peek() !== -1) {
      throw this.fault('more text after the value');
    }
  }
}

function isNumberByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e ||
    byte === 0x65 ||
    byte === 0x45
  );
}
