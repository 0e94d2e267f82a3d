import { encode } from '@codomyrmex/otlp';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { setDiagnostics } from '../common/diagnostics.js';
import { judgeHttp } from './delivery.js';
import { Backend } from './fixtures/backend.js';
import { TEST_CERTIFICATE } from './fixtures/certificate.js';
import type { TelemetryOptions } from './options.js';
import { Sender } from './sender.js';
import type { Outcome } from './chunk.js';
import { resolveSettings } from './settings.js';
import type { Signal } from './signal.js';
import { resolveTls } from './tls.js';

afterEach(() => setDiagnostics('warn'));

const TRACES = encode('ExportTraceServiceRequest', {
  resourceSpans: [
    { scopeSpans: [{ spans: [{ name: 'big', startTimeUnixNano: 2n ** 60n + 1n }] }] },
  ],
});

async function deliver(
  endpoint: string,
  options: TelemetryOptions,
  signal: Signal = 'traces',
  bytes: Uint8Array = TRACES,
): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  const settings = resolveSettings({ endpoint, ...options }, {});
  const sender = new Sender(settings, (outcome) => outcomes.push(outcome));
  sender.add({ signal, bytes, recordCount: 1, heldBytes: bytes.length });
  await sender.flush(true);
  sender.close();
  return outcomes[0]!;
}

it('sends JSON of every signal, exact to the last digit', async () => {
  const backend = await Backend.start();
  backend.behaviour = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  };
  const options = { protocol: 'http/json', compression: 'gzip' } as const;
  expect(await deliver(backend.url, options)).toMatchObject({ sent: 1, dropped: 0 });
  await deliver(backend.url, options, 'metrics', encode('ExportMetricsServiceRequest', {}));
  const logs = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ severityNumber: 9 }] }] }] };
  await deliver(backend.url, options, 'logs', encode('ExportLogsServiceRequest', logs));
  const bodies = backend.requests.map(({ body }) => JSON.parse(body.toString()) as unknown);
  expect(bodies).toEqual([
    {
      resourceSpans: [
        { scopeSpans: [{ spans: [{ name: 'big', startTimeUnixNano: '1152921504606846977' }] }] },
      ],
    },
    {},
    { resourceLogs: [{ scopeLogs: [{ logRecords: [{ severityNumber: 9 }] }] }] },
  ]);
  expect(backend.requests.map(({ headers }) => headers['content-type'])).toEqual(
    Array.from({ length: 3 }, () => 'application/json'),
  );
  await backend.close();
});

it('reads partial success in JSON', () => {
  const judge = (body: string): unknown =>
    judgeHttp({
      status: 200,
      retryAfterMillis: undefined,
      contentType: 'application/json; charset=utf-8',
      body: Buffer.from(body),
    });
  const partial = '{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"no"}}';
  expect(judge(partial)).toEqual({ kind: 'taken', rejected: 3, message: 'no' });
  for (const body of ['', '{', 'null', '{}', '[]', '{"partialSuccess":{"rejectedSpans":"x"}}']) {
    expect(judge(body)).toEqual({ kind: 'taken', rejected: 0, message: undefined });
  }
});

it.each([
  [429, 'busy'],
  [502, 'busy'],
  [503, 'busy'],
  [504, 'busy'],
  [400, 'refused'],
  [401, 'refused'],
  [404, 'refused'],
  [408, 'refused'],
  [413, 'refused'],
  [500, 'refused'],
  [301, 'refused'],
])('takes HTTP status %i as %s', (status, kind) => {
  const body = new Uint8Array(0);
  const answer = { status, retryAfterMillis: undefined, contentType: undefined, body };
  expect(judgeHttp(answer).kind).toBe(kind);
});

it('speaks HTTPS with the authority that it was given, and with no other', async () => {
  let requests = 0;
  const server = createServer(TEST_CERTIFICATE, (request, response) => {
    requests++;
    request.resume().on('end', () => response.end());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await deliver(url, { tls: { ca: TEST_CERTIFICATE.cert } })).toMatchObject({ sent: 1 });
  const untrusted = await deliver(url, {});
  expect(untrusted).toMatchObject({ sent: 0, dropped: 1, reason: 'exit' });
  expect(untrusted.message).toMatch(/self.signed/);
  expect(requests).toBe(1);
  server.close();
});

it('reads certificates that the environment names; a missing file warns', () => {
  const folder = mkdtempSync(join(tmpdir(), 'codomyrmex-tls-'));
  const path = join(folder, 'ca.pem');
  writeFileSync(path, 'PEM');
  const report = vi.fn();
  setDiagnostics(report);
  const prefix = 'OTEL_EXPORTER_OTLP_TRACES';
  const environment = {
    OTEL_EXPORTER_OTLP_CERTIFICATE: '/nowhere',
    OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE: path,
    OTEL_EXPORTER_OTLP_CLIENT_KEY: path,
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: join(folder, 'missing.pem'),
  };
  expect(resolveTls(undefined, prefix, environment)).toEqual({ ca: 'PEM', key: 'PEM' });
  expect(report).toHaveBeenCalledTimes(1);
  expect(String(report.mock.calls[0]?.[1])).toContain('CLIENT_CERTIFICATE');
  expect(resolveTls({ ca: 'mine' }, prefix, environment)).toEqual({ ca: 'mine' });
  expect(resolveTls(undefined, prefix, {})).toBeUndefined();
  rmSync(folder, { recursive: true });
});
