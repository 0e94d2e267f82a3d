import { parse, QueryError } from '@codomyrmex/telemetry-query';
import { describe, expect, it } from 'vitest';

import { CursorError } from '../query/cursor.js';
import { RequestError } from '../query/request-error.js';
import { EngineError } from '../store/engine.js';
import { ViewError } from '../views/view-error.js';
import { failureOf } from './failure.js';
import { isPageAllowed } from './origin.js';

describe('failureOf', () => {
  it.each([
    [new QueryError({ message: 'm', column: 1, length: 2 }), 400, 'bad_query'],
    [new CursorError(), 400, 'bad_parameter'],
    [new RequestError('not_found', 'm'), 404, 'not_found'],
    [new RequestError('too_much', 'm'), 422, 'too_much'],
    [new ViewError('bad_view', 'm'), 400, 'bad_view'],
    [new EngineError(159, 'm'), 503, 'timeout'],
    [new EngineError(160, 'm'), 503, 'timeout'],
    [new EngineError(202, 'm'), 503, 'busy'],
    [new EngineError(241, 'm'), 422, 'too_much'],
    [new EngineError(394, 'm'), 503, 'cancelled'],
    [new EngineError(427, 'm'), 400, 'bad_query'],
    [new EngineError(60, 'm'), 500, 'engine'],
    [new Error('secret'), 500, 'bug'],
    ['thrown text', 500, 'bug'],
  ])('%s', (error, status, code) => {
    const failed = failureOf(error);
    expect([failed.status, failed.body.error.code]).toEqual([status, code]);
    expect(failed.body.error.message).not.toContain('secret');
  });

  it('finds the regular expression that the engine refused', () => {
    const parsed = parse('a=b name~"(?=x)"');
    const tree = parsed.ok ? parsed.tree : undefined;
    expect(failureOf(new EngineError(427, 'm'), tree).body.error).toMatchObject({ column: 4 });
  });
});

describe('isPageAllowed', () => {
  it.each([
    [undefined, 'localhost:4320', true],
    ['http://localhost:4320', 'localhost:4320', true],
    ['http://LOCALHOST:4320', 'localhost:4320', true],
    ['http://localhost:4321', 'localhost:4320', false],
    ['http://friend.example', 'localhost:4320', true],
    ['http://localhost:4320', undefined, false],
    ['file://', 'localhost', false],
    ['ftp://localhost', 'localhost', false],
    ['null', 'localhost', false],
  ])('%s at %s: %s', (origin, host, allowed) => {
    expect(isPageAllowed(origin, host, ['http://friend.example'])).toBe(allowed);
  });
});
