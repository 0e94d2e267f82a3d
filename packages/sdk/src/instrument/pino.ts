/**
 * Correlation of pino's lines, over `tracing:pino_asJson`: trace_id, span_id and trace_flags as the
 * official instrumentation names them. For the time of one line they stand in the logger's own
 * prepared text, so that no object of the program's is touched and nothing is serialised twice.
 */
import { tracingChannel } from 'node:diagnostics_channel';
import { activeContext, spanOf } from '../common/context.js';
import { guarded } from './guard.js';

interface LineMessage {
  readonly instance: Record<symbol, unknown>;
  readonly arguments?: { readonly 0?: unknown };
  [SAVED]?: string;
  [UNDER]?: symbol;
}

const SAVED: unique symbol = Symbol('codomyrmex-telemetry.saved');
const UNDER: unique symbol = Symbol('codomyrmex-telemetry.under');
const CHINDINGS = 'pino.chindings';

let known: symbol | undefined;

/** Adds the current span's ids to pino's lines. Returns what switches it off. */
export function correlatePino(): () => void {
  const lines = tracingChannel('pino_asJson');
  lines.start.subscribe(onStart);
  lines.end.subscribe(onEnd);
  return () => {
    lines.start.unsubscribe(onStart);
    lines.end.unsubscribe(onEnd);
  };
}

const onStart = guarded<LineMessage>((message) => {
  const context = spanOf(activeContext())?.spanContext();
  if (context === undefined || hasTraceId(message.arguments?.[0])) return;
  const symbol = chindingsOf(message.instance);
  if (symbol === undefined) return;
  const text = message.instance[symbol] as string;
  message[SAVED] = text;
  message[UNDER] = symbol;
  const { spanId, traceFlags, traceId } = context;
  const flags = traceFlags.toString(16).padStart(2, '0');
  message.instance[symbol] =
    `${text},"trace_id":"${traceId}","span_id":"${spanId}","trace_flags":"${flags}"`;
});

/** True when the program, or the official instrumentation's mixin, has put the ids there. */
function hasTraceId(object: unknown): boolean {
  return typeof object === 'object' && object !== null && Object.hasOwn(object, 'trace_id');
}

/** The symbol under which this copy of pino keeps a logger's bindings as text. */
function chindingsOf(logger: Record<symbol, unknown>): symbol | undefined {
  if (known !== undefined && typeof logger[known] === 'string') return known;
  for (let owner: object | null = logger; owner !== null; owner = Object.getPrototypeOf(owner)) {
    const found = Object.getOwnPropertySymbols(owner).find(
      (symbol) => symbol.description === CHINDINGS,
    );
    if (found !== undefined && typeof logger[found] === 'string') {
      known = found;
      return found;
    }
  }
  return undefined;
}

const onEnd = guarded<LineMessage>((message) => {
  const symbol = message[UNDER];
  if (symbol !== undefined) message.instance[symbol] = message[SAVED];
});
