// Logger provider, processors and exporters (logs SDK specification), through official names.
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import { decode } from '@codomyrmex/otlp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { setDiagnostics } from '../common/diagnostics.js';
import { Backend } from '../export/fixtures/backend.js';
import {
  BatchLogRecordProcessor,
  ConsoleLogRecordExporter,
  InMemoryLogRecordExporter,
  LoggerProvider,
  OTLPLogExporter,
  SimpleLogRecordProcessor,
  resourceFromAttributes,
} from './otel.js';
import type { LogRecordProcessor, LoggerProviderOptions, ReadWriteLogRecord } from './otel.js';

const SPAN = {
  traceId: 'd4cda95b652f4a1592b449d5929fda1b',
  spanId: '6e0c63257de34c92',
  traceFlags: 1,
};

let reports: string[] = [];
beforeEach(() => {
  reports = [];
  setDiagnostics((_severity, message) => reports.push(message));
});
afterEach(() => setDiagnostics('warn'));

function provide(options: LoggerProviderOptions = {}): {
  provider: LoggerProvider;
  exporter: InMemoryLogRecordExporter;
} {
  const exporter = new InMemoryLogRecordExporter();
  const processors = [...(options.processors ?? []), new SimpleLogRecordProcessor({ exporter })];
  return { provider: new LoggerProvider({ ...options, processors }), exporter };
}

describe('a logger', () => {
  it('makes a record of what is emitted, its scope, resource and span', () => {
    const resource = resourceFromAttributes({ r: 1 });
    const { provider, exporter } = provide({ resource });
    const context = trace.setSpanContext(ROOT_CONTEXT, SPAN);
    provider.getLogger('scope', '1', { schemaUrl: 's', attributes: { a: 1 } }).emit({
      timestamp: [5, 6],
      observedTimestamp: [7, 8],
      severityNumber: 9,
      severityText: 'info',
      body: { nested: [1] },
      eventName: 'event',
      attributes: { kept: new Uint8Array([1]), '': 1 },
      context,
    });
    const [record] = exporter.getFinishedLogRecords();
    expect(record).toMatchObject({
      hrTime: [5, 6],
      hrTimeObserved: [7, 8],
      spanContext: SPAN,
      severityNumber: 9,
      severityText: 'info',
      body: { nested: [1] },
      eventName: 'event',
      attributes: { kept: new Uint8Array([1]) },
      droppedAttributesCount: 0,
      instrumentationScope: { name: 'scope', version: '1', schemaUrl: 's', attributes: { a: 1 } },
    });
    expect(record?.resource).toBe(resource);
  });

  it('holds the limits, describes exceptions, has a time of its own', () => {
    const limits = { attributeCountLimit: 3, attributeValueLengthLimit: 2 };
    const { provider, exporter } = provide({ logRecordLimits: limits });
    const attributes = { a: 'long', 'exception.type': 'Mine' };
    provider.getLogger('').emit({ attributes, exception: new TypeError('no') });
    const [record] = exporter.getFinishedLogRecords();
    expect(record?.attributes).toEqual({
      a: 'lo',
      'exception.type': 'Mi',
      'exception.message': 'no',
    });
    expect(record?.droppedAttributesCount).toBe(1);
    expect(record?.instrumentationScope.name).toBe('unknown');
    expect(Math.abs((record?.hrTime[0] ?? 0) * 1000 - Date.now())).toBeLessThan(5000);
    expect(record?.spanContext).toBeUndefined();
  });

  it('lets processors change the record until all have seen it ("ReadWriteLogRecord")', () => {
    let kept: ReadWriteLogRecord | undefined;
    const changing: LogRecordProcessor = {
      onEmit: (record) => {
        kept = record;
        record.setBody('new').setEventName('e').setSeverityNumber(17).setSeverityText('ERR');
        record.setAttributes({ b: 2 }).setAttribute('c', 3);
        record.hrTime = [1, 2];
        record.hrTimeObserved = [3, 4];
        record.spanContext = SPAN;
      },
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    };
    const { provider, exporter } = provide({ processors: [changing] });
    provider.getLogger('l').emit({ body: 'old', attributes: { a: 1 } });
    const expected = {
      body: 'new',
      eventName: 'e',
      severityNumber: 17,
      severityText: 'ERR',
      attributes: { a: 1, b: 2, c: 3 },
      hrTime: [1, 2],
      hrTimeObserved: [3, 4],
      spanContext: SPAN,
    };
    expect(exporter.getFinishedLogRecords()[0]).toMatchObject(expected);
    kept?.setBody('late').setAttribute('late', 1);
    expect(exporter.getFinishedLogRecords()[0]).toMatchObject(expected);
    expect(reports.join()).toContain('changed too late');
  });

  it('asks processors what they want, and survives those that throw', () => {
    const asked: unknown[] = [];
    const picky: LogRecordProcessor = {
      enabled: (options) => {
        asked.push(options.severityNumber);
        return options.severityNumber === 17;
      },
      onEmit: () => {
        throw new Error('processor');
      },
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    };
    const logger = new LoggerProvider({ processors: [picky] }).getLogger('l');
    expect([logger.enabled({ severityNumber: 9 }), logger.enabled({ severityNumber: 17 })]).toEqual(
      [false, true],
    );
    logger.emit({ severityNumber: 17 });
    logger.emit(null as never);
    expect(asked).toEqual([9, 17, 17]);
    expect(reports.join()).toContain('onEmit threw: Error: processor');
    expect(new LoggerProvider().getLogger('l').enabled()).toBe(false);
  });

  it('is one for one scope, and silent after shutdown', async () => {
    const { provider, exporter } = provide();
    const logger = provider.getLogger('a', '1');
    expect(provider.getLogger('a', '1')).toBe(logger);
    expect(provider.getLogger('a', '2')).not.toBe(logger);
    logger.emit({ body: 1 });
    await provider.forceFlush();
    expect(exporter.getFinishedLogRecords()).toHaveLength(1);
    const ended = provider.shutdown();
    expect(provider.shutdown()).toBe(ended);
    await ended;
    logger.emit({ body: 2 });
    await provider.forceFlush();
    expect(exporter.getFinishedLogRecords()).toEqual([]);
    expect(logger.enabled()).toBe(false);
  });
});

describe('log processors and exporters', () => {
  it('the batch processor exports at a flush and at shutdown', async () => {
    const exporter = new InMemoryLogRecordExporter();
    const provider = new LoggerProvider({ processors: [new BatchLogRecordProcessor(exporter)] });
    provider.getLogger('l').emit({ body: 1 });
    expect(exporter.getFinishedLogRecords()).toEqual([]);
    await provider.forceFlush();
    expect(exporter.getFinishedLogRecords()).toHaveLength(1);
    await provider.shutdown();
    const answers: number[] = [];
    exporter.export([], (result) => answers.push(result.code));
    await exporter.forceFlush();
    expect(answers).toEqual([1]);
  });

  it('the simple processor waits for the resource and reports failures', async () => {
    const exporter = new InMemoryLogRecordExporter();
    const processor = new SimpleLogRecordProcessor(exporter);
    const late = Promise.resolve(1);
    const provider = new LoggerProvider({
      processors: [processor],
      resource: resourceFromAttributes({ late }),
    });
    provider.getLogger('l').emit({ body: 1 });
    await provider.forceFlush();
    expect(exporter.getFinishedLogRecords()[0]?.resource.attributes).toEqual({ late: 1 });
    await exporter.shutdown();
    provider.getLogger('l').emit({ body: 2 });
    await provider.forceFlush();
    expect(reports.join()).toContain('the exporter is shut down');
    await provider.shutdown();
    processor.onEmit({} as ReadWriteLogRecord);
  });

  it('the OTLP exporter sends all of a record', async () => {
    const backend = await Backend.start();
    const exporter = new OTLPLogExporter({ url: `${backend.url}/v1/logs` });
    const provider = new LoggerProvider({
      processors: [new BatchLogRecordProcessor({ exporter })],
      resource: resourceFromAttributes({ 'service.name': 'logs' }),
    });
    const context: Context = trace.setSpanContext(ROOT_CONTEXT, SPAN);
    const logger = provider.getLogger('scope');
    logger.emit({ timestamp: [5, 6], severityNumber: 10, body: 'text', eventName: 'e', context });
    logger.emit({ body: new Uint8Array([1]), attributes: { a: [1, 'x'] } });
    await provider.forceFlush();
    const request = decode('ExportLogsServiceRequest', backend.requests[0]!.body);
    const [first, second] = request.resourceLogs?.[0]?.scopeLogs?.[0]?.logRecords ?? [];
    expect(first).toMatchObject({
      timeUnixNano: 5_000_000_006n,
      severityNumber: 10,
      severityText: 'INFO2',
      body: { stringValue: 'text' },
      eventName: 'e',
      flags: 1,
    });
    expect(Buffer.from(first?.traceId ?? []).toString('hex')).toBe(SPAN.traceId);
    expect(second?.attributes).toHaveLength(1);
    expect(second?.traceId).toBeUndefined();
    await provider.shutdown();
    await backend.close();
  });

  it('the console exporter prints', async () => {
    const dir = vi.spyOn(console, 'dir').mockImplementation(() => {});
    const exporter = new ConsoleLogRecordExporter();
    const processors = [new SimpleLogRecordProcessor(exporter)];
    const provider = new LoggerProvider({ processors });
    provider.getLogger('l').emit({ body: 'printed' });
    await provider.forceFlush();
    await provider.shutdown();
    expect(dir.mock.calls[0]?.[0]).toMatchObject({ body: 'printed' });
    dir.mockRestore();
  });
});
