import {
  createCounter,
  createHistogram,
  getCurrentSpan,
  getLogger,
  linkSpan,
  recordMetric,
  traced,
  withSpan,
} from '@codomyrmex/telemetry';
import { SpanKind } from '@opentelemetry/api';
import type { Span } from '@opentelemetry/api';

import type { Run } from './run.js';

/** A model, its price in dollars a million tokens, and its time to an answer. */
interface Model {
  readonly name: string;
  readonly inputPrice: number;
  readonly outputPrice: number;
  readonly millis: number;
}

const LARGE: Model = { name: 'claude-sonnet', inputPrice: 3, outputPrice: 15, millis: 750 };
const SMALL: Model = { name: 'claude-haiku', inputPrice: 0.8, outputPrice: 4, millis: 320 };

const TOPICS = [
  'refund window',
  'digital goods',
  'subscriptions',
  'exceptions',
  'shipping',
] as const;

/** A tool that did not answer in time. */
class ToolTimeoutError extends Error {
  constructor(tool: string) {
    super(`${tool} did not answer in 200 ms`);
    this.name = 'ToolTimeoutError';
  }
}

/** Answers a customer's question: plans, researches by splitting the question, acts, replies. */
export class SupportAgent {
  readonly #run: Run;
  readonly #log = getLogger('support-agent');
  readonly #tokens = createCounter('gen_ai.tokens', {
    unit: '{token}',
    description: 'Tokens by model and direction',
  });
  readonly #cost = createCounter('agent.cost', {
    unit: '$',
    description: 'What model calls cost',
  });
  readonly #duration = createHistogram('gen_ai.client.operation.duration', {
    unit: 's',
    description: 'Duration of model calls',
    advice: { explicitBucketBoundaries: [0.1, 0.25, 0.5, 1, 2.5, 5, 10] },
  });
  readonly #depth = createHistogram('agent.depth', {
    description: 'Deepest recursion of a run',
    advice: { explicitBucketBoundaries: [1, 2, 3, 4, 5, 6] },
  });
  #active = 0;
  #deepest = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  /** One conversation: a tree of spans whose depth depends on the question. */
  readonly answer: (question: string) => Promise<string> = traced(
    'support-agent.run',
    (question: string) => ({
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'support-agent',
      'agent.question.length': question.length,
    }),
  )(async (question: string): Promise<string> => {
    recordMetric('agent.runs.active', ++this.#active);
    this.#deepest = 1;
    try {
      return await this.#solve(question);
    } finally {
      recordMetric('agent.runs.active', --this.#active);
      this.#depth.record(this.#deepest);
    }
  });

  async #solve(question: string): Promise<string> {
    this.#log.info('conversation started', { question });
    await this.#chat('plan', LARGE, 2100, 180);
    const target = this.#run.count(2, 6);
    for (let iteration = 1; iteration <= this.#run.count(1, 3); iteration++) {
      await this.#tool('search_docs', 'rpc to the index', 90);
      await this.#research(this.#run.pick(TOPICS), 2, target);
      await this.#chat('reflect', LARGE, 3000 + 1500 * iteration, 96);
    }
    await this.#lookUpRefund();
    if (this.#run.chance(0.3)) await this.#askHuman();
    await this.#chat('answer', LARGE, 5100, 212);
    this.#log.info('conversation answered', { 'agent.depth': this.#deepest });
    return 'refunded';
  }

  /** Splits a question until it is small enough: the recursion of the demo. */
  async #research(topic: string, depth: number, target: number): Promise<void> {
    this.#deepest = Math.max(this.#deepest, depth);
    const attributes = { 'agent.topic': topic, 'agent.depth': depth };
    await withSpan('research.subquery', { attributes }, async () => {
      await this.#chat('decompose', SMALL, 900, 74);
      const pages = this.#run.count(1, 3);
      await Promise.all(
        Array.from({ length: pages }, () => this.#tool('fetch_page', 'https://docs.example', 60)),
      );
      const branches = depth < target ? this.#run.count(1, depth < 3 ? 2 : 1) : 0;
      for (let branch = 0; branch < branches && !this.#run.isStopped; branch++) {
        await this.#research(this.#run.pick(TOPICS), depth + 1, target);
      }
      await this.#chat('summarize', SMALL, 3300, 112);
    });
  }

  async #chat(step: string, model: Model, input: number, output: number): Promise<void> {
    const inputTokens = Math.round(input * this.#run.between(0.7, 1.4));
    const outputTokens = Math.round(output * this.#run.between(0.6, 1.6));
    const cost = (inputTokens * model.inputPrice + outputTokens * model.outputPrice) / 1e6;
    const attributes = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.request.model': model.name,
      'agent.step': step,
    };
    await withSpan(`chat ${model.name}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
      const started = performance.now();
      await this.#run.work(model.millis / 3);
      span.addEvent('first token');
      await this.#run.work((model.millis * 2) / 3);
      span.setAttributes({
        'gen_ai.usage.input_tokens': inputTokens,
        'gen_ai.usage.output_tokens': outputTokens,
        'gen_ai.usage.cost': cost,
        'gen_ai.response.finish_reasons': ['stop'],
      });
      const byModel = { 'gen_ai.request.model': model.name };
      this.#tokens.add(inputTokens, { ...byModel, 'gen_ai.token.type': 'input' });
      this.#tokens.add(outputTokens, { ...byModel, 'gen_ai.token.type': 'output' });
      this.#cost.add(cost, byModel);
      this.#duration.record((performance.now() - started) / 1000, byModel);
    });
  }

  async #tool(name: string, input: string, millis: number, failure = 0): Promise<Span> {
    const attributes = {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': name,
      'gen_ai.tool.type': 'function',
      'gen_ai.tool.input': input,
    };
    return withSpan(`execute_tool ${name}`, { attributes }, async (span) => {
      await this.#run.work(millis);
      if (this.#run.chance(failure)) throw new ToolTimeoutError(name);
      this.#log.debug(`tool ${name} answered`);
      return span;
    });
  }

  /** A tool that fails now and then: the retry is linked to the attempt before it. */
  async #lookUpRefund(): Promise<void> {
    await withSpan('refund_lookup', async (span) => {
      try {
        await this.#tool('refund_lookup', 'order=8f21', 120, 0.35);
      } catch (error: unknown) {
        this.#log.warn('refund lookup failed, trying again', error as Error);
        span.addEvent('retry', { attempt: 2 });
        await withSpan('retry', async (retry) => {
          linkSpan(retry, span, { 'retry.attempt': 2 });
          await this.#tool('refund_lookup', 'order=8f21', 70);
        });
      }
    });
  }

  async #askHuman(): Promise<void> {
    await withSpan('approve_refund', { attributes: { 'agent.human': 'ana' } }, async () => {
      this.#log.info('waiting for approval');
      await this.#run.pause(this.#run.between(800, 3200));
      getCurrentSpan()?.addEvent('approved', { by: 'ana' });
    });
  }
}
