import { once } from 'node:events';
import { type IncomingMessage, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { type AnyValue, decode } from '@codomyrmex/otlp';

/** A span as it arrived. */
export interface SinkSpan {
  readonly service: string;
  readonly scope: string;
  readonly name: string;
  /** INTERNAL 1, SERVER 2, CLIENT 3. */
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly status: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Takes OTLP/HTTP protobuf and keeps the spans. */
export class OtlpSink {
  readonly spans: SinkSpan[] = [];
  readonly metricNames: string[] = [];
  readonly logBodies: string[] = [];
  #server: Server | undefined;
  #arrived: () => void = () => {};

  /** The endpoint, once started. */
  async start(): Promise<string> {
    this.#server = createServer((request, response) => {
      void this.#take(request).then(() => response.end());
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #take(request: IncomingMessage): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const raw = Buffer.concat(pieces);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    if (request.url === '/v1/traces') this.spans.push(...readSpans(body));
    if (request.url === '/v1/metrics') this.metricNames.push(...readMetricNames(body));
    if (request.url === '/v1/logs') this.logBodies.push(...readLogBodies(body));
    this.#arrived();
  }

  /** Resolves once the spans that came satisfy, at most after 15 s; takes them out. */
  async until(satisfied: (spans: readonly SinkSpan[]) => boolean): Promise<SinkSpan[]> {
    const deadline = performance.now() + 15_000;
    while (!satisfied(this.spans)) {
      const left = deadline - performance.now();
      if (left <= 0) {
        const names = this.spans.map((span) => `${span.service} ${span.scope} ${span.name}`);
        throw new Error(`not the spans that were expected: ${names.join(', ')}`);
      }
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
        setTimeout(resolve, left);
      });
    }
    return this.spans.splice(0);
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }
}

function readSpans(body: Uint8Array): SinkSpan[] {
  const spans: SinkSpan[] = [];
  for (const { resource, scopeSpans = [] } of decode('ExportTraceServiceRequest', body)
    .resourceSpans ?? []) {
    const service = (resource?.attributes ?? []).find(({ key }) => key === 'service.name');
    for (const { scope, spans: list = [] } of scopeSpans) {
      for (const span of list) {
        spans.push({
          service: service?.value?.stringValue ?? '',
          scope: scope?.name ?? '',
          name: span.name ?? '',
          kind: span.kind ?? 0,
          traceId: hex(span.traceId),
          spanId: hex(span.spanId),
          parentSpanId: hex(span.parentSpanId),
          status: span.status?.code ?? 0,
          attributes: Object.fromEntries(
            (span.attributes ?? []).map(({ key, value }) => [key ?? '', plain(value)]),
          ),
        });
      }
    }
  }
  return spans;
}

function readMetricNames(body: Uint8Array): string[] {
  const { resourceMetrics = [] } = decode('ExportMetricsServiceRequest', body);
  return resourceMetrics
    .flatMap((resource) => resource.scopeMetrics ?? [])
    .flatMap((scope) => scope.metrics ?? [])
    .map((metric) => metric.name ?? '');
}

function readLogBodies(body: Uint8Array): string[] {
  const { resourceLogs = [] } = decode('ExportLogsServiceRequest', body);
  return resourceLogs
    .flatMap((resource) => resource.scopeLogs ?? [])
    .flatMap((scope) => scope.logRecords ?? [])
    .map((record) => record.body?.stringValue ?? '');
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}

function plain(value: AnyValue | undefined): unknown {
  const [first] = Object.values(value ?? {}) as unknown[];
  return typeof first === 'bigint' ? Number(first) : first;
}
