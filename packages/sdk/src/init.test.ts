import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { trace } from '@opentelemetry/api';
import { afterAll, describe, expect, it } from 'vitest';
import { detectResource, Resource } from './common/resource.js';
import { SDK_VERSION } from './common/version.js';
import { runningTelemetry, telemetry } from './export/telemetry.js';
import { forceFlush, init, shutdown } from './init.js';
import { startSpan } from './trace/start-span.js';

afterAll(() => shutdown());

describe('init', () => {
  it('does nothing before it is called, starts once, refuses other options', async () => {
    expect(runningTelemetry()).toBeUndefined();
    await forceFlush();
    expect(() => init({ unknown: 1 } as never)).toThrow('unknown option "unknown"');
    expect(runningTelemetry()).toBeUndefined();
    const options = {
      serviceName: 'one',
      endpoint: 'http://127.0.0.1:1',
      transport: 'main',
    } as const;
    const started = init({ ...options, serviceVersion: '1', resource: { team: 'a' } });
    expect(started).toBe(telemetry());
    expect(init({ ...options, serviceVersion: '1', resource: { team: 'a' } })).toBe(started);
    expect(() => init({ serviceName: 'two' })).toThrow('runs already with other options');
    expect(started.resource.attributes).toMatchObject({
      'service.name': 'one',
      'service.version': '1',
      team: 'a',
      'telemetry.sdk.language': 'nodejs',
    });
  });

  it('records nothing more after shutdown, and never throws', async () => {
    await shutdown();
    await shutdown();
    expect(telemetry().isShutDown).toBe(true);
    startSpan('late').end();
    trace.getTracer('late').startSpan('late').end();
    await forceFlush();
    expect(telemetry().exporter.stats().sent.traces).toBe(0);
  });
});

describe('resource', () => {
  it('takes the environment over its own, code over the environment', () => {
    const environment = {
      OTEL_SERVICE_NAME: 'from-env',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=ignored,a=1%2C2,b=3',
    };
    const resource = detectResource(environment, { b: 'code' });
    expect(resource.attributes).toMatchObject({ 'service.name': 'from-env', a: '1,2', b: 'code' });
    expect(detectResource({}, {}).attributes['service.name']).toBe('unknown_service:node');
    const merged = new Resource({ a: 1 }).merge({ b: 2 });
    expect(merged.attributes).toEqual({ a: 1, b: 2 });
  });

  it('knows its version', () => {
    const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
    expect((JSON.parse(text) as { version: string }).version).toBe(SDK_VERSION);
  });

  it('loads no network for a program whose records another thread sends', async () => {
    const index = JSON.stringify(new URL('./index.js', import.meta.url).href);
    const program = `
      const { startSpan } = await import(${index});
      startSpan('first').end();
      await new Promise(setImmediate);
      await new Promise(setImmediate);
      const heavy = /^NativeModule (http|https|http2|tls|zlib|child_process)$/;
      const loaded = process.moduleLoadList.filter((name) => heavy.test(name));
      console.log(JSON.stringify(loaded));
      process.exit();`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', program],
      { env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' } },
    );
    expect(JSON.parse(stdout)).toEqual([]);
  });
});
