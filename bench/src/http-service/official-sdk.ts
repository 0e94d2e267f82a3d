/** The official SDK with generous batching: at 65,536 spans of queue nothing is dropped. */
import { metrics } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

import { officialInstrumentations } from './official-list.js';

const processor = new BatchSpanProcessor(new OTLPTraceExporter(), {
  maxQueueSize: 65_536,
  maxExportBatchSize: 4096,
  scheduledDelayMillis: 1000,
});
new NodeTracerProvider({ spanProcessors: [processor] }).register();
// Official instrumentations measure as well; ours has its metrics on too.
const reader = new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() });
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
registerInstrumentations({ instrumentations: officialInstrumentations() });
