import { isLoopbackName } from '../loopback.js';

/** Who may talk to us, by name: the answer to DNS rebinding and to pages of other sites. */
export interface OriginRules {
  /** Bound to a loopback address: then only loopback names are us. */
  readonly isLoopback: boolean;
  /** The value of --host. */
  readonly host: string;
  /** Values of --allow-origin. */
  readonly allowedOrigins: readonly string[];
}

/**
 * Whether a Host header names this server. On loopback only loopback names do: a page on
 * evil.example that resolves to 127.0.0.1 still sends its own name. Bound elsewhere the names are
 * not known here, and the token guards. A request without Host is not from a browser.
 */
export function isHostAllowed(header: string | undefined, rules: OriginRules): boolean {
  if (header === undefined || !rules.isLoopback) return true;
  const name = hostName(header);
  return name !== undefined && (isLoopbackName(name) || name === rules.host.toLowerCase());
}

/** Whether an Origin header may send OTLP or use the API: our own pages, and --allow-origin. */
export function isOriginAllowed(
  origin: string | undefined,
  hostHeader: string | undefined,
  rules: OriginRules,
): boolean {
  if (origin === undefined) return true;
  if (rules.allowedOrigins.includes(origin)) return true;
  if (!URL.canParse(origin)) return false; // "null": a sandboxed frame or a file
  const url = new URL(origin);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return false;
  // The Host header has been allowed already, so what equals it is a page that we served.
  return hostHeader !== undefined && url.host === hostHeader.toLowerCase();
}

/** The name in a Host header, without port and brackets, in lower case. */
function hostName(header: string): string | undefined {
  const found = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/\\@\s]+))(?::\d{1,5})?$/i.exec(header);
  return (found?.[1] ?? found?.[2])?.toLowerCase();
}
