import { describe, expect, test } from 'vitest';
import type { InstrumentationsOption } from '../common/instrumentation-options.js';
import { isIgnored, namesFromEnvironment, resolveInstrumentations } from './settings.js';

function names(option: InstrumentationsOption): string[] {
  return [...resolveInstrumentations(option, {}).on];
}

const official = { instrumentationName: 'x' } as never;

describe('what is on', () => {
  const all = ['http', 'undici', 'fastify', 'express', 'pino', 'child_process'];

  test.each<[InstrumentationsOption, readonly string[]]>([
    ['builtin', all],
    [{}, all],
    [false, []],
    [[], []],
    [
      ['http', 'pino'],
      ['http', 'pino'],
    ],
    [['builtin', official], all],
    [[official], []],
    [{ http: false, undici: true }, all.slice(1)],
    [{ http: {}, fastify: { spans: true } }, all],
  ])('%j', (option, expected) => {
    expect(names(option)).toEqual(expected);
  });

  test('official objects, alone and in lists', () => {
    const settings = resolveInstrumentations([official, [official, official]], {});
    expect(settings.official).toHaveLength(3);
    expect(resolveInstrumentations({ official: [[official]] }, {}).official).toHaveLength(1);
  });

  test.each<[unknown, string]>([
    [{ htp: true }, "not 'htp'"],
    [{ http: { ignore: [] } }, "not 'ignore'"],
    [{ http: { captureHeaders: { request: [] } } }, "not 'request'"],
    [{ fastify: { span: true } }, "not 'span'"],
    [['redis'], "not 'redis'"],
    ['all', "'instrumentations' is all"],
    [true, "'instrumentations' is true"],
    [null, "'instrumentations' is null"],
  ])('%j is refused', (option, message) => {
    expect(() => names(option as InstrumentationsOption)).toThrow(message);
  });
});

describe('from the environment', () => {
  test('headers and methods; code wins', () => {
    const environment = {
      OTEL_INSTRUMENTATION_HTTP_SERVER_CAPTURE_REQUEST_HEADERS: 'X-A, x-b',
      OTEL_INSTRUMENTATION_HTTP_CLIENT_CAPTURE_RESPONSE_HEADERS: 'x-c',
      OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: 'GET,PURGE',
    };
    const { http } = resolveInstrumentations('builtin', environment);
    expect(http.serverRequest).toEqual([
      { name: 'x-a', key: 'http.request.header.x-a' },
      { name: 'x-b', key: 'http.request.header.x-b' },
    ]);
    expect(http.clientResponse).toEqual([{ name: 'x-c', key: 'http.response.header.x-c' }]);
    expect([...http.knownMethods]).toEqual(['GET', 'PURGE']);
    const coded = { http: { captureHeaders: { serverRequest: [] }, knownMethods: ['POST'] } };
    const second = resolveInstrumentations(coded, environment).http;
    expect(second.serverRequest).toEqual([]);
    expect([...second.knownMethods]).toEqual(['POST']);
  });

  test('names on and off', () => {
    expect(namesFromEnvironment({})).toContain('http');
    const enabled = { OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http,redis,pino' };
    expect(namesFromEnvironment(enabled)).toEqual(['http', 'pino']);
    const both = { ...enabled, OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'pino' };
    expect(namesFromEnvironment(both)).toEqual(['http']);
  });
});

test('rules: texts, patterns, functions', () => {
  const throwing = (): boolean => {
    throw new Error('no');
  };
  expect(isIgnored(['/a'], 'GET', '/a', true)).toBe(true);
  expect(isIgnored(['/a'], 'GET', '/ab', true)).toBe(false);
  expect(isIgnored(['http://h/a'], 'GET', 'http://h/ab', false)).toBe(true);
  expect(isIgnored([/b$/], 'GET', '/ab', true)).toBe(true);
  expect(isIgnored([throwing, (method) => method === 'HEAD'], 'HEAD', '/', true)).toBe(true);
  expect(isIgnored([throwing], 'GET', '/', true)).toBe(false);
});
