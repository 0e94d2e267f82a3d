/** Header values as attributes: lists of strings, as the semantic conventions want them. */
import type { Span } from '@opentelemetry/api';
import type { FlatAttributes } from '../common/attributes.js';
import { HEADER_VALUES } from './limits.js';
import type { CapturedHeader } from './settings.js';

/** A header as Node's getters return it. */
export type HeaderValue = string | number | readonly string[] | undefined;

// The attribute's value; `undefined` when there is no such header.
function headerValues(value: HeaderValue): string[] | undefined {
  if (value === undefined) return undefined;
  return Array.isArray(value) ? value.slice(0, HEADER_VALUES).map(String) : [String(value)];
}

/** Adds the captured headers of a message to flat attributes. */
export function pushHeaders(
  flat: FlatAttributes,
  captured: readonly CapturedHeader[],
  get: (name: string) => HeaderValue,
): void {
  for (const { name, key } of captured) {
    const values = headerValues(get(name));
    if (values !== undefined) flat.push(key, values);
  }
}

/** Sets the captured headers of a message on a span that has started. */
export function setHeaders(
  span: Span,
  captured: readonly CapturedHeader[],
  get: (name: string) => HeaderValue,
): void {
  for (const { name, key } of captured) {
    const values = headerValues(get(name));
    if (values !== undefined) span.setAttribute(key, values);
  }
}
