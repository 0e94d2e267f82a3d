import { ROOT_CONTEXT, propagation, trace } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Backend } from '../export/fixtures/backend.js';
import { init, shutdown } from '../init.js';
import { childEnv, extractContext, injectContext, withContext } from './propagation.js';
import { getCurrentSpan } from './start-span.js';
import { withSpan } from './with-span.js';

let backend: Backend;
beforeAll(async () => {
  backend = await Backend.start();
  init({ endpoint: backend.url, transport: 'main', diagnostics: 'none' });
});
afterAll(async () => {
  await shutdown();
  await backend.close();
});

describe('injectContext and extractContext', () => {
  it('carry span and baggage over any carrier', () => {
    const baggage = propagation.createBaggage({ user: { value: 'ä b' } });
    const carriers = [{}, new Headers(), new Map<string, string>(), Object.create(null) as object];
    for (const carrier of carriers) {
      const sent = withContext(propagation.setBaggage(ROOT_CONTEXT, baggage), () =>
        withSpan('sender', (span) => {
          expect(injectContext(carrier)).toBe(carrier);
          return span.spanContext();
        }),
      );
      const context = extractContext(carrier);
      expect(trace.getSpanContext(context)).toEqual({ ...sent, isRemote: true });
      expect(propagation.getBaggage(context)?.getEntry('user')?.value).toBe('ä b');
      withContext(context, () => {
        expect(getCurrentSpan()?.spanContext().spanId).toBe(sent.spanId);
        withSpan('receiver', (span) => expect(span.spanContext().traceId).toBe(sent.traceId));
      });
    }
  });

  it('makes a carrier, takes a context, and finds headers in any case', () => {
    const context = extractContext({ TraceParent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` });
    expect(injectContext(undefined, context)).toEqual({
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    });
    expect(injectContext()).toEqual({});
  });

  it('survives carriers that are none', () => {
    for (const carrier of [undefined, null, 5, 'text', [], () => 1]) {
      expect(trace.getSpan(extractContext(carrier))).toBeUndefined();
      injectContext(carrier);
    }
  });
});

describe('childEnv', () => {
  it('copies the environment with the current span in it, and drops an old one', () => {
    const old = { A: '1', TRACEPARENT: 'old', tracestate: 'old', B: undefined };
    const env = withSpan('parent', (span) => {
      const made = childEnv(old);
      const { traceId, spanId } = span.spanContext();
      expect(made).toEqual({ A: '1', TRACEPARENT: `00-${traceId}-${spanId}-03` });
      return childEnv();
    });
    expect(env['PATH']).toBe(process.env['PATH']);
    expect(childEnv({ TRACEPARENT: 'x' })).toEqual({});
  });
});
