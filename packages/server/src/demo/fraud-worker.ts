import { setTimeout as wait } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

import {
  createHistogram,
  extractContext,
  getLogger,
  init,
  shutdown,
  withContext,
  withSpan,
} from '@codomyrmex/telemetry';

import type { FraudAnswer, FraudQuestion } from './fraud.js';

const { endpoint } = workerData as { endpoint: string };
init({
  serviceName: 'fraud',
  serviceVersion: '0.9.0',
  endpoint,
  // This is a thread already: another one for a few spans a second would be waste.
  transport: 'main',
  // No chart shows its metric by the second; each export of its own is work for the backend.
  metrics: { intervalMillis: 5000 },
});
const log = getLogger('fraud');
const scores = createHistogram('fraud.score', {
  description: 'Suspicion of an order, 0 to 1',
  advice: { explicitBucketBoundaries: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9] },
});

parentPort?.on('message', (message: FraudQuestion | 'stop') => {
  if (message === 'stop') void stop();
  else void withContext(extractContext(message.carrier), () => answer(message));
});

async function answer(question: FraudQuestion): Promise<void> {
  const score = await withSpan('fraud.score', (span) => rate(question, span));
  const reply: FraudAnswer = { id: question.id, score };
  parentPort?.postMessage(reply, []);
}

async function rate(
  question: FraudQuestion,
  span: { setAttribute(key: string, value: number): unknown },
): Promise<number> {
  await withSpan('features.load', () => wait(question.millis / 3));
  await withSpan('model.predict', () => wait((question.millis * 2) / 3));
  const score = Math.min(1, question.amount / 1500) * Math.random();
  span.setAttribute('fraud.score', score);
  scores.record(score);
  if (score > 0.8) log.warn('order looks suspicious', { 'fraud.score': score });
  return score;
}

async function stop(): Promise<void> {
  await shutdown();
  parentPort?.close();
}
