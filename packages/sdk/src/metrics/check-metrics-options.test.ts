import { describe, expect, it } from 'vitest';

import { init } from '../init.js';
import { runningTelemetry } from '../export/telemetry.js';
import { checkMetricsOptions } from './check-metrics-options.js';

describe('checkMetricsOptions', () => {
  const check = (options: object) => () => checkMetricsOptions(options);

  it('takes what is right', () => {
    checkMetricsOptions(undefined);
    checkMetricsOptions({
      intervalMillis: 1000,
      temporality: 'lowmemory',
      cardinalityLimit: 2,
      exemplarFilter: 'always_off',
      views: [{ instrumentName: '*' }],
      runtime: true,
      self: false,
    });
  });

  it('names what is wrong', () => {
    expect(check({ interval: 1 })).toThrow(/unknown option "metrics.interval"; .*intervalMillis/);
    expect(check({ temporality: 'Delta' })).toThrow(/metrics.temporality "Delta" is none of/);
    expect(check({ exemplarFilter: 'on' })).toThrow(/metrics.exemplarFilter "on" is none of/);
    expect(check({ intervalMillis: 2 ** 31 })).toThrow(/metrics.intervalMillis 2147483648/);
    expect(check({ cardinalityLimit: 1.5 })).toThrow(/metrics.cardinalityLimit 1.5/);
    expect(check({ views: [{}] })).toThrow(/metrics.views\[0\]/);
  });

  it('stops init before anything has started', () => {
    expect(() => init({ metrics: { views: [{ name: 'x' }] } })).toThrow(/metrics.views\[0\]/);
    expect(() => init({ logs: { minimumSeverity: 30 } })).toThrow(/minimumSeverity 30/);
    expect(runningTelemetry()).toBeUndefined();
  });
});
