import type { QueryNode } from '@codomyrmex/telemetry-query';
import type { Context } from 'hono';

import type { Failure } from './failure.js';

/** What the routes hand on to the error answer: the query whose regular expression failed. */
export interface ApiEnvironment {
  readonly Variables: { filter: QueryNode | undefined };
}

/** A failure as the route's answer. */
export function answer(c: Context, failed: Failure): Response {
  if (failed.status === 503) c.header('retry-after', '1');
  return c.json(failed.body, failed.status);
}
