/** Which wire an exporter speaks, and what follows from it for URLs. */
import type { Signal } from './signal.js';

/** OTEL_EXPORTER_OTLP_PROTOCOL. */
export type Protocol = 'http/protobuf' | 'http/json' | 'grpc';

/** All of them, as the specification writes them. */
export const PROTOCOLS: readonly Protocol[] = ['http/protobuf', 'http/json', 'grpc'];

const GRPC_SERVICES: Readonly<Record<Signal, string>> = {
  traces: 'opentelemetry.proto.collector.trace.v1.TraceService',
  metrics: 'opentelemetry.proto.collector.metrics.v1.MetricsService',
  logs: 'opentelemetry.proto.collector.logs.v1.LogsService',
};

/** Where a backend listens when nobody says otherwise: the specification's ports. */
export function defaultEndpoint(protocol: Protocol): string {
  return protocol === 'grpc' ? 'http://localhost:4317' : 'http://localhost:4318';
}

/**
 * The URL that a signal is posted to. Over HTTP a signal's own endpoint is used as it is and a
 * common one gets /v1/traces and so on; gRPC has its paths, whatever the endpoint's.
 */
export function urlOf(
  protocol: Protocol,
  signal: Signal,
  base: string,
  own: string | undefined,
): string {
  if (protocol === 'grpc') return `${new URL(own ?? base).origin}/${GRPC_SERVICES[signal]}/Export`;
  return own ?? `${base}/v1/${signal}`;
}

/** gRPC endpoints may come without scheme: `isInsecure` (OTEL_EXPORTER_OTLP_INSECURE) decides. */
export function withScheme(text: string, isInsecure: boolean): string {
  return text.includes('://') ? text : `${isInsecure ? 'http' : 'https'}://${text}`;
}
