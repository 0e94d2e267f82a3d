/** Attributes by which the SDK's parts are told apart in metrics about them. */
import type { Attributes } from '@opentelemetry/api';

import type { Destination } from '../export/settings.js';

/** A part of which an SDK has one, or the `instance`-th of several. */
export function component(type: string, instance = 0): Attributes {
  return { 'otel.component.type': type, 'otel.component.name': `${type}/${instance}` };
}

/** Of the OTLP exporter of a signal, by the word for its records: span, log, metric_data_point. */
export function exporterAttributes(
  word: string,
  { protocol, url }: Destination,
  instance = 0,
): Attributes {
  const kind = word === 'metric_data_point' ? 'metric' : word;
  const wire = { 'http/protobuf': 'http', 'http/json': 'http_json', grpc: 'grpc' }[protocol];
  const { hostname, port, protocol: scheme } = new URL(url);
  return {
    ...component(`otlp_${wire}_${kind}_exporter`, instance),
    'server.address': hostname,
    'server.port': Number(port) || (scheme === 'https:' ? 443 : 80),
  };
}

/** With `error.type` where something failed. */
export function withError(attributes: Attributes, errorType: string | undefined): Attributes {
  return errorType === undefined ? attributes : { ...attributes, 'error.type': errorType };
}
