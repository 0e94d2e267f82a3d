import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { TEST_CERTIFICATE } from '../export/fixtures/certificate.js';
import { enableInstrumentations } from './enable.js';
import { KIND, Recorder } from './fixtures/recorded.js';

test('TLS: the scheme and both ends', async () => {
  const recorder = new Recorder();
  const disable = enableInstrumentations(['http'], { tracerProvider: recorder.provider }, {});
  const server = https.createServer(TEST_CERTIFICATE, (_request, response) => response.end('x'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const request = https.get({
    host: '127.0.0.1',
    port,
    path: '/safe',
    agent: false,
    ca: TEST_CERTIFICATE.cert,
    servername: 'localhost',
    headers: { host: 'shop.example' },
  });
  const closed = once(request, 'close');
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  await closed;
  server.close();
  await once(server, 'close');
  const spans = await recorder.spans();
  expect(spans).toHaveLength(2);
  const client = spans.find((span) => span.kind === KIND.CLIENT);
  const incoming = spans.find((span) => span.kind === KIND.SERVER);
  expect(incoming?.parentSpanId).toBe(client?.spanId);
  expect(incoming?.attributes).toMatchObject({
    'url.scheme': 'https',
    'server.address': 'shop.example',
    'server.port': 443,
  });
  // The program's own Host header names a virtual host; the address is what was connected to.
  expect(client?.attributes).toMatchObject({
    'url.full': `https://127.0.0.1:${port}/safe`,
    'server.address': '127.0.0.1',
    'server.port': port,
  });
  disable();
});
