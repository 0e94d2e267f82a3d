/**
 * Fastify 5's channels: the route for the server's span, the error that a handler threw, and, by
 * option, a span for the handler.
 */
import { channel, subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { Context, Span, SpanOptions } from '@opentelemetry/api';
import { activeContext, contextStorage, withSpanInContext } from '../common/context.js';
import { guarded, reportFault } from './guard.js';
import { serverSpanOf, setRoute } from './http-server.js';
import type { TracedRequest } from './http-server.js';
import { spanName } from './http-values.js';
import type { SpanMaker } from './span-maker.js';

const HANDLER_SPAN: unique symbol = Symbol('codomyrmex-telemetry.handler-span');
const INTERNAL: SpanOptions = { kind: SpanKind.INTERNAL };

interface FastifyRequest {
  readonly raw: TracedRequest;
  readonly routeOptions?: { readonly url?: string | undefined };
  readonly opentelemetry?: unknown;
}

interface HandlerMessage {
  readonly request: FastifyRequest;
  readonly route?: { readonly url?: string | undefined } | undefined;
  readonly async: boolean;
  readonly error?: unknown;
  [HANDLER_SPAN]?: Span | undefined;
}

type Hook = (request: FastifyRequest, reply: unknown, done: () => void) => void;

interface FastifyInstance {
  addHook(name: 'onRequest', hook: Hook): unknown;
}

/** Sets routes, and makes handler spans when there is a maker. Returns what switches it off. */
export function traceFastify(maker: SpanMaker | undefined): () => void {
  const handler = tracingChannel('fastify.request.handler');
  subscribe('fastify.initialization', onInitialization);
  handler.start.subscribe(noteRoute);
  handler.error.subscribe(onError);
  const undo = maker === undefined ? undefined : traceHandlers(maker);
  return () => {
    unsubscribe('fastify.initialization', onInitialization);
    handler.start.unsubscribe(noteRoute);
    handler.error.unsubscribe(onError);
    undo?.();
  };
}

/** A hook sees requests that never reach their handler too: refused, invalid, without a login. */
const onInitialization = guarded<{ readonly fastify: FastifyInstance }>(({ fastify }) => {
  fastify.addHook('onRequest', onRequest);
});

const onRequest: Hook = (request, _reply, done) => {
  noteRoute({ request, route: request.routeOptions });
  done();
};

// An instance that was made before we listened has no hook of ours.
const noteRoute = guarded<Pick<HandlerMessage, 'request' | 'route'>>(({ request, route }) => {
  const url = route?.url;
  if (url !== undefined) setRoute(request.raw, url);
});

const onError = guarded<HandlerMessage>(({ request, error }) => {
  if (error instanceof Error) serverSpanOf(request.raw)?.recordException(error);
});

function traceHandlers(maker: SpanMaker): () => void {
  const handler = tracingChannel('fastify.request.handler');
  const enter = (message: unknown): Context => {
    try {
      return beginHandler(maker, message as HandlerMessage);
    } catch (error: unknown) {
      reportFault(error);
      return activeContext();
    }
  };
  const start = channel('tracing:fastify.request.handler:start');
  start.bindStore(contextStorage, enter);
  handler.end.subscribe(onEnd);
  handler.asyncEnd.subscribe(endHandler);
  handler.error.subscribe(onHandlerError);
  return () => {
    start.unbindStore(contextStorage);
    handler.end.unsubscribe(onEnd);
    handler.asyncEnd.unsubscribe(endHandler);
    handler.error.unsubscribe(onHandlerError);
  };
}

function beginHandler(maker: SpanMaker, message: HandlerMessage): Context {
  const context = activeContext();
  // @fastify/otel makes spans of its own, and says so on the request.
  if (serverSpanOf(message.request.raw) === undefined || 'opentelemetry' in message.request) {
    return context;
  }
  const route = message.route?.url ?? '';
  const span = maker.start(spanName('handler -', route), INTERNAL, context, () => [
    'fastify.type',
    'request-handler',
    'http.route',
    route,
  ]);
  message[HANDLER_SPAN] = span;
  return withSpanInContext(context, span);
}

const endHandler = guarded<HandlerMessage>((message) => {
  const span = message[HANDLER_SPAN];
  message[HANDLER_SPAN] = undefined;
  span?.end();
});

const onEnd = guarded<HandlerMessage>((message) => {
  if (!message.async) endHandler(message);
});

const onHandlerError = guarded<HandlerMessage>((message) => {
  const { error } = message;
  const text = error instanceof Error ? error.message : String(error);
  message[HANDLER_SPAN]?.setStatus({ code: SpanStatusCode.ERROR, message: text });
});
