import type { Hono } from 'hono';

import type { ServerContext } from '../context.js';
import type { Live } from '../live/live.js';
import { deleteAll, deleteService } from '../store/delete-data.js';
import { answer, type ApiEnvironment } from './environment.js';
import { failure } from './failure.js';

/** OTLP names a service in an attribute; nobody's name is longer. */
const MAX_SERVICE_LENGTH = 4_096;

/** DELETE /api/v1/data: `?service=NAME` one service's records, `?all=true` every record. */
export function dataRoutes(
  app: Hono<ApiEnvironment>,
  context: ServerContext,
  live: Pick<Live, 'reload'>,
): void {
  app.delete('/api/v1/data', async (c) => {
    const parameters = new URL(c.req.url).searchParams;
    const service = parameters.get('service');
    const all = parameters.get('all');
    const names = [...parameters.keys()];
    const isClear = names.length === 1 && (service !== null || all === 'true');
    if (!isClear) {
      const hint = 'say either ?service=NAME or ?all=true';
      return answer(c, failure(400, 'bad_parameter', 'what is to be deleted is not clear', hint));
    }
    if (service === null) {
      await deleteAll(context.engine);
    } else if (service.length > MAX_SERVICE_LENGTH) {
      return answer(c, failure(400, 'bad_parameter', 'the name of the service is too long'));
    } else {
      await deleteService(context.engine, service);
    }
    live.reload();
    return c.body(null, 204);
  });
}
