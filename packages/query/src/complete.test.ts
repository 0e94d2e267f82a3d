import { describe, expect, it } from 'vitest';

import { complete } from './complete.js';

function labels(text: string, keys: readonly string[] = []): readonly string[] {
  return complete(text, text.length, keys).items.map((item) => item.label);
}

describe('complete', () => {
  it('offers the keys at the start and after a space', () => {
    expect(labels('')).toContain('service');
    expect(labels('service=a ')).toContain('duration');
    expect(labels('-')).toContain('service');
    expect(labels('(')).toContain('service');
  });

  it('ranks beginnings before other matches and takes known attribute keys', () => {
    expect(labels('s')).toEqual(['service', 'status', 'severity', 'span', 'scope']);
    expect(labels('ro', ['http.route', 'root'])).toEqual(['root', 'http.route']);
    expect(complete('a htt', 5, ['http.route'])).toEqual({
      from: 2,
      to: 5,
      items: [{ label: 'http.route', insert: 'http.route=', detail: 'attribute' }],
    });
  });

  it('offers the values of a key', () => {
    expect(labels('status=')).toEqual(['error', 'ok', 'unset']);
    expect(labels('status= ')).toEqual(['error', 'ok', 'unset']);
    expect(labels('kind=c')).toEqual(['client', 'consumer', 'producer', 'unspecified']);
    expect(labels('kind=client')).toEqual([]);
    expect(labels('service=')).toEqual([]);
    expect(labels('http.route=')).toEqual([]);
  });

  it('is silent inside a quoted phrase and right after a term', () => {
    expect(labels('"serv')).toEqual([]);
    expect(labels('(a)')).toEqual([]);
  });

  it('inserts a comparison that suits the key', () => {
    expect(complete('dur', 3).items[0]).toMatchObject({ insert: 'duration>' });
  });
});
