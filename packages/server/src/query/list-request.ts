import type { QueryNode } from '@codomyrmex/telemetry-query';

import type { Engine, QueryOptions } from '../store/engine.js';
import type { TimeRange } from './range.js';

/** What every list question is given; checked and with defaults filled in by the API. */
export interface ListQuestion {
  readonly range: TimeRange;
  readonly filter: QueryNode;
  readonly limit: number;
  readonly cursor?: string;
}

/** Where a question is asked. */
export interface Asking {
  readonly engine: Engine;
  readonly options?: QueryOptions;
}
