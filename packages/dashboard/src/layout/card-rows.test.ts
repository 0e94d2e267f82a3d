import { CHART_TYPES, type ChartType } from '@codomyrmex/telemetry-query';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CARD_COLUMNS, cardSpans, isSmall } from './card-rows.js';

describe('card rows', () => {
  it.each<[ChartType[], number[]]>([
    [
      ['stat', 'stat', 'stat', 'stat'],
      [3, 3, 3, 3],
    ],
    [
      ['stat', 'gauge', 'stat'],
      [4, 4, 4],
    ],
    [
      ['line', 'heatmap'],
      [7, 5],
    ],
    [
      ['stat', 'line'],
      [4, 12],
    ],
    [['table'], [6]],
    [[], []],
  ])('%j', (charts, spans) => {
    expect(cardSpans(charts)).toEqual(spans);
  });

  it('never overfill a row or mix heights in one', () => {
    const chart = fc.constantFrom(...CHART_TYPES);
    fc.assert(
      fc.property(fc.array(chart, { maxLength: 20 }), (charts) => {
        const spans = cardSpans(charts);
        expect(spans).toHaveLength(charts.length);
        let used = 0;
        let small: boolean | undefined;
        spans.forEach((span, i) => {
          const own = isSmall(charts[i] ?? 'line');
          if (used + span > CARD_COLUMNS || own !== small) used = 0;
          used += span;
          small = own;
          expect(used).toBeLessThanOrEqual(CARD_COLUMNS);
        });
      }),
    );
  });
});
