import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import { decode } from '@codomyrmex/otlp';
import type { LogRecord } from '@codomyrmex/otlp';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { plain, plainValue } from '../metrics/fixtures/captured-telemetry.js';
import { recordFromLine } from './pino-line.js';
import pinoTransport from './pino-transport.js';

const TRANSPORT: string = fileURLToPath(new URL('./pino-transport.js', import.meta.url));
const records: LogRecord[] = [];
const services = new Set<unknown>();
const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    for (const one of decode('ExportLogsServiceRequest', Buffer.concat(parts)).resourceLogs ?? []) {
      services.add(plain(one.resource?.attributes)['service.name']);
      for (const scope of one.scopeLogs ?? []) records.push(...(scope.logRecords ?? []));
    }
    response.end();
    if (records.length >= 2) bothArrived();
  });
});
let bothArrived = (): void => undefined;
let endpoint = '';

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

describe('pinoTransport', () => {
  it('runs in the thread that pino starts, and ends with it', async () => {
    const arrived = new Promise<void>((resolve) => {
      bothArrived = resolve;
    });
    const transport = pino.transport({
      target: TRANSPORT,
      options: { endpoint, serviceName: 'pino-shop' },
    }) as ReturnType<typeof pino.transport> & { end(): void };
    const logger = pino({ level: 'trace' }, transport);
    const ids = { trace_id: '0af7651916cd43dd8448eb211c80319c', span_id: 'b7ad6b7169203331' };
    logger.info({ ...ids, trace_flags: '01', orderId: 7 }, 'placed');
    logger.error(new RangeError('far'), 'failed');
    // pino's end() blocks this thread, in which the backend of this test has to answer.
    await arrived;
    transport.end();
    await once(transport, 'close');
    expect(services).toContain('pino-shop');
    expect(records.map((record) => [record.severityNumber, plainValue(record.body)])).toEqual([
      [9, 'placed'],
      [17, 'failed'],
    ]);
    expect(Buffer.from(records[0]?.traceId ?? []).toString('hex')).toBe(ids.trace_id);
    expect(Buffer.from(records[0]?.spanId ?? []).toString('hex')).toBe(ids.span_id);
    expect(plain(records[0]?.attributes)).toEqual({ orderId: 7 });
    expect(plain(records[1]?.attributes)).toMatchObject({
      'exception.type': 'RangeError',
      'exception.message': 'far',
    });
  });

  it('puts lines together that arrive in pieces, and keeps what is no JSON', async () => {
    records.length = 0;
    const stream = pinoTransport({ endpoint, loggerName: 'pieces', messageKey: 'text' });
    const bytes = Buffer.from(
      '{"level":30,"text":"grün"}\nplain words\n\n{"level":"warn","text":1}',
    );
    const umlaut = bytes.indexOf(0xc3) + 1;
    stream.write(bytes.subarray(0, umlaut));
    stream.write(bytes.subarray(umlaut));
    stream.end();
    await once(stream, 'finish');
    expect(records.map((record) => [record.severityNumber, plainValue(record.body)])).toEqual([
      [9, 'grün'],
      [undefined, 'plain words'],
      [13, 1],
    ]);
  });
});

describe('recordFromLine', () => {
  const read = (line: object) => recordFromLine(JSON.stringify(line), {});

  it('spreads levels over the severities', () => {
    const levels = [5, 10, 20, 25, 30, 40, 50, 60, 100, -1, 'fatal', 'odd', undefined];
    expect(levels.map((level) => read({ level })?.severityNumber)).toEqual([
      1,
      1,
      5,
      7,
      9,
      13,
      17,
      21,
      24,
      undefined,
      21,
      undefined,
      undefined,
    ]);
  });

  it('takes times as numbers and texts, and ignores others', () => {
    const time = '2026-01-02T03:04:05.678Z';
    expect(read({ time })?.timestamp).toEqual(new Date(time));
    expect(read({ time: Date.parse(time) })?.timestamp).toEqual(new Date(time));
    expect(read({ time: 'yesterday' })).not.toHaveProperty('timestamp');
    expect(read({ time: [] })).not.toHaveProperty('timestamp');
  });

  it('keeps keys that would bite, and errors that are none', () => {
    const record = recordFromLine('{"__proto__":{"x":1},"err":"text","pid":1}', {});
    expect(Object.keys(record?.attributes ?? {})).toEqual(['__proto__', 'err']);
    expect(read({ err: { message: 5, stack: 's' } })?.attributes).toEqual({
      'exception.stacktrace': 's',
    });
    expect(recordFromLine('[1]', {})).toBeUndefined();
    expect(recordFromLine('null', {})).toBeUndefined();
  });
});
