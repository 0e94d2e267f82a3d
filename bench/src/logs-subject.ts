/**
 * One way to log, measured in a process of its own:
 *
 *     node logs-subject.js KIND URL
 *
 * KIND is logger (our getLogger), api (our provider behind the logs api), official, pino (pino's
 * lines to /dev/null) or transport (pino with our transport). Prints one line of JSON: CPU of all
 * threads for a record from the call to the far end's count, and of the thread that logs alone.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { SeverityNumber } from '@opentelemetry/api-logs';
import type { Logger } from '@opentelemetry/api-logs';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { forceFlush, getLogger, init, loggerProviderOf } from '@codomyrmex/telemetry';
import pino from 'pino';

/** What came of a run. */
export interface LogsReport {
  /** Microseconds of CPU, all threads, a record. */
  readonly micros: number;
  /** Microseconds of the call itself, on the clock of a busy thread. */
  readonly callMicros: number;
  readonly delivered: number;
  readonly records: number;
}

interface Subject {
  log(index: number): void;
  flush(): Promise<void>;
  /** False for what goes nowhere. */
  readonly isSent: boolean;
}

const RECORDS = 200_000;
const WARM_UP = 20_000;
/** As many between two turns of the event loop: a burst, but no flood. */
const BURST = 500;
const [kind = 'logger', url = ''] = process.argv.slice(2);
const RESOURCE = { 'service.name': 'bench' };

function attributesOf(index: number): Record<string, string | number> {
  return { 'order.id': `o-${index}`, amount: index, 'user.id': 'u1' };
}

function throughApi(logger: Logger, flush: () => Promise<void>): Subject {
  const log = (index: number): void => {
    logger.emit({
      severityNumber: SeverityNumber.INFO,
      severityText: 'INFO',
      body: 'order created',
      attributes: attributesOf(index),
    });
  };
  return { log, flush, isSent: true };
}

const SUBJECTS: Readonly<Record<string, () => Subject>> = {
  logger: () => {
    init({ endpoint: url, resource: RESOURCE });
    const logger = getLogger('bench');
    const log = (index: number): void => logger.info('order created', attributesOf(index));
    return { log, flush: forceFlush, isSent: true };
  },
  api: () => {
    const telemetry = init({ endpoint: url, resource: RESOURCE });
    return throughApi(loggerProviderOf(telemetry).getLogger('bench'), forceFlush);
  },
  official: () => {
    const exporter = new OTLPLogExporter({ url: `${url}/v1/logs` });
    // Generous, so that it loses nothing.
    const generous = { maxQueueSize: 500_000, maxExportBatchSize: 4096, scheduledDelayMillis: 50 };
    const provider = new LoggerProvider({
      resource: resourceFromAttributes(RESOURCE),
      processors: [new BatchLogRecordProcessor({ exporter, ...generous })],
    });
    return throughApi(provider.getLogger('bench'), () => provider.forceFlush());
  },
  pino: () => throughPino('pino/file', { destination: '/dev/null' }, false),
  transport: () =>
    throughPino('@codomyrmex/telemetry/pino', { endpoint: url, resource: RESOURCE }, true),
};

function throughPino(target: string, options: object, isSent: boolean): Subject {
  const logger = pino({ base: { service: 'bench' }, transport: { target, options } });
  const log = (index: number): void => logger.info(attributesOf(index), 'order created');
  const flush = (): Promise<void> => new Promise((resolve) => logger.flush(() => resolve()));
  return { log, flush, isSent };
}

async function count(): Promise<number> {
  const answer = await fetch(`${url}/count`);
  return ((await answer.json()) as { spans: number }).spans;
}

/** Logs `records`, and waits until the far end has counted them, or no more come. */
async function run(subject: Subject, records: number): Promise<LogsReport> {
  const began = process.cpuUsage();
  let callMillis = 0;
  for (let index = 0; index < records;) {
    const start = performance.now();
    for (const end = index + BURST; index < end; index++) subject.log(index);
    callMillis += performance.now() - start;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  await subject.flush();
  let delivered = 0;
  const deadline = performance.now() + 15_000;
  while (subject.isSent && delivered < records && performance.now() < deadline) {
    delivered += await count();
    if (delivered < records) await pause(50);
  }
  const { user, system } = process.cpuUsage(began);
  const micros = (user + system) / records;
  return { micros, callMicros: (callMillis * 1000) / records, delivered, records };
}

const subject = SUBJECTS[kind]!();
await run(subject, WARM_UP);
console.log(JSON.stringify(await run(subject, RECORDS)));
process.exit(0);
