import type { Span } from '@codomyrmex/telemetry-query';

/** What a span does, as its icon tells. */
export type SpanRole =
  | 'server'
  | 'client'
  | 'database'
  | 'message'
  | 'model'
  | 'agent'
  | 'tool'
  | 'internal';

/** A span's role, by the semantic conventions of its attributes, then by its kind. */
export function spanRole(span: Span): SpanRole {
  const { attributes } = span;
  if ('db.system' in attributes || 'db.system.name' in attributes) return 'database';
  const operation = attributes['gen_ai.operation.name'];
  if (operation === 'execute_tool' || 'gen_ai.tool.name' in attributes) return 'tool';
  if (operation === 'invoke_agent' || operation === 'create_agent') return 'agent';
  if ('gen_ai.request.model' in attributes || 'gen_ai.usage.input_tokens' in attributes) {
    return 'model';
  }
  if ('gen_ai.agent.name' in attributes) return 'agent';
  if ('messaging.system' in attributes) return 'message';
  if (span.kind === 'PRODUCER' || span.kind === 'CONSUMER') return 'message';
  if (span.kind === 'SERVER') return 'server';
  if (span.kind === 'CLIENT') return 'client';
  return 'internal';
}

/** The exception a span holds: of its last event, or of its attributes. */
export interface SpanException {
  readonly type: string;
  readonly message: string;
  readonly stack: string;
}

/** The last exception of a span; undefined when there is none. */
export function spanException(span: Span): SpanException | undefined {
  for (let i = span.events.length - 1; i >= 0; i -= 1) {
    const found = exceptionOf(span.events[i]?.attributes);
    if (found !== undefined) return found;
  }
  return exceptionOf(span.attributes);
}

/** The exception that attributes describe, by the semantic conventions. */
export function exceptionOf(attributes: Span['attributes'] | undefined): SpanException | undefined {
  if (attributes === undefined) return undefined;
  const text = (key: string): string => {
    const value = attributes[key];
    return typeof value === 'string' ? value : '';
  };
  const type = text('exception.type');
  const message = text('exception.message');
  const stack = text('exception.stacktrace');
  return type === '' && message === '' && stack === '' ? undefined : { type, message, stack };
}
