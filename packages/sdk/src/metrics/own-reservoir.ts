/** Exemplars that a reservoir of the program's chooses; what it throws harms nobody. */
import type { Attributes, Context } from '@opentelemetry/api';

import { attributesObject } from '../common/attributes.js';
import { unixNow } from '../common/clock.js';
import { reportOnce } from '../common/diagnostics.js';
import type { ExemplarReservoir, KeptExemplar } from '../common/exemplar-reservoir.js';
import { sortedValid } from './cell-table.js';
import type { Cell, Exemplar } from './cell.js';
import { MAX_EXEMPLARS } from './limits.js';

/** Offers a measurement that the filter let through. */
export function offerToReservoir(
  cell: Cell,
  make: () => ExemplarReservoir,
  value: number,
  attributes: Attributes | undefined,
  context: Context,
): void {
  guarded(() => {
    const { seconds, nanos } = unixNow();
    cell.reservoir ??= make();
    cell.reservoir.offer(value, [seconds, nanos], attributes ?? {}, context);
  });
}

/** Asks a cell's reservoir, if it has one, for what the point is to show. */
export function collectReservoir(cell: Cell): void {
  const { reservoir } = cell;
  if (reservoir === undefined) return;
  guarded(() => {
    const kept = reservoir.collect(attributesObject(cell.attributes) as Attributes);
    cell.exemplars = kept.slice(0, MAX_EXEMPLARS).map(exemplarOf);
  });
}

function exemplarOf(kept: KeptExemplar): Exemplar {
  const [seconds, nanos] = kept.timestamp;
  const { traceId = '', spanId = '' } = kept;
  const hasIds = /^[0-9a-f]{32}$/.test(traceId) && /^[0-9a-f]{16}$/.test(spanId);
  const filtered = sortedValid(kept.filteredAttributes ?? {});
  return {
    value: Number(kept.value),
    time: { seconds, nanos },
    traceId: hasIds ? traceId : '',
    spanId: hasIds ? spanId : '',
    filtered: filtered.length === 0 ? undefined : filtered,
  };
}

function guarded(call: () => void): void {
  try {
    call();
  } catch (error: unknown) {
    reportOnce('error', 'exemplar reservoir', `an exemplar reservoir threw: ${String(error)}`);
  }
}
