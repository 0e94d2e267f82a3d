/** Log exporters for tests and for reading along. */
import { ExportResultCode } from './export-result.js';
import type { ExportResult } from './export-result.js';
import type { LogRecordExporter, ReadableLogRecord } from './log-record.js';

type Callback = (result: ExportResult) => void;

/** Keeps log records in memory, without a limit: for tests. */
export class InMemoryLogRecordExporter implements LogRecordExporter {
  #records: ReadableLogRecord[] = [];
  #isStopped = false;

  export(records: ReadableLogRecord[], resultCallback: Callback): void {
    if (this.#isStopped) {
      const error = new Error('the exporter is shut down');
      resultCallback({ code: ExportResultCode.FAILED, error });
      return;
    }
    this.#records.push(...records);
    resultCallback({ code: ExportResultCode.SUCCESS });
  }

  /** The records so far. */
  getFinishedLogRecords(): ReadableLogRecord[] {
    return this.#records;
  }

  /** Forgets the records so far. */
  reset(): void {
    this.#records = [];
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  /** Forgets all records and refuses more. */
  shutdown(): Promise<void> {
    this.#isStopped = true;
    this.reset();
    return Promise.resolve();
  }
}

/** Prints log records with console.dir. */
export class ConsoleLogRecordExporter implements LogRecordExporter {
  export(records: ReadableLogRecord[], resultCallback?: Callback): void {
    // oxlint-disable-next-line no-console -- printing is what it is for
    for (const record of records) console.dir(infoOf(record), { depth: 3 });
    resultCallback?.({ code: ExportResultCode.SUCCESS });
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

function infoOf(record: ReadableLogRecord): Record<string, unknown> {
  return {
    resource: { attributes: record.resource.attributes },
    instrumentationScope: record.instrumentationScope,
    timestamp: record.hrTime[0] * 1e6 + record.hrTime[1] / 1e3,
    traceId: record.spanContext?.traceId,
    spanId: record.spanContext?.spanId,
    traceFlags: record.spanContext?.traceFlags,
    severityText: record.severityText,
    severityNumber: record.severityNumber,
    eventName: record.eventName,
    body: record.body,
    attributes: record.attributes,
  };
}
