import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatLocation, parseLocation, patchParams, timeParams, type Screen } from './url.js';

const screens: Screen[] = ['overview', 'traces', 'trace', 'logs', 'metrics', 'services', 'views'];
const text = fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' });

describe('locations', () => {
  it('come back from their text', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...screens),
        fc.option(text, { nil: '' }),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), text),
        (screen, id, params) => {
          const location = { screen, id: screen === 'overview' ? '' : id, params };
          const url = new URL(formatLocation(location), 'http://page');
          // The browser resolves paths of dots alone; no trace, metric or view is named so.
          fc.pre(!/^\.{1,2}$/.test(id));
          expect(parseLocation(url.pathname, url.search)).toEqual({
            ...location,
            params: { ...params },
          });
        },
      ),
    );
  });

  it('reads what a person may type', () => {
    expect(parseLocation('/', '')).toEqual({ screen: 'overview', id: '', params: {} });
    expect(parseLocation('/nowhere', '').screen).toBe('overview');
    expect(parseLocation('/metrics/http.server.request.duration', '?agg=p95').id).toBe(
      'http.server.request.duration',
    );
    expect(parseLocation('/trace/%zz', '').id).toBe('%zz');
    expect(parseLocation('/traces', '?q=&from=now-1h').params).toEqual({ from: 'now-1h' });
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (pathname, search) => {
        expect(screens).toContain(parseLocation(pathname, search).screen);
      }),
    );
  });
});

describe('parameters', () => {
  it('carry the time range alone', () => {
    expect(timeParams({ q: 'x', from: 'now-1h', live: '0', span: 'a' })).toEqual({
      from: 'now-1h',
      live: '0',
    });
  });
  it('are patched; empty takes out', () => {
    expect(patchParams({ a: '1', b: '2' }, { a: undefined, b: '', c: '3' })).toEqual({ c: '3' });
  });
});
