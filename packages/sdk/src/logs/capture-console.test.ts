import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { decode } from '@codomyrmex/otlp';
import type { LogRecord } from '@codomyrmex/otlp';
import { logs } from '@opentelemetry/api-logs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import { startTelemetry, telemetry } from '../export/telemetry.js';
import { plain, plainValue } from '../metrics/fixtures/captured-telemetry.js';
import { captureConsole } from './capture-console.js';
import { getLogger } from './get-logger.js';

const records: LogRecord[] = [];
const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    for (const one of decode('ExportLogsServiceRequest', Buffer.concat(parts)).resourceLogs ?? []) {
      for (const scope of one.scopeLogs ?? []) records.push(...(scope.logRecords ?? []));
    }
    response.end();
  });
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  startTelemetry({ endpoint: `http://127.0.0.1:${port}`, transport: 'main' });
});
afterAll(async () => {
  await telemetry().shutdown();
  server.close();
  server.closeAllConnections();
});

it('records what the console prints, which it still prints, until it is ended', async () => {
  const printed = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const silent = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const release = captureConsole();
  expect(captureConsole()).toBe(release);
  console.warn('%d of %s', 3, 'seven', { deep: [1] });
  console.log(new RangeError('far'));
  console.log({
    [Symbol.for('nodejs.util.inspect.custom')]: () => {
      // What is printed while a record is made is not another record.
      console.warn('inside');
      throw new Error('no');
    },
  });
  release();
  console.warn('not any more');
  await telemetry().forceFlush();
  expect(printed.mock.calls.map(([first]) => first)).toEqual([
    '%d of %s',
    'inside',
    'not any more',
  ]);
  expect(silent).toHaveBeenCalledTimes(2);
  expect(records.map((record) => [record.severityText, plainValue(record.body)])).toEqual([
    ['WARN', '3 of seven { deep: [ 1 ] }'],
    ['INFO', 'far'],
    ['INFO', ''],
  ]);
  expect(plain(records[1]?.attributes)).toMatchObject({ 'exception.type': 'RangeError' });
});

it('reaches the same backend from getLogger and from the api', async () => {
  records.length = 0;
  getLogger().info('ours');
  getLogger('named').info('named');
  logs.getLogger('named').emit({ body: 'theirs' });
  await telemetry().forceFlush();
  expect(records.map((record) => plainValue(record.body)).toSorted()).toEqual([
    'named',
    'ours',
    'theirs',
  ]);
});
