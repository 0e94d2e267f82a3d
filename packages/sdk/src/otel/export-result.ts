/** What exporters answer, and calling one safely. */
import { untraced } from '../export/suppress.js';

/** Whether an export succeeded: the official enum's values. */
export const ExportResultCode = { SUCCESS: 0, FAILED: 1 } as const;
/** One of {@link ExportResultCode}'s values. */
export type ExportResultCode = (typeof ExportResultCode)[keyof typeof ExportResultCode];

/** What an exporter passes to its callback. */
export interface ExportResult {
  readonly code: ExportResultCode;
  readonly error?: Error;
}

/** The part that exporters of all signals share; records come in the signal's own shape. */
export interface Exporting<Records> {
  export(records: Records, resultCallback: (result: ExportResult) => void): void;
  forceFlush?(): Promise<void>;
  shutdown(): Promise<void>;
}

/**
 * Calls `export` with tracing switched off, so that an exporter's requests make no spans. Rejects
 * when the exporter fails, throws, or has not answered after `timeoutMillis`.
 */
export function exportOrReject<Records>(
  exporter: Exporting<Records>,
  records: Records,
  timeoutMillis: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`the exporter did not answer within ${timeoutMillis} ms`));
    }, timeoutMillis);
    const settle = (result: ExportResult): void => {
      clearTimeout(timer);
      if (result?.code === ExportResultCode.SUCCESS) resolve();
      else reject(result?.error ?? new Error('the exporter failed'));
    };
    try {
      untraced(() => exporter.export(records, settle));
    } catch (error: unknown) {
      clearTimeout(timer);
      reject(error);
    }
  });
}

/** True for what looks like an exporter, as opposed to options that hold one. */
export function isExporter(value: object): boolean {
  return 'export' in value && typeof value.export === 'function';
}
