/**
 * The route that answered a request of express. At its end a request still has the route's object;
 * where that hangs in the tree of routers says which paths it was mounted at. So nothing is wrapped
 * and nothing is done for each middleware, which listening to `express.router.request` would cost.
 */
import { MOUNT_CANDIDATES, MOUNT_DEPTH } from './limits.js';

/** What express and connect's descendants put on a request. */
export interface RoutedRequest {
  readonly route?: Route | undefined;
  readonly baseUrl?: unknown;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly app?: unknown;
}

interface Route {
  readonly path?: unknown;
}

/** A layer of express 4 or 5: a route's, a router's or a middleware's. */
interface Layer {
  readonly route?: Route | undefined;
  readonly handle?: { readonly stack?: unknown };
  /** Since router 2.3, express 5.3. */
  readonly rawPath?: unknown;
  /** Express 4: what its path was made into. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean };
  readonly keys?: readonly { readonly name?: unknown }[];
}

interface Application {
  readonly _router?: { readonly stack?: unknown };
  readonly router?: { readonly stack?: unknown };
  readonly mountpath?: unknown;
  readonly parent?: unknown;
}

/** The route's pattern with the path that its routers are mounted at; `undefined` without one. */
export function expressRoute(request: RoutedRequest): string | undefined {
  const { route } = request;
  const path = route?.path;
  if (route === undefined || path === undefined || path === null) return undefined;
  const pattern = patternText(path);
  const base = typeof request.baseUrl === 'string' ? request.baseUrl : '';
  const mounts = mountsOf(route, request.app as Application | undefined);
  // A route at the top, and one whose routers have been left again: their base is taken back.
  if (base === '' && mounts.length <= 1) return join(mounts[0] ?? '', pattern);
  const mounted = mounts.find((mount) => fits(mount, base)) ?? guess(base, request.params ?? {});
  return join(mounted, pattern);
}

function join(mounted: string, pattern: string): string {
  return pattern === '/' && mounted !== '' ? mounted : mounted + pattern;
}

function patternText(path: unknown): string {
  return Array.isArray(path) ? path.map(String).join(',') : String(path);
}

/** Routes stand where they are: a router is mounted once, while the program starts. */
const known = new WeakMap<Route, readonly string[]>();

/** Every path that the route's routers are mounted at; none where they do not tell. */
function mountsOf(route: Route, app: Application | undefined): readonly string[] {
  if (app === undefined || app === null) return [];
  let mounts = known.get(route);
  if (mounts === undefined) {
    const stack = stackOf(app);
    const inside = stack === undefined ? [] : find(stack, route, '', MOUNT_DEPTH);
    mounts = appMounts(app, MOUNT_DEPTH).flatMap((outer) => inside.map((inner) => outer + inner));
    mounts = mounts.slice(0, MOUNT_CANDIDATES);
    known.set(route, mounts);
  }
  return mounts;
}

function stackOf(app: Application): readonly Layer[] | undefined {
  try {
    // Express 4 throws when its application is asked for `router`.
    const stack = (app['_router'] ?? app.router)?.stack;
    return Array.isArray(stack) ? stack : undefined;
  } catch {
    return undefined;
  }
}

/** Where an application is mounted in others. */
function appMounts(app: Application, depth: number): readonly string[] {
  const parent = app.parent as Application | undefined;
  if (parent === undefined || parent === null || depth === 0) return [''];
  const own = patterns(app.mountpath);
  return appMounts(parent, depth - 1).flatMap((outer) => own.map((inner) => outer + inner));
}

/** Every way from a stack down to the route, as the paths on the way. */
function find(stack: readonly Layer[], route: Route, above: string, depth: number): string[] {
  const found: string[] = [];
  for (const layer of stack) {
    if (layer.route === route) found.push(above);
    const inner = layer.handle?.stack;
    if (layer.route !== undefined || !Array.isArray(inner) || depth === 0) continue;
    for (const mount of layerPatterns(layer)) {
      found.push(...find(inner as Layer[], route, above + mount, depth - 1));
    }
  }
  return found;
}

function layerPatterns(layer: Layer): readonly string[] {
  if (layer.rawPath !== undefined) return patterns(layer.rawPath);
  if (layer.regexp === undefined) return [];
  if (layer.regexp.fast_slash === true) return [''];
  return express4Patterns(layer.regexp.source, layer.keys ?? []);
}

/** The texts that a mount path stands for, `/` being none. */
function patterns(path: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(path) ? path : [path];
  return list.map((one) => (one === '/' ? '' : String(one).replace(/\/$/, '')));
}

const GROUP = /\(\?:\\\/\(\[\^\/\]\+\?\)\)/g;

/**
 * `^\/shop(?:\/([^/]+?))\/?(?=\/|$)` is `/shop/:shop`; several paths stand there as alternatives.
 * What is not as simple is left out.
 */
function express4Patterns(
  source: string,
  keys: readonly { readonly name?: unknown }[],
): readonly string[] {
  let index = 0;
  return source
    .split(/\|(?=\^)/)
    .map((alternative) =>
      alternative
        .replace(/^\^/, '')
        .replace(/\\\/\?\(\?=\\\/\|\$\)$/, '')
        .replaceAll(GROUP, () => `/:${String(keys[index++]?.name)}`)
        .replaceAll(/\\([/.-])/g, '$1'),
    )
    .filter((text) => !/[\\^$*+?()[\]{}|]/.test(text));
}

/** True when a mount path can have matched this text: segment by segment. */
function fits(pattern: string, base: string): boolean {
  if (pattern.includes('*') || pattern.includes('(') || pattern.includes('{')) return true;
  const wanted = pattern.split('/');
  const given = base.split('/');
  return (
    wanted.length === given.length &&
    wanted.every(
      (segment, index) =>
        segment.includes(':') || segment.toLowerCase() === given[index]?.toLowerCase(),
    )
  );
}

/** Numbers, UUIDs and long hexadecimal ids: what no static mount path looks like. */
const ID_SEGMENT = /^(?:\d+|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{16,})$/i;

/** For routers that do not tell their paths: the text that matched, with what look like ids out. */
function guess(base: string, params: Readonly<Record<string, unknown>>): string {
  return base
    .split('/')
    .map((segment) => {
      if (segment === '') return segment;
      for (const name of Object.keys(params)) if (params[name] === segment) return `:${name}`;
      return ID_SEGMENT.test(segment) ? ':id' : segment;
    })
    .join('/');
}
