import { type Meter, type Tracer } from '@opentelemetry/api';
import type { Logger } from '@opentelemetry/api-logs';
import { OTLPLogExporter as GrpcLogs } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtoLogs } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as GrpcMetrics } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoMetrics } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as GrpcTraces } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoTraces } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';

/** The official OpenTelemetry SDK as a client of our OTLP port; its batch delay is 100 ms. */
export interface OfficialSdk {
  readonly tracer: Tracer;
  readonly meter: Meter;
  readonly logger: Logger;
  flush(): Promise<void>;
  shutdown(): Promise<void>;
}

export type OtlpEncoding = 'protobuf' | 'json' | 'grpc';

const EXPORTERS = {
  protobuf: { Traces: ProtoTraces, Metrics: ProtoMetrics, Logs: ProtoLogs },
  json: { Traces: JsonTraces, Metrics: JsonMetrics, Logs: JsonLogs },
  grpc: { Traces: GrpcTraces, Metrics: GrpcMetrics, Logs: GrpcLogs },
};

export function officialSdk(
  endpoint: string,
  encoding: OtlpEncoding,
  service: string,
  compression: 'gzip' | 'none' = 'none',
): OfficialSdk {
  const resource = resourceFromAttributes({ 'service.name': service, 'service.version': '1.2.3' });
  const options = (signal: string): { url: string; compression: never } => ({
    url: encoding === 'grpc' ? endpoint : `${endpoint}/v1/${signal}`,
    compression: compression as never,
  });
  const { Traces, Metrics, Logs } = EXPORTERS[encoding];
  const traces = new Traces(options('traces'));
  const metrics = new Metrics(options('metrics'));
  const logs = new Logs(options('logs'));
  const spanProcessor = new BatchSpanProcessor(traces, { scheduledDelayMillis: 100 });
  const tracers = new BasicTracerProvider({ resource, spanProcessors: [spanProcessor] });
  const reader = new PeriodicExportingMetricReader({
    exporter: metrics,
    exportIntervalMillis: 60_000,
  });
  const meters = new MeterProvider({ resource, readers: [reader] });
  const logProcessor = new BatchLogRecordProcessor({ exporter: logs, scheduledDelayMillis: 100 });
  const loggers = new LoggerProvider({ resource, processors: [logProcessor] });
  return {
    tracer: tracers.getTracer('e2e', '1.0.0'),
    meter: meters.getMeter('e2e', '1.0.0'),
    logger: loggers.getLogger('e2e', '1.0.0'),
    async flush() {
      await Promise.all([tracers.forceFlush(), meters.forceFlush(), loggers.forceFlush()]);
    },
    async shutdown() {
      await Promise.all([tracers.shutdown(), meters.shutdown(), loggers.shutdown()]);
    },
  };
}
