/** Switches instrumentation on: the built-in ones, and objects of official classes. */
import { report } from '../common/diagnostics.js';
import type { Environment } from '../common/environment.js';
import type {
  InstrumentationProviders,
  InstrumentationsOption,
  OfficialInstrumentation,
} from '../common/instrumentation-options.js';
import { traceChildProcesses } from './child-process.js';
import { traceFastify } from './fastify.js';
import { traceHttpClient } from './http-client.js';
import { traceHttpServer } from './http-server.js';
import { correlatePino } from './pino.js';
import { replacedBy } from './precedence.js';
import { RequestDurations } from './request-durations.js';
import { resolveInstrumentations } from './settings.js';
import type { InstrumentationSettings } from './settings.js';
import { SpanMaker } from './span-maker.js';
import { traceUndici } from './undici.js';

let disable: (() => void) | undefined;

/**
 * Switches on what the option names, with spans made by these providers; what an earlier call had
 * switched on goes off. Returns what switches all of it off. Bad options throw.
 */
export function enableInstrumentations(
  option: InstrumentationsOption,
  providers: InstrumentationProviders,
  environment: Environment = process.env,
): () => void {
  const settings = resolveInstrumentations(option, environment);
  disable?.();
  const undo = [
    ...enableBuiltin(settings, providers),
    ...settings.official.map((one) => enableOfficial(one, providers)),
  ];
  disable = () => {
    for (const off of undo) off();
  };
  return disable;
}

function enableBuiltin(
  settings: InstrumentationSettings,
  providers: InstrumentationProviders,
): (() => void)[] {
  const replaced = replacedBy(settings.official);
  const on = new Set([...settings.on].filter((name) => !replaced.has(name)));
  const maker = (name: string): SpanMaker => new SpanMaker(providers.tracerProvider, name);
  const { meterProvider } = providers;
  const durations = (side: 'server' | 'client', name: string): RequestDurations | undefined =>
    meterProvider === undefined || !settings.http.metrics
      ? undefined
      : new RequestDurations(meterProvider, side, name);
  const undo: (() => void)[] = [];
  if (on.has('http')) {
    const http = maker('http');
    const server = durations('server', 'http');
    undo.push(traceHttpServer(http, settings.http, on.has('express'), server));
    undo.push(traceHttpClient(http, settings.http, durations('client', 'http')));
  }
  if (on.has('undici')) {
    undo.push(traceUndici(maker('undici'), settings.http, durations('client', 'undici')));
  }
  if (on.has('fastify')) {
    undo.push(traceFastify(settings.fastifySpans ? maker('fastify') : undefined));
  }
  if (on.has('pino')) undo.push(correlatePino());
  if (on.has('child_process')) undo.push(traceChildProcesses());
  return undo;
}

function enableOfficial(
  instrumentation: OfficialInstrumentation,
  { tracerProvider, meterProvider, loggerProvider }: InstrumentationProviders,
): () => void {
  const name = instrumentation?.instrumentationName;
  if (typeof instrumentation?.setTracerProvider !== 'function') {
    throw new TypeError(
      `cannot instrument: ${String(name ?? instrumentation)} is no object of an instrumentation`,
    );
  }
  const provider = typeof tracerProvider === 'function' ? tracerProvider() : tracerProvider;
  instrumentation.setTracerProvider(provider);
  if (meterProvider !== undefined) instrumentation.setMeterProvider(meterProvider);
  if (loggerProvider !== undefined) instrumentation.setLoggerProvider?.(loggerProvider);
  // They switch themselves on when made, unless told otherwise; twice would wrap twice.
  if (instrumentation.getConfig().enabled !== true) instrumentation.enable();
  return () => {
    try {
      instrumentation.disable();
    } catch (error: unknown) {
      report('warn', `cannot disable ${name}: ${String(error)}`);
    }
  };
}
