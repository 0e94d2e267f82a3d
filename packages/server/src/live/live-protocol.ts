import type { LiveRequest } from '@codomyrmex/telemetry-query';
import { z } from 'zod';

const text = z.string().max(10_000);
const id = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const listed = { from: text, q: text.optional(), limit: z.number().int().min(1).optional() };

const QUERY = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('traces'), ...listed }),
  z.object({ kind: z.literal('trace'), traceId: text }),
  z.object({ kind: z.literal('logs'), ...listed }),
  z.object({ kind: z.literal('services'), from: text, q: text.optional() }),
  z.object({ kind: z.literal('metrics'), from: text, q: text.optional() }),
  z.object({
    kind: z.literal('series'),
    name: text,
    from: text.optional(),
    to: text.optional(),
    agg: text.optional(),
    by: text.optional(),
    q: text.optional(),
    step: text.optional(),
  }),
  z.object({ kind: z.literal('status') }),
  z.object({ kind: z.literal('views') }),
]);

const REQUEST = z.discriminatedUnion('op', [
  z.object({ op: z.literal('sub'), id, query: QUERY }),
  z.object({ op: z.literal('unsub'), id }),
  z.object({ op: z.literal('ack'), id, seq: z.number().int() }),
  z.object({ op: z.literal('pause') }),
  z.object({ op: z.literal('resume') }),
]);

/** A message of a page, or what is wrong with it and (when it has one) its subscription's id. */
export type ReadRequest =
  | { readonly ok: true; readonly request: LiveRequest }
  | { readonly ok: false; readonly id: number; readonly message: string };

/** Reads a message; never throws. */
export function readRequest(message: string): ReadRequest {
  let json: unknown;
  try {
    json = JSON.parse(message);
  } catch {
    return { ok: false, id: 0, message: 'the message is not JSON' };
  }
  const result = REQUEST.safeParse(json);
  if (result.success) return { ok: true, request: result.data as LiveRequest };
  const issue = result.error.issues[0];
  const where = issue?.path.join('.') ?? '';
  return { ok: false, id: idOf(json), message: `${where}: ${issue?.message ?? 'cannot be read'}` };
}

function idOf(json: unknown): number {
  if (typeof json !== 'object' || json === null || !('id' in json)) return 0;
  return typeof json.id === 'number' && Number.isSafeInteger(json.id) ? json.id : 0;
}
