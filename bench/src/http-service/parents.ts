/** Whether each client's span hangs below the server's span of the request that made it. */
import { type AnyValue, type Span, decode } from '@codomyrmex/otlp';

const SERVER = 2;
const CLIENT = 3;

/** What arrived. */
export interface Arrived {
  readonly spans: number;
  readonly clients: number;
  /** Client spans below no request's span, or below another's. */
  readonly misplaced: number;
}

/** Looks through export requests of the service. Its paths end in the number of the order. */
export function inspect(bodies: readonly Uint8Array[]): Arrived {
  const byId = new Map<string, Span>();
  for (const body of bodies) {
    for (const { scopeSpans = [] } of decode('ExportTraceServiceRequest', body).resourceSpans ??
      []) {
      for (const { spans = [] } of scopeSpans) for (const span of spans) byId.set(idOf(span), span);
    }
  }
  let clients = 0;
  let misplaced = 0;
  for (const span of byId.values()) {
    if (span.kind !== CLIENT) continue;
    clients++;
    const request = requestOf(span, byId);
    if (request === undefined || orderOf(request) !== orderOf(span)) misplaced++;
  }
  return { spans: byId.size, clients, misplaced };
}

function idOf({ traceId, spanId }: Span): string {
  return `${hex(traceId)} ${hex(spanId)}`;
}

function requestOf(span: Span, byId: ReadonlyMap<string, Span>): Span | undefined {
  let above: Span | undefined = span;
  while (above !== undefined && above.kind !== SERVER) {
    above = byId.get(`${hex(above.traceId)} ${hex(above.parentSpanId)}`);
  }
  return above;
}

/** The order's number out of the path, by the conventions or the ones before. */
function orderOf({ attributes = [] }: Span): string | undefined {
  const keys = ['url.full', 'http.url', 'url.path', 'http.target'];
  const path = attributes.find(({ key }) => keys.includes(key ?? ''))?.value as AnyValue;
  return /\d+$/.exec(path?.stringValue ?? '')?.[0];
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}
