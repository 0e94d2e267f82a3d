/**
 * Whether a page of `origin` may use the API and the live connection: our own pages and those of
 * --allow-origin. A request without Origin is not from a page of another site. The Host header has
 * been checked at the door, so an origin that equals it is a page that we served.
 */
export function isPageAllowed(
  origin: string | undefined,
  host: string | undefined,
  allowedOrigins: readonly string[],
): boolean {
  if (origin === undefined || allowedOrigins.includes(origin)) return true;
  if (!URL.canParse(origin)) return false; // "null": a sandboxed frame or a file
  const url = new URL(origin);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return false;
  return host !== undefined && url.host === host.toLowerCase();
}
