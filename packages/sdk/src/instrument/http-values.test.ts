import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  SENSITIVE_QUERY_KEYS,
  errorType,
  hostInUrl,
  redactCredentials,
  redactQuery,
  sensitivePattern,
  spanName,
  splitHost,
} from './http-values.js';

describe('splitHost', () => {
  test.each([
    ['example.com', 'example.com', undefined],
    ['example.com:8080', 'example.com', 8080],
    ['[::1]:80', '::1', 80],
    ['[::1]', '::1', undefined],
    ['::1', '::1', undefined],
    ['127.0.0.1:65536', '127.0.0.1', undefined],
    ['a:x', 'a', undefined],
    ['', '', undefined],
  ])('%s', (text, address, port) => {
    expect(splitHost(text)).toEqual({ address, port });
    expect(splitHost(text)).toEqual({ address, port });
  });

  test('keeps no more than its limit, whatever names arrive', () => {
    for (let index = 0; index < 2000; index++) {
      expect(splitHost(`h${index}:1`)).toEqual({ address: `h${index}`, port: 1 });
    }
    const long = 'x'.repeat(5000);
    expect(splitHost(`${long}:7`)).toEqual({ address: long, port: 7 });
  });

  test('an IPv6 address gets its brackets back', () => {
    expect(hostInUrl('::1')).toBe('[::1]');
    expect(hostInUrl('a.example')).toBe('a.example');
  });
});

describe('redaction', () => {
  const pattern = sensitivePattern(SENSITIVE_QUERY_KEYS);

  test.each([
    ['a=1&sig=s3cret&b=2', 'a=1&sig=REDACTED&b=2'],
    ['AWSAccessKeyId=AK&Signature=x%2F', 'AWSAccessKeyId=REDACTED&Signature=REDACTED'],
    ['X-Goog-Signature=1#part', 'X-Goog-Signature=REDACTED#part'],
    ['https://h/p?sig=1&sig=2', 'https://h/p?sig=REDACTED&sig=REDACTED'],
    ['design=1&signature=2&xsig=3', 'design=1&signature=2&xsig=3'],
    ['sig', 'sig'],
  ])('%s', (query, expected) => {
    expect(redactQuery(query, pattern)).toBe(expected);
  });

  test('keys of the program, with characters that mean something to a pattern', () => {
    expect(redactQuery('a.b=1&axb=2', sensitivePattern(['a.b']))).toBe('a.b=REDACTED&axb=2');
    expect(redactQuery('sig=1', sensitivePattern([]))).toBe('sig=1');
  });

  test('no secret survives, wherever its key stands', () => {
    const part = fc.tuple(
      fc.constantFrom(...SENSITIVE_QUERY_KEYS, 'other'),
      fc.stringMatching(/^[a-z0-9%.]{0,12}$/),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const text = parts.map(([key, value]) => `${key}=${value}!`).join('&');
        for (const piece of redactQuery(text, pattern).split('&')) {
          if (piece !== '' && !piece.startsWith('other=')) expect(piece).toMatch(/=REDACTED$/);
        }
      }),
    );
  });

  test('user and password leave a URL', () => {
    expect(redactCredentials('http://me:pw@h/p')).toBe('http://REDACTED:REDACTED@h/p');
    expect(redactCredentials('http://a@b@h')).toBe('http://REDACTED:REDACTED@h');
    expect(redactCredentials('http://h/p@x')).toBe('http://h/p@x');
    expect(redactCredentials('http://h/?mail=a@b')).toBe('http://h/?mail=a@b');
  });
});

test('a name is one string each time, and beyond the limit still right', () => {
  expect(spanName('GET', '/a/:id')).toBe('GET /a/:id');
  for (let index = 0; index < 3000; index++) {
    expect(spanName('GET', `/r${index}`)).toBe(`GET /r${index}`);
  }
});

test('error.type is the code, else the class, else _OTHER', () => {
  expect(errorType(Object.assign(new Error('x'), { code: 'ECONNRESET' }))).toBe('ECONNRESET');
  expect(errorType(new TypeError('x'))).toBe('TypeError');
  expect(errorType('x')).toBe('_OTHER');
  expect(errorType({ name: '' })).toBe('_OTHER');
});
