import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setDiagnostics } from '../common/diagnostics.js';
import { checkOptions } from './check-options.js';
import { readPartialSuccess } from './partial-success.js';
import { parseRetryAfter } from './post.js';
import { isLoopback, resolveSettings } from './settings.js';

let warnings: string[] = [];
beforeEach(() => {
  warnings = [];
  setDiagnostics((_severity, message) => warnings.push(message));
});
afterEach(() => setDiagnostics('warn'));

describe('resolveSettings', () => {
  it('has the defaults of the contract', () => {
    const settings = resolveSettings({}, {});
    expect(settings.endpoint).toBe('http://localhost:4318');
    expect(settings.endpointIsSet).toBe(false);
    expect(settings.destinations.traces).toMatchObject({
      url: 'http://localhost:4318/v1/traces',
      headers: {},
      gzip: false,
      timeoutMillis: 10_000,
    });
    expect(settings.delayMillis).toEqual({ traces: 50, metrics: 50, logs: 50 });
    expect(settings.isFirstAtOnce.traces).toBe(true);
  });

  it('batches and compresses to other machines as the specification says', () => {
    const settings = resolveSettings({ endpoint: 'https://collector.example/base/' }, {});
    expect(settings.destinations.logs?.url).toBe('https://collector.example/base/v1/logs');
    expect(settings.destinations.logs?.gzip).toBe(true);
    expect(settings.delayMillis).toEqual({ traces: 5000, metrics: 5000, logs: 1000 });
    expect(settings.isFirstAtOnce.traces).toBe(false);
  });

  it('reads the environment, a signal before all, code before both', () => {
    const environment = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1/',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:2/exact',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=1,b=2',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'B=3',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: 'none',
      OTEL_EXPORTER_OTLP_TIMEOUT: '500',
      OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: '600',
      OTEL_BSP_SCHEDULE_DELAY: '70',
      OTEL_BLRP_SCHEDULE_DELAY: '80',
    };
    const settings = resolveSettings({}, environment);
    expect(settings.destinations.traces).toMatchObject({
      url: 'http://127.0.0.1:2/exact',
      headers: { a: '1', b: '3' },
      gzip: true,
      timeoutMillis: 500,
    });
    expect(settings.destinations.logs).toMatchObject({ gzip: false, timeoutMillis: 600 });
    expect(settings.delayMillis).toEqual({ traces: 70, metrics: 70, logs: 80 });
    expect(settings.isFirstAtOnce.traces).toBe(false);
    expect(settings.endpointIsSet).toBe(true);
    const inCode = resolveSettings(
      {
        endpoint: 'http://127.0.0.1:9',
        headers: { c: '4' },
        compression: 'none',
        timeoutMillis: 5,
        batch: { scheduledDelayMillis: 0 },
      },
      environment,
    );
    expect(inCode.destinations.traces).toMatchObject({
      url: 'http://127.0.0.1:9/v1/traces',
      headers: { a: '1', b: '3', c: '4' },
      gzip: false,
      timeoutMillis: 5,
    });
    expect(inCode.delayMillis.logs).toBe(0);
  });

  describe.each(['traces', 'metrics', 'logs'] as const)('variables of %s alone', (signal) => {
    const others = (['traces', 'metrics', 'logs'] as const).filter((one) => one !== signal);
    const folder = mkdtempSync(join(tmpdir(), 'codomyrmex-tls-'));
    const file = (text: string): string => {
      const path = join(folder, text);
      writeFileSync(path, text);
      return path;
    };
    afterAll(() => rmSync(folder, { recursive: true }));

    it.each<[suffix: string, common: string, own: string, expected: [object, object]]>([
      [
        'ENDPOINT',
        'http://a:1/base',
        'http://b:2/exactly',
        [{ url: 'http://b:2/exactly' }, { url: expect.stringMatching(/^http:..a:1.base.v1./) }],
      ],
      ['HEADERS', 'k=a', 'k=b%20c', [{ headers: { k: 'b c' } }, { headers: { k: 'a' } }]],
      ['TIMEOUT', '700', '800', [{ timeoutMillis: 800 }, { timeoutMillis: 700 }]],
      ['COMPRESSION', 'none', 'gzip', [{ gzip: true }, { gzip: false }]],
      [
        'PROTOCOL',
        'http/protobuf',
        'http/json',
        [{ protocol: 'http/json' }, { protocol: 'http/protobuf' }],
      ],
      [
        'CERTIFICATE',
        file('ca'),
        file('own ca'),
        [{ tls: { ca: 'own ca' } }, { tls: { ca: 'ca' } }],
      ],
      [
        'CLIENT_CERTIFICATE',
        file('cert'),
        file('own cert'),
        [{ tls: { cert: 'own cert' } }, { tls: { cert: 'cert' } }],
      ],
      [
        'CLIENT_KEY',
        file('key'),
        file('own key'),
        [{ tls: { key: 'own key' } }, { tls: { key: 'key' } }],
      ],
    ])('%s', (suffix, common, own, [expected, expectedOfOthers]) => {
      const { destinations } = resolveSettings(
        {},
        {
          [`OTEL_EXPORTER_OTLP_${suffix}`]: common,
          [`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${suffix}`]: own,
        },
      );
      expect(destinations[signal]).toMatchObject(expected);
      for (const other of others) expect(destinations[other]).toMatchObject(expectedOfOthers);
      expect(warnings).toEqual([]);
    });

    it('INSECURE', () => {
      const { destinations } = resolveSettings(
        {},
        {
          OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
          OTEL_EXPORTER_OTLP_ENDPOINT: 'all:4317',
          [`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`]: 'own:4317',
          [`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_INSECURE`]: 'true',
        },
      );
      expect(destinations[signal]?.url).toContain('http://own:4317/');
      for (const other of others) expect(destinations[other]?.url).toContain('https://all:4317/');
    });

    it('a file that is not there warns, and nothing else', () => {
      const name = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_CERTIFICATE`;
      expect(resolveSettings({}, { [name]: '/no/such/file' }).destinations[signal]?.tls).toBe(
        undefined,
      );
      expect(warnings.join()).toContain(name);
    });
  });

  it('switches signals off', () => {
    const settings = resolveSettings({}, { OTEL_LOGS_EXPORTER: 'none', OTEL_TRACES_EXPORTER: 'x' });
    expect(settings.destinations.logs).toBeUndefined();
    expect(settings.destinations.traces).toBeDefined();
    expect(warnings).toHaveLength(1);
    const off = resolveSettings({}, { OTEL_SDK_DISABLED: 'true' });
    expect(off.destinations.metrics).toBeUndefined();
  });

  it('warns about bad variables and throws for bad options', () => {
    const settings = resolveSettings(
      {},
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://x',
        OTEL_EXPORTER_OTLP_HEADERS: 'a=x%0D%0Ay',
      },
    );
    expect(settings.endpoint).toBe('http://localhost:4318');
    expect(settings.destinations.traces?.headers).toEqual({});
    expect(warnings.length).toBeGreaterThanOrEqual(2);
    expect(() => resolveSettings({ endpoint: 'nonsense' }, {})).toThrow('cannot use endpoint');
    expect(() => resolveSettings({ headers: { a: 'x\r\ny' } }, {})).toThrow('cannot send header');
    expect(() => resolveSettings({ headers: { 'a b': 'x' } }, {})).toThrow('cannot send header');
    expect(() => resolveSettings({ batch: { maxInFlight: 0 } }, {})).toThrow('maxInFlight');
    expect(() => resolveSettings({ timeoutMillis: 1.5 }, {})).toThrow('timeoutMillis');
  });
});

describe('isLoopback', () => {
  it('knows this machine', () => {
    const urls = ['http://localhost', 'http://127.9.9.9:1', 'http://[::1]:1', 'http://10.0.0.1'];
    expect(urls.map(isLoopback)).toEqual([true, true, true, false]);
    expect(isLoopback('http://127.0.0.1.example.com')).toBe(false);
  });
});

describe('parseRetryAfter', () => {
  it('takes seconds and dates, bounds them, ignores the rest', () => {
    expect(parseRetryAfter('2', 0)).toBe(2000);
    expect(parseRetryAfter('999', 0)).toBe(30_000);
    expect(parseRetryAfter('Thu, 01 Jan 1970 00:00:03 GMT', 1000)).toBe(2000);
    for (const bad of [undefined, '', '-1', '1.5x', 'soon', 'Thu, 01 Jan 1970 00:00:00 GMT']) {
      expect(parseRetryAfter(bad, 1000)).toBeUndefined();
    }
  });
});

describe('readPartialSuccess', () => {
  it('takes what is there and nothing from rubbish', () => {
    expect(readPartialSuccess(new Uint8Array())).toEqual({ rejected: 0, message: undefined });
    expect(readPartialSuccess(Uint8Array.of(0x0a, 3, 0x08, 0xac, 0x02)).rejected).toBe(300);
    for (let length = 0; length < 40; length++) {
      const noise = Uint8Array.from({ length }, (_, index) => (index * 89 + length * 31) & 255);
      expect(() => readPartialSuccess(noise)).not.toThrow();
    }
    expect(readPartialSuccess(Uint8Array.of(0x0a, 9, 0x08)).rejected).toBe(0);
    expect(readPartialSuccess(Uint8Array.of(0x0a, 4, 0x12, 9, 1, 2)).message).toBeUndefined();
  });
});

describe('checkOptions', () => {
  it('names what it does not know', () => {
    expect(() => checkOptions({ sevriceName: 'x' } as never)).toThrow(
      'unknown option "sevriceName"',
    );
    expect(() => checkOptions({ transport: 'pigeon' as never })).toThrow('none of auto');
    expect(() => checkOptions({ flushOn: ['never' as never] })).toThrow('flushOn');
    expect(() => checkOptions({ compression: 'gzip', protocol: 'http/protobuf' })).not.toThrow();
  });

  it('takes limits in records and timeouts from OTEL_BSP_* and OTEL_BLRP_*', () => {
    expect(resolveSettings({}, {})).toMatchObject({
      maxQueueRecords: { traces: undefined, logs: undefined },
      maxExportRecords: { traces: undefined, logs: undefined },
    });
    const settings = resolveSettings(
      {},
      {
        OTEL_BSP_MAX_QUEUE_SIZE: '100',
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '512',
        OTEL_BSP_EXPORT_TIMEOUT: '3000',
        OTEL_BSP_SCHEDULE_DELAY: '70',
        OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: '7',
        OTEL_BLRP_SCHEDULE_DELAY: '80',
        OTEL_BLRP_MAX_QUEUE_SIZE: 'many',
        OTEL_METRIC_EXPORT_TIMEOUT: '20000',
      },
    );
    expect(settings).toMatchObject({
      maxQueueRecords: { traces: 100, logs: undefined, metrics: undefined },
      maxExportRecords: { traces: 100, logs: 7, metrics: undefined },
      totalMillis: { traces: 3000, logs: 60_000, metrics: 20_000 },
      delayMillis: { traces: 70, logs: 80 },
    });
    expect(settings.destinations.traces?.timeoutMillis).toBe(3000);
    expect(settings.destinations.logs?.timeoutMillis).toBe(10_000);
  });
});
