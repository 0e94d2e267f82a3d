import {
  AGGREGATIONS,
  CHART_TYPES,
  MAX_QUERY_LENGTH,
  MAX_VIEW_KEYS,
  MAX_VIEW_METRIC,
  MAX_VIEW_TEXT,
  MAX_VIEW_THRESHOLDS,
  parse,
  QueryError,
  THRESHOLD_LEVELS,
  type View,
} from '@codomyrmex/telemetry-query';
import { z } from 'zod';

import { ViewError } from './view-error.js';

const text = z.string().max(MAX_VIEW_TEXT);

/** PUT /views/{id}: unknown fields are errors, so that a slip does not vanish. */
const VIEW = z.strictObject({
  metric: z.string().min(1).max(MAX_VIEW_METRIC),
  chartType: z.enum(CHART_TYPES),
  title: text.optional(),
  unit: text.optional(),
  by: z.array(text.min(1)).max(MAX_VIEW_KEYS).optional(),
  aggregation: z.enum(AGGREGATIONS).optional(),
  filter: z.string().max(MAX_QUERY_LENGTH).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  thresholds: z
    .array(z.strictObject({ value: z.number(), level: z.enum(THRESHOLD_LEVELS) }))
    .max(MAX_VIEW_THRESHOLDS)
    .optional(),
  order: z.number().optional(),
  group: text.optional(),
  source: text.optional(),
});

/** A view without what the server adds. */
export type ViewBody = Omit<View, 'id' | 'createdUnixNano' | 'updatedUnixNano'>;

/** Reads a view's body. Throws ViewError that names the field, QueryError for a bad filter. */
export function readView(body: unknown): ViewBody {
  const result = VIEW.safeParse(body);
  if (!result.success) {
    const issue = result.error.issues[0];
    const name = issue?.path.join('.') ?? '';
    const message = issue?.message ?? 'cannot be read';
    throw new ViewError('bad_view', name === '' ? message : `${name}: ${message}`);
  }
  const view = result.data;
  if (view.filter !== undefined) checkFilter(view.filter);
  // zod's optional fields may hold undefined; the type says that they are absent then.
  return Object.fromEntries(
    Object.entries(view).filter(([, value]) => value !== undefined),
  ) as unknown as ViewBody;
}

function checkFilter(filter: string): void {
  const parsed = parse(filter);
  if (parsed.ok) return;
  const { message, column, length, hint } = parsed.error;
  throw new QueryError({
    message: `filter: ${message}`,
    column,
    length,
    ...(hint === undefined ? {} : { hint }),
  });
}
