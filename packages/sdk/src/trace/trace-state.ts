/** W3C Trace Context level 2, tracestate: parsed in one pass, bounded, immutable. */
import type { TraceState as ApiTraceState } from '@opentelemetry/api';
import { TRACESTATE_MEMBERS } from '../common/limits.js';

type Member = readonly [key: string, value: string];

// key = ( lcalpha / DIGIT ) 0*255 ( lcalpha / DIGIT / "_" / "-" / "*" / "/" / "@" )
const KEY = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/;
// value = 0*255(chr) nblk-chr; chr is printable ASCII without comma and equals sign
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/** A list of vendors' entries, the newest first. */
export class TraceState implements ApiTraceState {
  readonly #members: readonly Member[];

  private constructor(members: readonly Member[]) {
    this.#members = members;
  }

  /** An empty tracestate to set entries on. */
  static readonly EMPTY: TraceState = new TraceState([]);

  /**
   * Reads a header. `undefined` for an empty or an invalid one (a bad key or value, a key twice,
   * over 32 members): the specification says to drop it whole and keep the traceparent.
   */
  static parse(header: string): TraceState | undefined {
    const members: Member[] = [];
    const keys = new Set<string>();
    for (let start = 0; start <= header.length;) {
      const comma = header.indexOf(',', start);
      const end = comma < 0 ? header.length : comma;
      const member = trimBlanks(header, start, end);
      start = end + 1;
      if (member === '') continue;
      const parsed = parseMember(member);
      if (parsed === undefined || keys.has(parsed[0])) return undefined;
      keys.add(parsed[0]);
      members.push(parsed);
      if (members.length > TRACESTATE_MEMBERS) return undefined;
    }
    return members.length === 0 ? undefined : new TraceState(members);
  }

  /** A copy with `key` in front; the last members give way past 32. An invalid entry: no change. */
  set(key: string, value: string): TraceState {
    if (!KEY.test(key) || !VALUE.test(value)) return this;
    const rest = this.#members.filter((member) => member[0] !== key);
    return new TraceState([[key, value] as const, ...rest].slice(0, TRACESTATE_MEMBERS));
  }

  /** A copy without `key`. */
  unset(key: string): TraceState {
    if (this.get(key) === undefined) return this;
    return new TraceState(this.#members.filter((member) => member[0] !== key));
  }

  /** A value, if there is one. */
  get(key: string): string | undefined {
    return this.#members.find((member) => member[0] === key)?.[1];
  }

  /** The header: at most 32 members of at most 513 characters. */
  serialize(): string {
    return this.#members.map(([key, value]) => `${key}=${value}`).join(',');
  }
}

function parseMember(member: string): Member | undefined {
  const split = member.indexOf('=');
  if (split < 1) return undefined;
  const key = member.slice(0, split);
  const value = member.slice(split + 1);
  return KEY.test(key) && VALUE.test(value) ? [key, value] : undefined;
}

/** The text between two indexes without blanks around it: spaces and tabs (RFC 9110 OWS). */
function trimBlanks(text: string, start: number, end: number): string {
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
