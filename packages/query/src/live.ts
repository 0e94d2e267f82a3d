import type {
  LogRecord,
  MetricQueryAnswer,
  MetricQueryRequest,
  MetricsAnswer,
  ServicesAnswer,
  Span,
  StatusAnswer,
  TraceRow,
  ViewsAnswer,
} from './api.js';

/**
 * The live connection: WebSocket /api/v1/live, JSON text frames.
 *
 *   page                                   server
 *   {op:'sub', id, query}            →
 *                                    ←     {op:'snapshot', id, seq, data}
 *   {op:'ack', id, seq}              →
 *                                    ←     {op:'delta', id, seq, data}
 *   {op:'unsub', id}                 →
 *   {op:'pause'} / {op:'resume'}     →
 *
 * At most one unacknowledged frame a subscription: what happens meanwhile is coalesced.
 * A relative `from` (`now-15m`) moves with the clock. `pause` (hidden tab) stops all frames;
 * `resume` brings a fresh snapshot of each subscription.
 */
export type LiveQuery =
  | { readonly kind: 'traces'; readonly q?: string; readonly from: string; readonly limit?: number }
  | { readonly kind: 'trace'; readonly traceId: string }
  | { readonly kind: 'logs'; readonly q?: string; readonly from: string; readonly limit?: number }
  | { readonly kind: 'services'; readonly from: string; readonly q?: string }
  | { readonly kind: 'metrics'; readonly from: string; readonly q?: string }
  | ({ readonly kind: 'series' } & MetricQueryRequest)
  | { readonly kind: 'status' }
  | { readonly kind: 'views' };

/** What each kind sends. Lists: new or changed rows; states: the whole latest state, every time. */
export interface LiveData {
  /** Upserts by traceId, newest start first. `skipped`: rows beyond the limit, left out. */
  readonly traces: { readonly items: readonly TraceRow[]; readonly skipped: number };
  /** Upserts by spanId. */
  readonly trace: { readonly spans: readonly Span[] };
  /** Appended records, newest first. */
  readonly logs: { readonly items: readonly LogRecord[]; readonly skipped: number };
  readonly services: ServicesAnswer;
  readonly metrics: MetricsAnswer;
  readonly series: MetricQueryAnswer;
  readonly status: StatusAnswer;
  readonly views: ViewsAnswer;
}

export type LiveKind = LiveQuery['kind'];

export type LiveRequest =
  | { readonly op: 'sub'; readonly id: number; readonly query: LiveQuery }
  | { readonly op: 'unsub'; readonly id: number }
  | { readonly op: 'ack'; readonly id: number; readonly seq: number }
  | { readonly op: 'pause' }
  | { readonly op: 'resume' };

export type LiveFrame =
  | {
      readonly op: 'snapshot' | 'delta';
      readonly id: number;
      readonly seq: number;
      readonly data: LiveData[LiveKind];
    }
  | {
      readonly op: 'error';
      readonly id: number;
      readonly code: string;
      readonly message: string;
      readonly column?: number;
    };
