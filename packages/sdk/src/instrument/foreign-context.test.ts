import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { ROOT_CONTEXT, context as contextApi, trace as traceApi } from '@opentelemetry/api';
import type { Context, ContextManager } from '@opentelemetry/api';
import { afterEach, expect, test } from 'vitest';
import { setForeignContextManager } from '../common/context.js';
import { untraced } from '../export/suppress.js';
import { enableInstrumentations } from './enable.js';
import { Recorder } from './fixtures/recorded.js';

/** A context manager with a storage that we do not know. */
class ForeignContexts implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...values: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...values: A
  ): ReturnType<F> {
    return this.#storage.run(context, (): ReturnType<F> => fn.apply(thisArg as never, values));
  }

  bind<T>(_context: Context, target: T): T {
    return target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
  }
}

afterEach(() => {
  setForeignContextManager(false);
  contextApi.disable();
});

test('with someone else’s context manager the server’s span is current all the same', async () => {
  const recorder = new Recorder();
  contextApi.disable();
  contextApi.setGlobalContextManager(new ForeignContexts());
  setForeignContextManager(true);
  const disable = enableInstrumentations(['http'], { tracerProvider: recorder.provider }, {});
  const seen: (string | undefined)[] = [];
  const server = http.createServer((_request, response) => {
    setTimeout(() => {
      seen.push(traceApi.getActiveSpan()?.spanContext().spanId);
      response.end();
    }, 1);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  for (const path of ['/one', '/two']) {
    await untraced(() => once(http.get({ port, path, host: '127.0.0.1', agent: false }), 'close'));
  }
  server.close();
  await once(server, 'close');
  const spans = await recorder.spans();
  expect(spans.map((span) => span.spanId)).toEqual(seen);
  expect(spans).toHaveLength(2);
  disable();
});
