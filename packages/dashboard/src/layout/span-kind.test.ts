import { describe, expect, it } from 'vitest';
import { span } from './fixtures/spans.js';
import { spanException, spanRole } from './span-kind.js';

describe('roles', () => {
  it.each([
    [{ 'db.system.name': 'postgresql' }, 'CLIENT', 'database'],
    [{ 'db.system': 'redis' }, 'CLIENT', 'database'],
    [{ 'gen_ai.operation.name': 'execute_tool' }, 'INTERNAL', 'tool'],
    [{ 'gen_ai.operation.name': 'invoke_agent' }, 'INTERNAL', 'agent'],
    [{ 'gen_ai.request.model': 'm' }, 'CLIENT', 'model'],
    [{ 'gen_ai.agent.name': 'planner' }, 'INTERNAL', 'agent'],
    [{ 'messaging.system': 'kafka' }, 'INTERNAL', 'message'],
    [{}, 'PRODUCER', 'message'],
    [{}, 'SERVER', 'server'],
    [{}, 'CLIENT', 'client'],
    [{}, 'UNSPECIFIED', 'internal'],
  ] as const)('%j %s is %s', (attributes, kind, role) => {
    expect(spanRole(span('a', '', 0, 1, { attributes: { ...attributes }, kind }))).toBe(role);
  });
});

describe('exceptions', () => {
  const event = (type: string): object => ({
    timeUnixNano: '1',
    name: 'exception',
    attributes: { 'exception.type': type, 'exception.message': 'why' },
    droppedAttributesCount: 0,
  });
  it('are the last event that tells one', () => {
    const failed = span('a', '', 0, 1, {
      events: [event('First'), event('Last'), { ...event(''), attributes: {} }] as never,
    });
    expect(spanException(failed)).toEqual({ type: 'Last', message: 'why', stack: '' });
  });
  it('may stand in the attributes', () => {
    const failed = span('a', '', 0, 1, { attributes: { 'exception.message': 'here' } });
    expect(spanException(failed)?.message).toBe('here');
    expect(spanException(span('a', '', 0, 1))).toBeUndefined();
  });
});
