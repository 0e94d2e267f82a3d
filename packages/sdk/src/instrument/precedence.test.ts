import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import http from 'node:http';
import { afterEach, expect, test } from 'vitest';
import type { OfficialInstrumentation } from '../common/instrumentation-options.js';
import { enableInstrumentations } from './enable.js';
import { Recorder } from './fixtures/recorded.js';
import { isClientTaken, isServerTaken, isUndiciTaken, replacedBy } from './precedence.js';

const recorder = new Recorder();
const undo: (() => void)[] = [];

afterEach(() => {
  for (const off of undo.splice(0)) off();
});

/** An instrumentation as registerInstrumentations sees one; notes what is done to it. */
class Noted implements OfficialInstrumentation {
  readonly instrumentationName: string;
  readonly calls: string[] = [];
  readonly #enabled: boolean;

  constructor(name: string, enabled: boolean) {
    this.instrumentationName = `@opentelemetry/instrumentation-${name}`;
    this.#enabled = enabled;
  }

  enable(): void {
    this.calls.push('enable');
  }

  disable(): void {
    this.calls.push('disable');
    throw new Error('cannot');
  }

  setTracerProvider(): void {
    this.calls.push('tracer');
  }

  setMeterProvider(): void {
    this.calls.push('meter');
  }

  setLoggerProvider(): void {
    this.calls.push('logger');
  }

  getConfig(): { enabled: boolean } {
    return { enabled: this.#enabled };
  }
}

test('a wrapped function is taken, and free again when unwrapped', () => {
  const { request } = http;
  expect(isClientTaken()).toBe(false);
  const wrapped = Object.assign((() => {}) as unknown as typeof request, { __wrapped: true });
  http.request = wrapped;
  undo.push(() => {
    http.request = request;
  });
  expect(isClientTaken()).toBe(true);
  http.request = request;
  expect(isClientTaken()).toBe(false);
  expect(isServerTaken(wrapped)).toBe(true);
  expect(isServerTaken(http.Server.prototype.emit)).toBe(false);
});

test('another tracer of undici is seen when it comes and when it goes', () => {
  const tracer = { onRequestCreated: () => {} };
  const listener = tracer.onRequestCreated.bind(tracer);
  expect(isUndiciTaken()).toBe(false);
  const other = (): void => {};
  subscribe('undici:request:create', other);
  undo.push(() => unsubscribe('undici:request:create', other));
  expect(isUndiciTaken()).toBe(false);
  subscribe('undici:request:create', listener);
  expect(isUndiciTaken()).toBe(true);
  unsubscribe('undici:request:create', listener);
  expect(isUndiciTaken()).toBe(false);
});

test('official objects get our providers, are enabled once, and replace ours', () => {
  const http1 = new Noted('http', true);
  const off = new Noted('undici', false);
  const providers = {
    tracerProvider: recorder.provider,
    meterProvider: {} as never,
    loggerProvider: {} as never,
  };
  const disable = enableInstrumentations(['builtin', http1, [off]], providers, {});
  expect(http1.calls).toEqual(['tracer', 'meter', 'logger']);
  expect(off.calls).toEqual(['tracer', 'meter', 'logger', 'enable']);
  expect([...replacedBy([http1, off, new Noted('redis', true)])]).toEqual(['http', 'undici']);
  disable();
  expect(http1.calls.at(-1)).toBe('disable');
  const bad = [{ instrumentationName: 'x' }] as never;
  expect(() => enableInstrumentations(bad, providers, {})).toThrow('x is no object');
});
