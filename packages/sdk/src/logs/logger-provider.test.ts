import { ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import type { AnyValueMap, LogRecord } from '@opentelemetry/api-logs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CHUNK_BYTES } from '../common/limits.js';
import type { TelemetryOptions } from '../export/options.js';
import type { Telemetry } from '../export/telemetry.js';
import { capturedTelemetry, plain, plainValue } from '../metrics/fixtures/captured-telemetry.js';
import type { Captured } from '../metrics/fixtures/captured-telemetry.js';
import { namedLogger } from './get-logger.js';
import { LoggerProvider } from './logger-provider.js';
import { severityText } from './severity.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

function start(
  options: TelemetryOptions = {},
  environment: Record<string, string> = {},
): { provider: LoggerProvider; captured: Captured; telemetry: Telemetry } {
  const { telemetry, captured } = capturedTelemetry(options, environment);
  return { provider: new LoggerProvider(telemetry), captured, telemetry };
}

describe('LoggerProvider', () => {
  it('writes a record with everything in it', () => {
    const { provider, captured, telemetry } = start();
    const logger = provider.getLogger('shop', '2.0', {
      schemaUrl: 'https://schema',
      attributes: { team: 'a' },
    });
    logger.emit({
      timestamp: [1_700_000_000, 123_456_789],
      observedTimestamp: [1_700_000_001, 1],
      severityNumber: 10,
      body: { list: [1, 'two', undefined], bytes: Uint8Array.of(1) },
      eventName: 'order.placed',
      attributes: { 'order.id': 'o-1', total: 12.5, nested: { deep: true } },
      context: trace.setSpanContext(ROOT_CONTEXT, {
        traceId,
        spanId,
        traceFlags: TraceFlags.SAMPLED,
      }),
    });
    telemetry.finishNow();
    const [request] = captured.logRequests();
    const resource = request?.resourceLogs?.[0];
    expect(plain(resource?.resource?.attributes)).toEqual({ 'service.name': 'captured' });
    const scope = resource?.scopeLogs?.[0];
    expect(scope?.schemaUrl).toBe('https://schema');
    expect(scope?.scope).toMatchObject({ name: 'shop', version: '2.0' });
    expect(plain(scope?.scope?.attributes)).toEqual({ team: 'a' });
    const record = scope?.logRecords?.[0];
    expect(record).toMatchObject({
      timeUnixNano: 1_700_000_000_123_456_789n,
      observedTimeUnixNano: 1_700_000_001_000_000_001n,
      severityNumber: 10,
      severityText: 'INFO2',
      eventName: 'order.placed',
      flags: 1,
    });
    expect(Buffer.from(record?.traceId ?? []).toString('hex')).toBe(traceId);
    expect(Buffer.from(record?.spanId ?? []).toString('hex')).toBe(spanId);
    expect(plain(record?.attributes)).toEqual({
      'order.id': 'o-1',
      total: 12.5,
      nested: { deep: true },
    });
    const body = plainValue(record?.body) as Record<string, unknown>;
    expect(body['list']).toEqual([1, 'two', undefined]);
    expect([...(body['bytes'] as Uint8Array)]).toEqual([1]);
    expect(captured.chunks[0]?.recordCount).toBe(1);
  });

  it('takes the active span and the time by itself, and no span outside of any', () => {
    const { provider, captured, telemetry } = start();
    const before = BigInt(Date.now() - 1000) * 1_000_000n;
    provider.getLogger('l').emit({ body: 'outside' });
    telemetry.finishNow();
    const [record] = captured.logRecords();
    expect(record?.timeUnixNano).toBeGreaterThan(before);
    expect(record?.observedTimeUnixNano).toBe(record?.timeUnixNano);
    expect(record?.traceId ?? new Uint8Array()).toHaveLength(0);
    expect(record?.severityNumber ?? 0).toBe(0);
    expect(record?.severityText ?? '').toBe('');
  });

  it('limits attributes and counts those it leaves out', () => {
    const { provider, captured, telemetry } = start(
      {},
      {
        OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT: '2',
        OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '3',
        OTEL_ATTRIBUTE_COUNT_LIMIT: '100',
      },
    );
    provider.getLogger('l').emit({ body: 'whole', attributes: { a: 'abcdef', b: 1, c: 2, d: 3 } });
    telemetry.finishNow();
    const [record] = captured.logRecords();
    expect(plain(record?.attributes)).toEqual({ a: 'abc', b: 1 });
    expect(record?.droppedAttributesCount).toBe(2);
    expect(plainValue(record?.body)).toBe('whole');
  });

  it('leaves out what is below the minimum severity', () => {
    const { provider, captured, telemetry } = start({ logs: { minimumSeverity: 13 } });
    const logger = provider.getLogger('l');
    expect(logger.enabled({ severityNumber: 12 })).toBe(false);
    expect(logger.enabled({ severityNumber: 13 })).toBe(true);
    expect(logger.enabled()).toBe(true);
    const log = namedLogger(() => logger);
    log.info('no');
    log.warn('yes');
    logger.emit({ body: 'unspecified' });
    telemetry.finishNow();
    expect(captured.logRecords().map((record) => plainValue(record.body))).toEqual([
      'yes',
      'unspecified',
    ]);
    expect(() => start({ logs: { minimumSeverity: 25 } })).toThrow(/minimumSeverity 25/);
  });

  it('records nothing where logs are switched off', () => {
    const { provider, captured, telemetry } = start({}, { OTEL_LOGS_EXPORTER: 'none' });
    expect(provider.getLogger('l').enabled()).toBe(false);
    provider.getLogger('l').emit({ body: 'x' });
    telemetry.finishNow();
    expect(captured.chunks).toEqual([]);
  });

  it('survives records that bite', () => {
    const { provider, captured, telemetry } = start();
    const logger = provider.getLogger('l');
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    const trap = Object.defineProperty({}, 'x', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });
    logger.emit({ body: cycle as never, attributes: { trap, cycle } as never });
    logger.emit(undefined as unknown as LogRecord);
    logger.emit({
      body: 'bad time',
      timestamp: NaN,
      severityNumber: 99 as never,
      eventName: 5 as never,
    });
    logger.emit({ exception: Object.defineProperty(new Error('x'), 'stack', { get: throwing }) });
    telemetry.finishNow();
    expect(captured.logRecords().length).toBeGreaterThanOrEqual(3);
  });

  it('gives the same logger to the same scope', () => {
    const { provider } = start();
    expect(provider.getLogger('a', '1')).toBe(provider.getLogger('a', '1'));
    expect(provider.getLogger('a', '1')).not.toBe(provider.getLogger('a', '2'));
    expect(provider.getLogger('a', '1', { attributes: { x: 1 } })).not.toBe(
      provider.getLogger('a', '1'),
    );
  });

  it('sends records of a 1,001st logger under a scope that says so', () => {
    const { provider, captured, telemetry } = start();
    for (let index = 0; index < 1005; index++) provider.getLogger(`l${index}`);
    expect(provider.getLogger('more')).toBe(provider.getLogger('still more'));
    provider.getLogger('more').emit({ body: 'arrives' });
    telemetry.finishNow();
    const [request] = captured.logRequests();
    expect(request?.resourceLogs?.[0]?.scopeLogs?.[0]?.scope?.name).toBe('otel.logger.overflow');
    expect(provider.getLogger('l7')).toBe(provider.getLogger('l7'));
  });

  it('writes any body and attributes so that a decoder reads them back', () => {
    const value = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.string({ unit: 'binary' }),
        fc.integer(),
        fc.double({ noNaN: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
        fc.boolean(),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.string({ minLength: 1 }), tie('value'), { maxKeys: 3 }),
      ),
    })).value;
    fc.assert(
      fc.property(value, fc.dictionary(fc.string({ minLength: 1 }), value), (body, attributes) => {
        const { provider, captured, telemetry } = start();
        provider
          .getLogger('l')
          .emit({ body: body as never, attributes: attributes as AnyValueMap });
        telemetry.finishNow();
        const [record] = captured.logRecords();
        expect(JSON.stringify(plainValue(record?.body))).toEqual(JSON.stringify(body));
        expect(JSON.stringify(plain(record?.attributes))).toEqual(JSON.stringify(attributes));
      }),
      { numRuns: 60 },
    );
  });
});

describe('batching', () => {
  it('sends the first record in the same turn on loopback, and later ones together', async () => {
    const { provider, captured } = start();
    const log = namedLogger(() => provider.getLogger('l'));
    log.info('one');
    log.info('two');
    await captured.arrived(1);
    log.info('three');
    log.info('four');
    expect(captured.chunks.map((chunk) => chunk.recordCount)).toEqual([2]);
    await captured.arrived(2);
    expect(captured.chunks.map((chunk) => chunk.recordCount)).toEqual([2, 2]);
  });

  it('closes a chunk when it is full, without waiting', () => {
    const { provider, captured, telemetry } = start({ endpoint: 'http://collector.example:4318' });
    const log = namedLogger(() => provider.getLogger('l'));
    const body = 'x'.repeat(1000);
    for (let count = 0; count < 2400; count++) log.debug(body);
    expect(captured.chunks.length).toBeGreaterThanOrEqual(2);
    telemetry.finishNow();
    telemetry.finishNow();
    expect(captured.logRecords()).toHaveLength(2400);
    for (const { bytes } of captured.chunks) expect(bytes.length).toBeLessThan(CHUNK_BYTES + 2048);
  });
});

describe('namedLogger', () => {
  it('has the six severities and turns errors into exception attributes', () => {
    class PaymentError extends Error {}
    const { provider, captured, telemetry } = start();
    const log = namedLogger(() => provider.getLogger('l'));
    log.trace('m');
    log.debug('m');
    log.info('m', { k: 1 });
    log.warn('m', undefined);
    log.error('m', new PaymentError('declined', { cause: new TypeError('inner') }));
    log.fatal('m', { k: 2, err: new RangeError('far'), 'exception.message': 'mine' });
    log.error(new Error('alone'));
    telemetry.finishNow();
    const records = captured.logRecords();
    const alone = records.pop();
    expect(plainValue(alone?.body)).toBe('alone');
    expect(plain(alone?.attributes)).toMatchObject({ 'exception.type': 'Error' });
    expect(records.map((record) => [record.severityNumber, record.severityText])).toEqual([
      [1, 'TRACE'],
      [5, 'DEBUG'],
      [9, 'INFO'],
      [13, 'WARN'],
      [17, 'ERROR'],
      [21, 'FATAL'],
    ]);
    expect(plain(records[2]?.attributes)).toEqual({ k: 1 });
    const error = plain(records[4]?.attributes);
    expect(error).toMatchObject({
      'exception.type': 'PaymentError',
      'exception.message': 'declined',
    });
    expect(error['exception.stacktrace']).toMatch(/Error: declined[^]*Caused by: TypeError: inner/);
    expect(plain(records[5]?.attributes)).toMatchObject({
      'exception.type': 'RangeError',
      'exception.message': 'mine',
      k: 2,
    });
  });

  it('takes what is thrown though it is no error', () => {
    const { provider, captured, telemetry } = start();
    provider.getLogger('l').emit({ exception: 'just text' });
    telemetry.finishNow();
    expect(plain(captured.logRecords()[0]?.attributes)).toEqual({
      'exception.type': 'string',
      'exception.message': 'just text',
    });
  });
});

it('names severities as the data model does', () => {
  expect([0, 1, 4, 9, 24, 25].map(severityText)).toEqual([
    '',
    'TRACE',
    'TRACE4',
    'INFO',
    'FATAL4',
    '',
  ]);
});

function throwing(): never {
  throw new Error('no');
}
