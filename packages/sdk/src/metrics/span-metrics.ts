import type { Attributes, BatchObservableResult, Meter } from '@opentelemetry/api';

import { PARENT_ORIGINS, SAMPLING_RESULTS } from '../common/span-counts.js';
import type { SpanCounts } from '../common/span-counts.js';

/**
 * `otel.sdk.span.started` and `.live` of a provider's counts, on any meter. A span that is never
 * ended stays live. Returns what switches them off.
 */
export function observeSpans(meter: Meter, counts: SpanCounts): () => void {
  const started = meter.createObservableCounter('otel.sdk.span.started', {
    unit: '{span}',
    description: 'The number of created spans.',
  });
  const live = meter.createObservableUpDownCounter('otel.sdk.span.live', {
    unit: '{span}',
    description: 'The number of created spans that record and have not ended yet.',
  });
  const callback = (result: BatchObservableResult): void => {
    for (const [row, sampling] of SAMPLING_RESULTS.entries()) {
      let recording = 0;
      for (const [column, origin] of PARENT_ORIGINS.entries()) {
        const count = counts.started[row * PARENT_ORIGINS.length + column] ?? 0;
        recording += count;
        if (count > 0) result.observe(started, count, startedAttributes(sampling, origin));
      }
      if (sampling === 'DROP' || recording === 0) continue;
      const running = recording - (counts.ended[row] ?? 0);
      result.observe(live, running, { 'otel.span.sampling_result': sampling });
    }
  };
  meter.addBatchObservableCallback(callback, [started, live]);
  return () => meter.removeBatchObservableCallback(callback, [started, live]);
}

function startedAttributes(sampling: string, origin: string): Attributes {
  return { 'otel.span.sampling_result': sampling, 'otel.span.parent.origin': origin };
}
