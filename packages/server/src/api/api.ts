import { Hono, type Context } from 'hono';

import type { ServerContext } from '../context.js';
import type { Live } from '../live/live.js';
import { exportRoutes } from './export-routes.js';
import { dataRoutes } from './data-routes.js';
import { answer, type ApiEnvironment } from './environment.js';
import { failure, failureOf } from './failure.js';
import { isPageAllowed } from './origin.js';
import { PageFiles } from './page.js';
import { readRoutes } from './read-routes.js';
import { viewRoutes } from './view-routes.js';

/** The HTTP API (`/health`, `/api/v1/…`) and the page's files. */
export function createApi(context: ServerContext, live: Live): Hono<ApiEnvironment> {
  const app = new Hono<ApiEnvironment>();
  app.use(async (c, next) => {
    const refusal = checkOrigin(context, c);
    if (refusal !== undefined) return refusal;
    await next();
    return undefined;
  });
  app.get('/health', (c) => c.json({ status: 'ok' }));
  readRoutes(app, context);
  exportRoutes(app, context);
  viewRoutes(app, context, live);
  dataRoutes(app, context, live);
  const page = new PageFiles(context.pageDir);
  app.notFound((c) => notFound(c, app, context, page));
  app.onError((error, c) => {
    const failed = failureOf(error, c.get('filter'));
    if (failed.status >= 500) {
      process.stderr.write(`${c.req.method} ${c.req.path} failed: ${String(error)}\n`);
    }
    return answer(c, failed);
  });
  return app;
}

/** Answers pages of other sites: a preflight, a refusal, or (allowed) nothing but headers. */
function checkOrigin(context: ServerContext, c: Context): Response | undefined {
  const origin = c.req.header('origin');
  if (!c.req.path.startsWith('/api/') && c.req.path !== '/health') return undefined;
  c.header('cache-control', 'no-store');
  c.header('x-content-type-options', 'nosniff');
  if (origin === undefined) return undefined;
  c.header('vary', 'origin');
  if (!isPageAllowed(origin, c.req.header('host'), context.allowedOrigins)) {
    const hint = `start the server with --allow-origin ${origin}`;
    const { body } = failure(400, 'forbidden', 'this page may not use the API', hint);
    return c.json(body, 403);
  }
  c.header('access-control-allow-origin', origin);
  if (c.req.method !== 'OPTIONS') return undefined;
  c.header('access-control-allow-methods', 'GET, PUT, POST, DELETE');
  c.header('access-control-allow-headers', 'content-type, authorization');
  c.header('access-control-max-age', '600');
  return c.body(null, 204);
}

async function notFound(
  c: Context,
  app: Hono<ApiEnvironment>,
  context: ServerContext,
  page: PageFiles,
): Promise<Response> {
  const { path, method } = c.req;
  const known = methodsOf(app, path);
  if (known.length === 0 && (method === 'GET' || method === 'HEAD')) {
    const file = await page.answer(path, c.req.header('accept-encoding') ?? '');
    if (file !== undefined) return file;
  }
  const wrongMethod = known.length > 0;
  const shown = path.slice(0, 100);
  const message = wrongMethod ? `${shown} takes ${known.join(', ')}` : `nothing is at ${shown}`;
  const hint = wrongMethod
    ? undefined
    : path.startsWith('/api/')
      ? 'below /api/v1 are services, traces, spans, logs, metrics, views, status, export, data'
      : 'the API is below /api/v1, OTLP below /v1, the page at /';
  const status = wrongMethod ? 405 : 404;
  if (wrongMethod) c.header('allow', known.join(', '));
  if (method !== 'GET' && method !== 'HEAD') {
    const extra = hint === undefined ? {} : { hint };
    context.refused({ method, path: shown, status, message, ...extra });
  }
  const code = wrongMethod ? 'method_not_allowed' : 'not_found';
  return c.json(failure(404, code, message, hint).body, status);
}

/** The methods of the routes that match the path; the middleware's are not routes. */
function methodsOf(app: Hono<ApiEnvironment>, path: string): readonly string[] {
  const methods = app.routes.filter((route) => route.method !== 'ALL' && matches(route.path, path));
  return [...new Set(methods.map((route) => route.method))];
}

function matches(pattern: string, path: string): boolean {
  const expected = pattern.split('/');
  const given = path.split('/');
  return (
    expected.length === given.length &&
    expected.every((part, index) => part.startsWith(':') || part === given[index])
  );
}
