import { QueryError, terms, type ErrorAnswer, type QueryNode } from '@codomyrmex/telemetry-query';

import { CursorError } from '../query/cursor.js';
import { RequestError } from '../query/request-error.js';
import { EngineError } from '../store/engine.js';
import { ViewError } from '../views/view-error.js';

/** An error answer and its HTTP status. */
export interface Failure {
  readonly status: 400 | 404 | 413 | 422 | 500 | 503;
  readonly body: ErrorAnswer;
}

/** What ClickHouse's error numbers mean for who asked. */
const ENGINE_CODE = {
  timeout: 159,
  slow: 160,
  busy: 202,
  memory: 241,
  cancelled: 394,
  badRegex: 427,
} as const;

/** Any error as an answer; `filter` lets a regular expression that the engine refused be found. */
export function failureOf(error: unknown, filter?: QueryNode): Failure {
  if (error instanceof QueryError) {
    const { code, message, column, length, hint } = error;
    return failure(400, code, message, hint, { column, length });
  }
  if (error instanceof CursorError) return failure(400, 'bad_parameter', error.message);
  if (error instanceof RequestError || error instanceof ViewError) {
    const status = error.code === 'too_much' ? 422 : error.code === 'not_found' ? 404 : 400;
    return failure(status, error.code, error.message, error.hint);
  }
  if (error instanceof EngineError) return engineFailure(error, filter);
  return failure(500, 'bug', 'the server failed; this is a fault of ours');
}

function engineFailure(error: EngineError, filter: QueryNode | undefined): Failure {
  const narrower = 'ask for a shorter range or a narrower query';
  switch (error.code) {
    case ENGINE_CODE.timeout:
    case ENGINE_CODE.slow:
      return failure(503, 'timeout', 'the query took too long and was stopped', narrower);
    case ENGINE_CODE.memory:
      return failure(422, 'too_much', 'the query needs more memory than one may take', narrower);
    case ENGINE_CODE.busy:
      return failure(503, 'busy', 'too many queries are waiting', 'try again in a second');
    case ENGINE_CODE.cancelled:
      return failure(503, 'cancelled', 'the query was stopped');
    case ENGINE_CODE.badRegex:
      return regexFailure(filter);
    default:
      return failure(500, 'engine', `the store failed (${error.code})`, 'see the server’s log');
  }
}

function regexFailure(filter: QueryNode | undefined): Failure {
  const message = 'the regular expression cannot be read';
  const hint = 'the syntax is RE2: no look-around and no back references';
  for (const term of filter === undefined ? [] : terms(filter)) {
    if (term.type !== 'compare' || !term.operator.endsWith('~')) continue;
    const { column, length } = term;
    return failure(400, 'bad_query', message, hint, { column, length });
  }
  return failure(400, 'bad_query', message, hint);
}

/** An error answer by its parts. */
export function failure(
  status: Failure['status'],
  code: string,
  message: string,
  hint?: string,
  place?: { readonly column: number; readonly length: number },
): Failure {
  return {
    status,
    body: { error: { code, message, ...(hint === undefined ? {} : { hint }), ...place } },
  };
}
