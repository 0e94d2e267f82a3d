/**
 * One SDK in one process, measured:
 *
 *     node span-subject.js ours|official|none MODE URL SPANS_PER_SECOND PEER_FOLDER
 *
 * MODE is micro, pipeline, or defaults: the pipeline with the official SDK as it comes.
 * Prints one line of JSON. Started by span.bench.ts and loss.bench.ts, which alternate the two.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import type { Tracer } from '@opentelemetry/api';
import type * as ContextHooks from '@opentelemetry/context-async-hooks';
import type * as TraceExporter from '@opentelemetry/exporter-trace-otlp-proto';
import type * as Transformer from '@opentelemetry/otlp-transformer';
import type * as Resources from '@opentelemetry/resources';
import type * as TraceSdk from '@opentelemetry/sdk-trace';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import { measure, pipeline } from './span-measure.js';
import type { Micro } from './span-measure.js';
import {
  failedSpan,
  fiveAttributes,
  fullSpan,
  nested,
  ownApi,
  plainSpan,
  price,
  tenAttributes,
  twoEvents,
  wrapByHand,
} from './span-work.js';
import type { Api } from './span-work.js';

/** What is measured. */
interface Subject {
  readonly api: Api;
  readonly tracer: Tracer;
  readonly unsampled: Tracer;
  readonly wrapped: (count: number) => number;
  flush(): Promise<void>;
}

const [
  which = 'ours',
  mode = 'micro',
  url = 'http://127.0.0.1:4318',
  rate = '0',
  peerFolder = fileURLToPath(new URL('..', import.meta.url)),
] = process.argv.slice(2);
const RESOURCE = { 'service.name': 'bench', 'service.version': '1.0.0', 'host.name': 'h1' };

async function ours(): Promise<Subject> {
  const { Telemetry, TracerProvider, init, traced } = await import('@codomyrmex/telemetry');
  const main = init({ endpoint: url, resource: RESOURCE });
  // Micro: what is encoded is thrown away, here and on the official side.
  if (mode === 'micro') main.exporter.enqueue = () => undefined;
  const on = new Telemetry({ endpoint: url }, {}, main);
  const off = new Telemetry({ endpoint: url }, { OTEL_TRACES_SAMPLER: 'always_off' }, main);
  return {
    api: ownApi,
    tracer: new TracerProvider(on).getTracer('bench', '1.0.0'),
    unsampled: new TracerProvider(off).getTracer('bench', '1.0.0'),
    wrapped: traced('price')(price),
    flush: async () => {
      await on.forceFlush();
      await main.forceFlush();
    },
  };
}

/** The official SDK of the peer's folder, with the api that lies beside it. */
function official(): Promise<Subject> {
  const require = createRequire(`${peerFolder}/package.json`);
  const api = require('@opentelemetry/api') as Api;
  const sdk = require('@opentelemetry/sdk-trace') as typeof TraceSdk;
  const { resourceFromAttributes } = require('@opentelemetry/resources') as typeof Resources;
  const { AsyncLocalStorageContextManager } =
    require('@opentelemetry/context-async-hooks') as typeof ContextHooks;
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const resource = resourceFromAttributes(RESOURCE);
  // Generous, so that it loses as little as it can; but its defaults where losses are measured.
  const generous = { maxQueueSize: 500_000, maxExportBatchSize: 4096, scheduledDelayMillis: 50 };
  const spanProcessors = [
    new sdk.BatchSpanProcessor({
      exporter: mode === 'micro' ? nullExporter(require) : otlpExporter(require),
      ...(mode === 'defaults' ? {} : generous),
    }),
  ];
  const on = new sdk.TracerProvider({ resource, spanProcessors });
  const off = new sdk.TracerProvider({ resource, sampler: new sdk.AlwaysOffSampler() });
  const tracer = on.getTracer('bench', '1.0.0');
  return Promise.resolve({
    api,
    tracer,
    unsampled: off.getTracer('bench', '1.0.0'),
    wrapped: wrapByHand(tracer),
    flush: () => on.forceFlush(),
  });
}

function otlpExporter(require: NodeJS.Require): SpanExporter {
  const { OTLPTraceExporter } =
    require('@opentelemetry/exporter-trace-otlp-proto') as typeof TraceExporter;
  return new OTLPTraceExporter({ url: `${url}/v1/traces` });
}

/** Encodes, as ours does, and throws the bytes away. */
function nullExporter(require: NodeJS.Require): SpanExporter {
  const { ProtobufTraceSerializer } =
    require('@opentelemetry/otlp-transformer') as typeof Transformer;
  return {
    export: (spans, done) => {
      const bytes = ProtobufTraceSerializer.serializeRequest(spans);
      done({ code: bytes === undefined ? 1 : 0 });
    },
    shutdown: () => Promise.resolve(),
  };
}

/** What the workload itself costs: the api without an SDK. */
function none(): Promise<Subject> {
  const tracer = ownApi.trace.getTracer('bench');
  const flush = (): Promise<void> => Promise.resolve();
  return Promise.resolve({ api: ownApi, tracer, unsampled: tracer, wrapped: price, flush });
}

async function micro(subject: Subject): Promise<Record<string, Micro>> {
  const { api, tracer, unsampled, wrapped, flush } = subject;
  const parent = api.trace.setSpan(ROOT_CONTEXT, tracer.startSpan('parent'));
  return {
    plain: await measure(flush, () => plainSpan(tracer)),
    five: await measure(flush, (index) => fiveAttributes(tracer, index)),
    ten: await measure(flush, (index) => tenAttributes(tracer, index)),
    events: await measure(flush, (index) => twoEvents(tracer, index)),
    exception: await measure(flush, () => failedSpan(tracer)),
    full: await measure(flush, (index) => fullSpan(tracer, index)),
    child: await measure(flush, (index) => fiveAttributes(tracer, index, parent)),
    nested: await measure(flush, () => nested(tracer)),
    traced: await measure(flush, (index) => void wrapped(index)),
    unsampled: await measure(flush, (index) => fiveAttributes(unsampled, index)),
    current: await measure(flush, () => void api.trace.getActiveSpan()),
  };
}

const makers: Readonly<Record<string, () => Promise<Subject>>> = { ours, official, none };
const subject = await makers[which]!();
const result =
  mode === 'micro'
    ? await micro(subject)
    : await pipeline(subject.tracer, () => subject.flush(), url, Number(rate));
console.log(JSON.stringify(result));
process.exit(0);
