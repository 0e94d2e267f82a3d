/**
 * The service under load: express, pino, and three calls of a leaf by node:http and fetch. Modules
 * are required, as most programs do, so that official instrumentations need no loader hooks.
 */
import { once } from 'node:events';
import type Fs from 'node:fs';
import type Http from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type Express from 'express';
import type { pino as Pino } from 'pino';

const require = createRequire(import.meta.url);
const http = require('node:http') as typeof Http;
const fs = require('node:fs') as typeof Fs;
const express = require('express') as typeof Express;
const pino = require('pino') as typeof Pino;

const leaf = process.env['LEAF_URL'] ?? '';
const log = pino(fs.createWriteStream('/dev/null'));
const agent = new http.Agent({ keepAlive: true });
const app = express();

async function byHttp(path: string): Promise<void> {
  const request = http.get(leaf + path, { agent });
  const [response] = (await once(request, 'response')) as [Http.IncomingMessage];
  response.resume();
  await once(response, 'end');
}

app.use(express.json());
app.use(function requestId(request: Express.Request, response: Express.Response, next) {
  response.setHeader('x-request-id', request.headers['x-request-id'] ?? 'none');
  next();
});
// oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 takes promises.
app.get('/orders/:order', async (request, response) => {
  const { order } = request.params;
  await byHttp(`/stock/${order}`);
  log.info({ order }, 'stock checked');
  await byHttp(`/price/${order}`);
  await (await fetch(`${leaf}/mail/${order}`, { method: 'POST' })).text();
  log.info({ order }, 'order done');
  response.json({ order });
});

const server = app.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});

const delay = monitorEventLoopDelay({ resolution: 1 });
let before = process.cpuUsage();
process.on('message', (message) => {
  if (message === 'start') {
    delay.enable();
    before = process.cpuUsage();
  } else if (message === 'answered') {
    delay.disable();
    process.send?.({ delayMillis: delay.percentile(99) / 1e6 });
  } else {
    const { user, system } = process.cpuUsage(before);
    process.send?.({ cpuMicros: user + system }, () => process.exit(0));
  }
});
