/**
 * Express has no diagnostics channel, but leaves the matched route on the request. What it keeps of
 * the routers above is only the text that matched, so that ids in it must be taken out again.
 */

/** What express and connect's descendants put on a request. */
export interface RoutedRequest {
  readonly route?: { readonly path?: unknown } | undefined;
  readonly baseUrl?: unknown;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** Numbers, UUIDs and long hexadecimal ids: what no static mount path looks like. */
const ID_SEGMENT = /^(?:\d+|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{16,})$/i;

/** The route's pattern with the path that its routers are mounted at; `undefined` without one. */
export function expressRoute(request: RoutedRequest): string | undefined {
  const path = request.route?.path;
  if (path === undefined || path === null) return undefined;
  const pattern = Array.isArray(path) ? path.map(String).join(',') : String(path);
  const base = request.baseUrl;
  if (typeof base !== 'string' || base === '') return pattern;
  const mounted = mountPattern(base, request.params ?? {});
  return pattern === '/' ? mounted : mounted + pattern;
}

function mountPattern(base: string, params: Readonly<Record<string, unknown>>): string {
  return base
    .split('/')
    .map((segment) => {
      if (segment === '') return segment;
      for (const name of Object.keys(params)) if (params[name] === segment) return `:${name}`;
      return ID_SEGMENT.test(segment) ? ':id' : segment;
    })
    .join('/');
}
