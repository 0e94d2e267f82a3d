/** Which propagators are in use, and several as one. */
import type { Context, TextMapGetter, TextMapPropagator, TextMapSetter } from '@opentelemetry/api';
import { report, reportOnce } from '../common/diagnostics.js';
import { readList } from '../common/environment.js';
import type { Environment } from '../common/environment.js';
import { W3CBaggagePropagator } from './baggage-propagator.js';
import { W3CTraceContextPropagator } from './trace-context-propagator.js';

/** Asks each propagator in turn; one that throws is reported and passed over. */
export class CompositePropagator implements TextMapPropagator {
  readonly #propagators: readonly TextMapPropagator[];

  constructor(options: { readonly propagators?: readonly TextMapPropagator[] } = {}) {
    this.#propagators = options.propagators ?? [];
  }

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    for (const propagator of this.#propagators) {
      try {
        propagator.inject(context, carrier, setter);
      } catch (error: unknown) {
        reportOnce('warn', 'inject', `a propagator could not inject: ${String(error)}`);
      }
    }
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    let extracted = context;
    for (const propagator of this.#propagators) {
      try {
        extracted = propagator.extract(extracted, carrier, getter);
      } catch (error: unknown) {
        reportOnce('warn', 'extract', `a propagator could not extract: ${String(error)}`);
      }
    }
    return extracted;
  }

  fields(): string[] {
    // Some propagators in use have no `fields`, though the interface asks for it.
    const fields = this.#propagators.flatMap(
      (one: Partial<TextMapPropagator>) => one.fields?.() ?? [],
    );
    return [...new Set(fields)];
  }
}

/** The propagator that options or OTEL_PROPAGATORS name; tracecontext and baggage by default. */
export function resolvePropagator(
  fromCode: readonly TextMapPropagator[] | undefined,
  environment: Environment,
): CompositePropagator {
  if (fromCode !== undefined) return new CompositePropagator({ propagators: fromCode });
  const names = readList(environment, 'OTEL_PROPAGATORS') ?? ['tracecontext', 'baggage'];
  const propagators: TextMapPropagator[] = [];
  for (const name of new Set(names)) {
    if (name === 'tracecontext') propagators.push(new W3CTraceContextPropagator());
    else if (name === 'baggage') propagators.push(new W3CBaggagePropagator());
    else if (name !== 'none') {
      report('warn', `ignoring ${name} in OTEL_PROPAGATORS: pass its propagator to init instead`);
    }
  }
  return new CompositePropagator({ propagators });
}
