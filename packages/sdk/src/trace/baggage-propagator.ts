/** W3C Baggage: parsed in one pass, at most 64 members and 8,192 bytes. */
import { baggageEntryMetadataFromString, propagation } from '@opentelemetry/api';
import type {
  Baggage,
  BaggageEntry,
  Context,
  TextMapGetter,
  TextMapPropagator,
  TextMapSetter,
} from '@opentelemetry/api';
import { isSuppressed } from '../common/context.js';
import { BAGGAGE_BYTES, BAGGAGE_MEMBERS, HEADER_LENGTH } from '../common/limits.js';

const BAGGAGE = 'baggage';
/** RFC 9110 token: what a key may consist of. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Injects and extracts the header. What is malformed is left out; nothing throws. */
export class W3CBaggagePropagator implements TextMapPropagator {
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const baggage = propagation.getBaggage(context);
    if (baggage === undefined || isSuppressed(context)) return;
    const header = serializeBaggage(baggage);
    if (header !== '') setter.set(carrier, BAGGAGE, header);
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    return extractBaggage(context, getter.get(carrier, BAGGAGE));
  }

  fields(): string[] {
    return [BAGGAGE];
  }
}

/** The header; members past the limits and with keys that are no tokens are left out. */
export function serializeBaggage(baggage: Baggage): string {
  let header = '';
  let count = 0;
  for (const [key, entry] of baggage.getAllEntries()) {
    const member = memberOf(key, entry);
    if (member === undefined) continue;
    const joined = header === '' ? member : `${header},${member}`;
    // All is ASCII after encoding, so characters are bytes.
    if (joined.length > BAGGAGE_BYTES || count >= BAGGAGE_MEMBERS) continue;
    header = joined;
    count++;
  }
  return header;
}

function memberOf(key: string, entry: BaggageEntry): string | undefined {
  if (!TOKEN.test(key)) return undefined;
  try {
    const metadata = entry.metadata?.toString() ?? '';
    const isClean = /^[\x20-\x7e]*$/.test(metadata) && !metadata.includes(',');
    const value = encodeURIComponent(String(entry.value));
    return metadata !== '' && isClean ? `${key}=${value};${metadata}` : `${key}=${value}`;
  } catch {
    // A lone surrogate cannot be percent-encoded.
    return undefined;
  }
}

/** A context with the header's baggage; the given one when the header has no valid member. */
export function extractBaggage(context: Context, value: unknown): Context {
  const header = Array.isArray(value) ? value.join(',') : value;
  if (typeof header !== 'string' || header === '') return context;
  const entries: Record<string, BaggageEntry> = Object.create(null) as Record<string, BaggageEntry>;
  let count = 0;
  // A header past the limit is read up to it: the members in front are whole ones.
  const text = header.length > HEADER_LENGTH ? header.slice(0, HEADER_LENGTH) : header;
  for (let start = 0; start < text.length && count < BAGGAGE_MEMBERS;) {
    const comma = text.indexOf(',', start);
    const end = comma < 0 ? text.length : comma;
    // The cut may have gone through the last member, or it is beyond the bytes that count.
    if (end > BAGGAGE_BYTES) break;
    if (addMember(entries, text.slice(start, end))) count++;
    start = end + 1;
  }
  return count === 0
    ? context
    : propagation.setBaggage(context, propagation.createBaggage(entries));
}

function addMember(entries: Record<string, BaggageEntry>, member: string): boolean {
  const split = member.indexOf('=');
  if (split < 1) return false;
  const semicolon = member.indexOf(';', split);
  const key = member.slice(0, split).trim();
  const raw = member.slice(split + 1, semicolon < 0 ? member.length : semicolon).trim();
  if (!TOKEN.test(key)) return false;
  const value = decode(raw);
  if (value === undefined) return false;
  const metadata = semicolon < 0 ? '' : member.slice(semicolon + 1).trim();
  entries[key] =
    metadata === '' ? { value } : { value, metadata: baggageEntryMetadataFromString(metadata) };
  return true;
}

function decode(text: string): string | undefined {
  if (/[\s"\\;,]/.test(text)) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
