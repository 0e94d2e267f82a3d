import type { View, ViewsAnswer } from '@codomyrmex/telemetry-query';
import type { Context, Hono } from 'hono';

import type { ServerContext } from '../context.js';
import type { Live } from '../live/live.js';
import { ViewError } from '../views/view-error.js';
import { readView } from '../views/view-schema.js';
import { viewStoreOf } from '../views/view-store.js';
import { answer, type ApiEnvironment } from './environment.js';
import { failure } from './failure.js';
import { API_LIMITS } from './limits.js';

/** Ids are short texts that stand in a URL. */
const MAX_ID_LENGTH = 300;

/** GET, PUT, DELETE of views, and POST /display. */
export function viewRoutes(app: Hono<ApiEnvironment>, context: ServerContext, live: Live): void {
  const views = viewStoreOf(context.engine);
  app.get('/api/v1/views', async (c) => {
    const list: ViewsAnswer = { items: await views.list() };
    return c.json(list);
  });
  app.get('/api/v1/views/:id', async (c) => c.json<View>(await views.get(idOf(c))));
  app.put('/api/v1/views/:id', async (c) => {
    const id = idOf(c);
    const text = await c.req.text();
    if (Buffer.byteLength(text) > API_LIMITS.maxBodyBytes) {
      const message = `a view takes at most ${API_LIMITS.maxBodyBytes} bytes`;
      return answer(c, failure(413, 'too_large', message));
    }
    return c.json<View>(await views.put(id, readView(jsonOf(text))));
  });
  app.delete('/api/v1/views/:id', async (c) => {
    await views.delete(idOf(c));
    return c.body(null, 204);
  });
  app.post('/api/v1/display', async (c) => c.json(await live.announce()));
}

function idOf(c: Context): string {
  const id = c.req.param('id') ?? '';
  if (id.length > 0 && id.length <= MAX_ID_LENGTH) return id;
  throw new ViewError('bad_view', `id: 1 to ${MAX_ID_LENGTH} characters`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ViewError('bad_view', 'the body is not JSON');
  }
}
