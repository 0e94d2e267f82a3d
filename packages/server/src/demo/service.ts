import {
  TracerProvider,
  loggerProviderOf,
  meterProviderOf,
  namedLogger,
} from '@codomyrmex/telemetry';
import type { NamedLogger, Telemetry } from '@codomyrmex/telemetry';
import { SpanStatusCode, context, trace } from '@opentelemetry/api';
import type { Meter, Span, SpanOptions, Tracer } from '@opentelemetry/api';

const VERSION = '1.4.2';

/** One service of the demo: a resource of its own, in a process that it shares with others. */
export class Service {
  readonly name: string;
  readonly log: NamedLogger;
  readonly meter: Meter;
  readonly #tracer: Tracer;

  /** @param telemetry an SDK whose resource names this service. */
  constructor(telemetry: Telemetry, name: string) {
    this.name = name;
    this.#tracer = new TracerProvider(telemetry).getTracer(name, VERSION);
    this.meter = meterProviderOf(telemetry).getMeter(name, VERSION);
    const provider = loggerProviderOf(telemetry);
    this.log = namedLogger(() => provider.getLogger(name, VERSION));
  }

  /** A service beside the process's own. */
  static beside(telemetry: Telemetry, name: string): Service {
    const attributes = { 'service.name': name, 'service.version': VERSION };
    return new Service(telemetry.withResource(attributes), name);
  }

  /** Runs `work` in a span that ends with it; what it throws is recorded and thrown on. */
  async span<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
    const span = this.#tracer.startSpan(name, options);
    try {
      return await context.with(trace.setSpan(context.active(), span), () => work(span));
    } catch (error: unknown) {
      const exception = error instanceof Error ? error : new Error(String(error));
      span.recordException(exception);
      span.setStatus({ code: SpanStatusCode.ERROR, message: exception.message });
      throw error;
    } finally {
      span.end();
    }
  }
}
