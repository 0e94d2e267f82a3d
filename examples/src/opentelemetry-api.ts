/**
 * The same SDK behind the api that libraries use: nothing here is ours but the first import, which
 * registers the providers. Sends to OTEL_EXPORTER_OTLP_ENDPOINT, default http://localhost:4318.
 */
import { init, shutdown } from '@codomyrmex/telemetry';
import { metrics, trace } from '@opentelemetry/api';

init({ serviceName: 'example-api' });

const tracer = trace.getTracer('example', '1.0.0');
const requests = metrics.getMeter('example', '1.0.0').createCounter('requests');

tracer.startActiveSpan('work', (span) => {
  requests.add(1, { outcome: 'fine' });
  span.setAttribute('answer', 42).end();
});

await shutdown();
