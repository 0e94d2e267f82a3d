import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stackFrames } from './stack.js';

describe('stack frames', () => {
  it('of V8 have a function and a short place', () => {
    const frames = stackFrames(
      [
        'StripeGatewayError: 502 Bad Gateway',
        'second line of the message',
        '    at charge (file:///app/payments/src/stripe.ts:88:12)',
        '    at async file:///app/payments/src/retry.ts:24:9',
        '    at Service.#serve (/app/dist/service.js:27:20)',
        '    at async Promise.all (index 0)',
        '    at Module._compile (node:internal/modules/cjs/loader:1554:14)',
        '    at run (/app/node_modules/lib/index.js:1:1)',
      ].join('\n'),
    );
    expect(frames.map(({ name, place, own }) => [name, place, own])).toEqual([
      ['charge', 'src/stripe.ts:88:12', true],
      ['', 'src/retry.ts:24:9', true],
      ['Service.#serve', 'dist/service.js:27:20', true],
      ['', '', true],
      ['Module._compile', 'cjs/loader:1554:14', false],
      ['run', 'lib/index.js:1:1', false],
    ]);
  });

  it('of other browsers too', () => {
    expect(stackFrames('charge@https://shop.test/js/stripe.js:88:12')).toEqual([
      {
        own: true,
        name: 'charge',
        place: 'js/stripe.js:88:12',
        text: 'charge@https://shop.test/js/stripe.js:88:12',
      },
    ]);
  });

  it('of other languages stay as they came, without their first line', () => {
    const frames = stackFrames('Traceback (most recent call last):\n  File "a.py", line 3, in f');
    expect(frames.map(({ text }) => text)).toEqual(['File "a.py", line 3, in f']);
  });

  it('never fail', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        expect(stackFrames(text).length).toBeLessThanOrEqual(text.split('\n').length);
      }),
    );
  });
});
