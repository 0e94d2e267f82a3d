import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { SERVICE_COLOURS, seriesClass, serviceClass, serviceColour } from './colour.js';

it('gives every name one of the colours', () => {
  fc.assert(
    fc.property(fc.string(), (name) => {
      const colour = serviceColour(name);
      expect(Number.isInteger(colour)).toBe(true);
      expect(colour).toBeGreaterThanOrEqual(1);
      expect(colour).toBeLessThanOrEqual(SERVICE_COLOURS);
      expect(serviceClass(name)).toBe(`c${colour}`);
    }),
  );
});

it('tells the services of the demo apart', () => {
  const names = 'gateway checkout payments inventory search agent-api fraud order-worker'.split(
    ' ',
  );
  expect(new Set(names.map(serviceColour)).size).toBe(SERVICE_COLOURS);
});

it('uses all colours about equally', () => {
  const counts = Array.from({ length: SERVICE_COLOURS }, () => 0);
  for (let i = 0; i < 8000; i += 1) {
    const at = serviceColour(`service-${i}`) - 1;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(200);
});

it('gives series their colours in turn', () => {
  expect([0, 1, 8].map(seriesClass)).toEqual(['c1', 'c2', 'c1']);
});
