import type { QueryOperator } from '@codomyrmex/telemetry-query';

import type { Bindings } from './bindings.js';

/** `expression op value` as text: order is by bytes, `~` is RE2's unanchored match. */
export function compareText(
  expression: string,
  operator: QueryOperator,
  value: string,
  bindings: Bindings,
): string {
  const bound = bindings.text(value);
  switch (operator) {
    case '~':
      return `match(${expression}, ${bound})`;
    case '!~':
      return `NOT match(${expression}, ${bound})`;
    default:
      return `${expression} ${operator} ${bound}`;
  }
}
