/**
 * One SDK in one process, measured: `node span-subject.js ours|official|none MODE`, which is
 * micro, pipeline, or defaults: the pipeline with the official SDK as it comes.
 * Prints one line of JSON. Started by span.bench.ts and loss.bench.ts, which alternate the two.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, context, trace } from '@opentelemetry/api';
import type { Context, Span, Tracer } from '@opentelemetry/api';

/** What is measured. */
interface Subject {
  readonly tracer: Tracer;
  readonly unsampled: Tracer;
  flush(): Promise<void>;
}

const [which = 'ours', mode = 'micro', url = 'http://127.0.0.1:4318', rate = '0'] =
  process.argv.slice(2);
const RESOURCE = { 'service.name': 'bench', 'service.version': '1.0.0', 'host.name': 'h1' };
const ERROR = new RangeError('card number was refused by the bank');
/** Values that differ from span to span, as paths and keys do in a real program. */
const ORDERS: readonly string[] = Array.from(
  { length: 4096 },
  (_, index) => `/orders/2026/${100_000 + index * 13}/lines`,
);

async function ours(): Promise<Subject> {
  const { Telemetry, TracerProvider, init } = await import('@codomyrmex/telemetry');
  const isMicro = mode === 'micro';
  const main = init({ endpoint: url, resource: RESOURCE });
  // Micro: what is encoded is thrown away; the official SDK has no processor there, so that its
  // side makes spans and encodes nothing.
  const zero = { traces: 0, metrics: 0, logs: 0 };
  const discard = {
    enqueue: (): void => undefined,
    flush: (): Promise<void> => Promise.resolve(),
    shutdown: (): Promise<void> => Promise.resolve(),
    stats: () => ({ sent: zero, dropped: zero, droppedBy: {} }),
  };
  const shared = { resource: main.resource, exporter: isMicro ? discard : main.exporter };
  const on = new Telemetry({ endpoint: url }, {}, shared);
  const off = new Telemetry({ endpoint: url }, { OTEL_TRACES_SAMPLER: 'always_off' }, shared);
  return {
    tracer: new TracerProvider(on).getTracer('bench', '1.0.0'),
    unsampled: new TracerProvider(off).getTracer('bench', '1.0.0'),
    flush: () => on.forceFlush(),
  };
}

async function official(): Promise<Subject> {
  const sdk = await import('@opentelemetry/sdk-trace-base');
  const { resourceFromAttributes } = await import('@opentelemetry/resources');
  const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks');
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const resource = resourceFromAttributes(RESOURCE);
  const spanProcessors = [];
  if (mode !== 'micro') {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
    const exporter = new OTLPTraceExporter({ url: `${url}/v1/traces` });
    // Generous, so that it loses as little as it can; but its defaults where losses are measured.
    const batch = { maxQueueSize: 500_000, maxExportBatchSize: 4096, scheduledDelayMillis: 50 };
    const options = mode === 'defaults' ? {} : batch;
    spanProcessors.push(new sdk.BatchSpanProcessor(exporter, options));
  }
  const on = new sdk.BasicTracerProvider({ resource, spanProcessors });
  const off = new sdk.BasicTracerProvider({ resource, sampler: new sdk.AlwaysOffSampler() });
  return {
    tracer: on.getTracer('bench', '1.0.0'),
    unsampled: off.getTracer('bench', '1.0.0'),
    flush: () => on.forceFlush(),
  };
}

/** What the workload itself costs: the api without an SDK. */
function none(): Promise<Subject> {
  const tracer = trace.getTracer('bench');
  return Promise.resolve({ tracer, unsampled: tracer, flush: () => Promise.resolve() });
}

function plainSpan(tracer: Tracer): void {
  tracer.startSpan('queue.poll').end();
}

function fiveAttributes(tracer: Tracer, index: number, parent?: Context): Span {
  const span = tracer.startSpan(
    'POST /orders/:id/lines',
    {
      kind: SpanKind.SERVER,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/orders/:year/:id/lines',
        'url.path': ORDERS[index & 4095]!,
      },
    },
    parent,
  );
  span.setAttribute('http.response.status_code', 201);
  span.setAttribute('network.protocol.version', '1.1');
  span.end();
  return span;
}

function tenAttributes(tracer: Tracer, index: number): void {
  const span = tracer.startSpan('UPDATE lines', {
    kind: SpanKind.CLIENT,
    attributes: {
      'db.system.name': 'mariadb',
      'db.namespace': 'orders',
      'db.operation.name': 'UPDATE',
      'db.collection.name': 'lines',
      'server.address': 'orders-db.internal',
      'server.port': 3306,
    },
  });
  span.setAttribute('db.query.text', 'UPDATE lines SET state = ? WHERE order_id = ? AND line = ?');
  span.setAttribute('url.path', ORDERS[index & 4095]!);
  span.setAttribute('db.response.affected_rows', index & 31);
  span.setAttribute('app.retry', false);
  span.addEvent('lock.wait', { 'lock.name': 'lines', 'lock.millis': 2 });
  span.addEvent('committed', { rows: index & 31, log: 'b1' });
  span.recordException(ERROR);
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'refused' });
  span.end();
}

function nested(tracer: Tracer): void {
  tracer.startActiveSpan('outer', (outer) => {
    tracer.startActiveSpan('middle', (middle) => {
      tracer.startActiveSpan('inner', (inner) => inner.end());
      middle.end();
    });
    outer.end();
  });
}

/** Four spans: an active one with five attributes and three children with five each. */
function request(tracer: Tracer, index: number): void {
  tracer.startActiveSpan(
    'POST /orders/:id',
    {
      kind: SpanKind.SERVER,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/orders/:year/:id',
        'url.path': ORDERS[index & 4095]!,
      },
    },
    (span) => {
      for (let child = 0; child < 3; child++) fiveAttributes(tracer, index + child);
      span.setAttribute('http.response.status_code', 201);
      span.setAttribute('network.protocol.version', '1.1');
      span.end();
    },
  );
}

interface Micro {
  readonly nanos: number;
  readonly bytes: number;
}

/** Median of rounds; bytes by heap growth, in rounds of their own. */
async function measure(work: (index: number) => void): Promise<Micro> {
  const count = 10_000;
  const rounds = 15;
  // Until the compiler is done, whatever else the machine does.
  for (let warm = 0; warm < 10; warm++) {
    for (let index = 0; index < count; index++) work(index);
    await delay(5);
  }
  const nanos: number[] = [];
  const bytes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // A turn lets either SDK's timers run outside of what is measured.
    await turn();
    // CPU, not the clock: the machine has other things to do.
    const before = process.cpuUsage();
    for (let index = 0; index < count; index++) work(index);
    const { user, system } = process.cpuUsage(before);
    nanos.push(((user + system) * 1000) / count);
  }
  for (let round = 0; round < rounds; round++) {
    globalThis.gc?.();
    for (let index = 0; index < count; index++) work(index);
    const heap = process.memoryUsage().heapUsed;
    for (let index = 0; index < 1000; index++) work(index);
    bytes.push((process.memoryUsage().heapUsed - heap) / 1000);
  }
  const middle = (values: number[]): number => values.toSorted((a, b) => a - b)[rounds >> 1]!;
  return { nanos: middle(nanos), bytes: middle(bytes) };
}

async function micro(subject: Subject): Promise<Record<string, Micro>> {
  const { tracer, unsampled } = subject;
  const parent = trace.setSpan(ROOT_CONTEXT, tracer.startSpan('parent'));
  return {
    plain: await measure(() => plainSpan(tracer)),
    five: await measure((index) => fiveAttributes(tracer, index)),
    ten: await measure((index) => tenAttributes(tracer, index)),
    child: await measure((index) => fiveAttributes(tracer, index, parent)),
    nested: await measure(() => nested(tracer)),
    unsampled: await measure((index) => fiveAttributes(unsampled, index)),
    current: await measure(() => trace.getActiveSpan()),
  };
}

async function emit(tracer: Tracer, spans: number, spansPerSecond: number): Promise<void> {
  const start = performance.now();
  for (let index = 0, sent = 0; sent < spans;) {
    const due =
      spansPerSecond === 0 ? sent + 100 : ((performance.now() - start) / 1000) * spansPerSecond;
    for (const end = Math.min(spans, due); sent < end; sent += 4) request(tracer, index++);
    await (spansPerSecond === 0 ? turn() : delay(1));
  }
}

async function pipeline(subject: Subject): Promise<Record<string, number>> {
  const paced = Number(rate);
  const spans = paced === 0 ? 400_000 : paced * 3;
  await emit(subject.tracer, paced === 0 ? 60_000 : paced, paced);
  await subject.flush();
  await delay(300);
  await fetch(`${url}/count`);
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const before = process.cpuUsage();
  const start = performance.now();
  await emit(subject.tracer, spans, paced);
  const emitted = performance.now() - start;
  await subject.flush();
  const { user, system } = process.cpuUsage(before);
  loop.disable();
  await delay(200);
  const answer = (await (await fetch(`${url}/count`)).json()) as { spans: number; bytes: number };
  return {
    nanos: ((user + system) * 1000) / spans,
    perSecond: (spans / emitted) * 1000,
    delivered: answer.spans / spans,
    size: answer.bytes / Math.max(1, answer.spans),
    loopP99: loop.percentile(99) / 1e6,
  };
}

const makers: Readonly<Record<string, () => Promise<Subject>>> = { ours, official, none };
const subject = await makers[which]!();
const result = mode === 'micro' ? await micro(subject) : await pipeline(subject);
console.log(JSON.stringify(result));
process.exit(0);
