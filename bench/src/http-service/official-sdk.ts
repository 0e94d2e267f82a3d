/** The official SDK with generous batching: at 65,536 spans of queue nothing is dropped. */
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

import { officialInstrumentations } from './official-list.js';

const processor = new BatchSpanProcessor(new OTLPTraceExporter(), {
  maxQueueSize: 65_536,
  maxExportBatchSize: 4096,
  scheduledDelayMillis: 1000,
});
new NodeTracerProvider({ spanProcessors: [processor] }).register();
registerInstrumentations({ instrumentations: officialInstrumentations() });
