/** The official instrumentations of what the service uses. */
import type { Instrumentation } from '@opentelemetry/instrumentation';
import { ExpressInstrumentation } from '@opentelemetry/instrumentation-express';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { PinoInstrumentation } from '@opentelemetry/instrumentation-pino';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';

/** One of each; pino correlates lines and sends none, as ours does. */
export function officialInstrumentations(): Instrumentation[] {
  return [
    new HttpInstrumentation(),
    new UndiciInstrumentation(),
    new ExpressInstrumentation(),
    new PinoInstrumentation({ disableLogSending: true }),
  ];
}
