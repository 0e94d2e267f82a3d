import { trace as traceApi } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { untraced } from '../export/suppress.js';
import { AlwaysOffSampler } from '../trace/samplers.js';
import { HttpScene, send } from './fixtures/http-scene.js';
import { Recorder } from './fixtures/recorded.js';

let scene = new HttpScene();

beforeEach(() => {
  scene = new HttpScene();
});

afterEach(() => scene.close());

test('with limits or a sampler of someone else’s, attributes go the checked way', async () => {
  const seen: unknown[] = [];
  const sampler = {
    shouldSample: (...facts: unknown[]) => {
      seen.push((facts[4] as Record<string, unknown>)['url.path']);
      return { decision: 2 as const };
    },
  };
  scene.recorder = new Recorder({ sampler, spanLimits: { attributeValueLengthLimit: 3 } });
  await scene.setUp((_request, response) => response.end());
  await untraced(() => send(`${scene.base}/abcdef`));
  const [incoming] = await scene.spans(1);
  expect(seen).toEqual(['/abcdef']);
  expect(incoming?.attributes['url.path']).toBe('/ab');
});

test('a request that is not sampled carries so, and nothing is made for it', async () => {
  let header: unknown;
  scene.recorder = new Recorder({ sampler: new AlwaysOffSampler() });
  await scene.setUp((request, response) => {
    header = request.headers['traceparent'];
    response.end();
  });
  await send(scene.base);
  expect(header).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-02$/);
  expect(await scene.recorder.spans()).toEqual([]);
});

test('more captured headers than a span takes at once', async () => {
  const names = Array.from({ length: 70 }, (_, index) => `x-h${index}`);
  await scene.setUp((_request, response) => response.end(), {
    http: { captureHeaders: { serverRequest: names } },
  });
  const headers = Object.fromEntries(names.map((name) => [name, '1']));
  await untraced(() => send(scene.base, { headers }));
  const [incoming] = await scene.spans(1);
  expect(incoming?.attributes['http.request.header.x-h69']).toEqual(['1']);
});

test('a foreign tracer provider works through the api alone', async () => {
  const started: string[] = [];
  const tracer = traceApi.getTracer('nothing');
  const provider = {
    getTracer: () => ({
      startSpan: (name: string) => {
        started.push(name);
        return tracer.startSpan(name);
      },
      startActiveSpan: tracer.startActiveSpan.bind(tracer),
    }),
  };
  await scene.setUp((_request, response) => response.end(), 'builtin', provider);
  await send(scene.base);
  expect(started).toEqual(['GET', 'GET']);
});
