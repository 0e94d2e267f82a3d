/**
 * How methods, hosts and URLs look in attributes: OpenTelemetry's semantic conventions for HTTP,
 * stable since 1.23. Secrets in URLs are replaced before anything else sees them.
 */
import { HOST_LENGTH, KEPT_HOSTS, KEPT_ROUTES } from './limits.js';

/** Methods that may stand in a span's name; others are `_OTHER`. */
export const KNOWN_METHODS: readonly string[] = [
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'QUERY',
  'TRACE',
];

/** Query keys whose values are signatures or keys: the conventions' list, case-sensitive. */
export const SENSITIVE_QUERY_KEYS: readonly string[] = [
  'AWSAccessKeyId',
  'Signature',
  'sig',
  'X-Goog-Signature',
];

/** A host and its port; `port` is undefined when the text has none. */
export interface HostAndPort {
  readonly address: string;
  readonly port: number | undefined;
}

const NO_HOST: HostAndPort = { address: '', port: undefined };
const hosts = new Map<string, HostAndPort>();

/** Splits `name:port`, `1.2.3.4:80` and `[::1]:80`; brackets are taken off. */
export function splitHost(text: string | undefined): HostAndPort {
  if (text === undefined || text === '') return NO_HOST;
  const known = hosts.get(text);
  if (known !== undefined) return known;
  const split = splitHostText(text);
  if (text.length <= HOST_LENGTH) {
    // Names are chosen by whoever sends requests: start over rather than grow.
    if (hosts.size >= KEPT_HOSTS) hosts.clear();
    hosts.set(text, split);
  }
  return split;
}

function splitHostText(text: string): HostAndPort {
  const bracket = text.startsWith('[') ? text.indexOf(']') : -1;
  const colon = text.indexOf(':', bracket + 1);
  const isBareIpv6 = bracket < 0 && colon >= 0 && text.includes(':', colon + 1);
  if (colon < 0 || isBareIpv6) {
    return { address: bracket > 0 ? text.slice(1, bracket) : text, port: undefined };
  }
  const address = bracket > 0 ? text.slice(1, bracket) : text.slice(0, colon);
  const port = Number(text.slice(colon + 1));
  const isPort = Number.isInteger(port) && port > 0 && port < 65_536;
  return { address, port: isPort ? port : undefined };
}

/** A host as it stands in a URL: an IPv6 address in brackets. */
export function hostInUrl(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** The pattern that {@link redactQuery} takes, for these keys. `undefined` for no keys. */
export function sensitivePattern(keys: readonly string[]): RegExp | undefined {
  if (keys.length === 0) return undefined;
  const names = keys.map((key) => key.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`(^|[?&])(${names.join('|')})=[^&#]*`, 'g');
}

/** A query, or a URL with one, with the values of sensitive keys replaced by REDACTED. */
export function redactQuery(text: string, sensitive: RegExp | undefined): string {
  if (sensitive === undefined || !text.includes('=')) return text;
  return text.replace(sensitive, '$1$2=REDACTED');
}

const CREDENTIALS = /^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i;

/** A URL without user name and password. */
export function redactCredentials(url: string): string {
  return url.includes('@') ? url.replace(CREDENTIALS, '$1REDACTED:REDACTED@') : url;
}

const names = new Map<string, Map<string, string>>();
let nameCount = 0;

/**
 * A span's name: `{method} {route}`. The same text is the same string each time, so that the
 * encoder finds its bytes without looking at every character.
 */
export function spanName(method: string, route: string): string {
  let ofMethod = names.get(method);
  if (ofMethod === undefined) {
    ofMethod = new Map();
    names.set(method, ofMethod);
  }
  let name = ofMethod.get(route);
  if (name === undefined) {
    name = `${method} ${route}`;
    if (nameCount < KEPT_ROUTES) {
      nameCount++;
      ofMethod.set(route, name);
    }
  }
  return name;
}

const statusTexts: (string | undefined)[] = [];

/** A status as `error.type` has it; the same string each time. */
export function statusText(status: number): string {
  return (statusTexts[status & 1023] ??= String(status & 1023));
}

/** What an error is called in `error.type`: its code, else its class. */
export function errorType(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '_OTHER';
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  if (typeof code === 'string' && code !== '') return code;
  return typeof name === 'string' && name !== '' ? name : '_OTHER';
}
