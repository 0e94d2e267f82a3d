/** OTLP exporters under the official names: one request an export, answered to the caller. */
import type { MeterProvider } from '@opentelemetry/api';
import { report } from '../common/diagnostics.js';
import { POSTS_IN_FLIGHT, RETRY_FIRST_MILLIS, RETRY_LAST_MILLIS } from '../common/limits.js';
import { withScheme, urlOf } from '../export/protocol.js';
import type { Protocol } from '../export/protocol.js';
import { resolveSettings } from '../export/settings.js';
import type { Destination } from '../export/settings.js';
import type { Signal } from '../export/signal.js';
import { untraced } from '../export/suppress.js';
import type { TlsSettings } from '../export/tls.js';
import { Transmitter } from '../export/transmitter.js';
import { ExporterMetrics } from './exporter-metrics.js';
import { ExportResultCode } from './export-result.js';
import type { ExportResult } from './export-result.js';

/** Headers, or a function that is asked for them before each export. */
export type HeadersOption =
  | Readonly<Record<string, string>>
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);

/** Options of the OTLP exporters; where one is not given, OTEL_EXPORTER_OTLP_*. */
export interface OtlpExporterOptions {
  /** The signal's own URL, such as http://localhost:4318/v1/traces; for gRPC the origin. */
  readonly url?: string;
  /** The wire. Default: OTEL_EXPORTER_OTLP_PROTOCOL, else `http/protobuf`. */
  readonly protocol?: Protocol;
  readonly headers?: HeadersOption;
  /** Default: gzip to other machines, none on loopback. */
  readonly compression?: 'gzip' | 'none';
  /** One export with its retries may take this long. Default 10,000 ms. */
  readonly timeoutMillis?: number;
  /** Exports under way at once; more fail at once. Default 30. */
  readonly concurrencyLimit?: number;
  /** Certificates and keys as PEM texts. */
  readonly tls?: TlsSettings;
  /** Gets `otel.sdk.exporter.*` of this exporter. Default: nobody does. */
  readonly meterProvider?: MeterProvider;
}

const CONCURRENCY = 30;

/** What became of one request with its retries. */
interface Sent {
  readonly result: ExportResult;
  readonly rejected: number;
  readonly errorType: string | undefined;
}

/** Sends encoded requests of one signal. */
export class OtlpClient {
  readonly #signal: Signal;
  readonly #destination: Destination;
  readonly #headers: (() => unknown) | undefined;
  readonly #concurrency: number;
  readonly #transmitter: Transmitter;
  readonly #metrics: ExporterMetrics | undefined;
  readonly #wakers = new Set<() => void>();
  readonly #pending = new Set<Promise<void>>();
  #isShutDown = false;

  /** Options that are not of their kind throw. */
  constructor(signal: Signal, options: OtlpExporterOptions) {
    this.#signal = signal;
    this.#destination = destinationOf(signal, options);
    this.#headers = typeof options.headers === 'function' ? options.headers : undefined;
    this.#concurrency = options.concurrencyLimit ?? CONCURRENCY;
    this.#transmitter = new Transmitter(POSTS_IN_FLIGHT);
    const { meterProvider } = options;
    this.#metrics = meterProvider && new ExporterMetrics(meterProvider, signal, this.#destination);
  }

  /**
   * Encodes and sends one request; what `encode` throws is the result's error. `count` is asked how
   * many records it has, where somebody wants to know.
   */
  export(
    encode: () => Uint8Array,
    resultCallback: (result: ExportResult) => void,
    count: () => number,
  ): void {
    if (this.#isShutDown) {
      resultCallback(failed('the exporter is shut down'));
      return;
    }
    if (this.#pending.size >= this.#concurrency) {
      resultCallback(failed('too many exports at once (concurrencyLimit)'));
      return;
    }
    const ended = this.#metrics?.begin(count());
    const work = this.#exportAndAnswer(encode, resultCallback, ({ rejected, errorType }) => {
      this.#pending.delete(work);
      ended?.(rejected, errorType);
    });
    this.#pending.add(work);
  }

  async #exportAndAnswer(
    encode: () => Uint8Array,
    resultCallback: (result: ExportResult) => void,
    done: (sent: Sent) => void,
  ): Promise<void> {
    const sent = await this.#export(encode);
    // Before the answer: who is answered may export the next batch at once.
    done(sent);
    try {
      resultCallback(sent.result);
    } catch (error: unknown) {
      report('error', `an export's callback threw: ${String(error)}`);
    }
  }

  async #export(encode: () => Uint8Array): Promise<Sent> {
    try {
      const body = encode();
      const destination = await this.#currentDestination();
      return await untraced(() => this.#send(destination, body));
    } catch (error: unknown) {
      const cause = error instanceof Error ? error : new Error(String(error));
      const result = { code: ExportResultCode.FAILED, error: cause };
      return { result, rejected: 0, errorType: cause.name };
    }
  }

  async #currentDestination(): Promise<Destination> {
    if (this.#headers === undefined) return this.#destination;
    const headers = (await this.#headers()) as Readonly<Record<string, string>>;
    return { ...this.#destination, headers: { ...this.#destination.headers, ...headers } };
  }

  /** Tries until the backend has taken or refused it, at most `timeoutMillis` in all. */
  async #send(destination: Destination, body: Uint8Array): Promise<Sent> {
    const deadline = performance.now() + destination.timeoutMillis;
    for (let attempt = 0; ; attempt++) {
      const leftMillis = Math.max(1, Math.ceil(deadline - performance.now()));
      const limited = { ...destination, timeoutMillis: leftMillis };
      const answer = await this.#transmitter.transmit(this.#signal, limited, [body]);
      if (answer.kind === 'taken') {
        if (answer.rejected > 0) {
          report('warn', `the backend rejected ${answer.rejected}: ${answer.message ?? ''}`);
        }
        const result = { code: ExportResultCode.SUCCESS };
        return { result, rejected: answer.rejected, errorType: undefined };
      }
      const { message, code = '_OTHER' } = answer;
      const given = { result: failed(message), rejected: 0, errorType: code };
      if (answer.kind === 'refused') return given;
      const asked = answer.kind === 'busy' ? answer.retryMillis : undefined;
      const waitMillis = asked ?? backoffMillis(attempt);
      if (this.#isShutDown || performance.now() + waitMillis >= deadline) {
        return given;
      }
      await this.#sleep(waitMillis);
    }
  }

  #sleep(millis: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#wakers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, millis);
      timer.unref();
      this.#wakers.add(wake);
    });
  }

  /** Resolves when every export under way has been answered. */
  async forceFlush(): Promise<void> {
    await Promise.allSettled(this.#pending);
  }

  /** Tries what waits once more, then closes the connections. */
  async shutdown(): Promise<void> {
    this.#isShutDown = true;
    for (const wake of this.#wakers) wake();
    await this.forceFlush();
    this.#transmitter.close();
  }
}

function failed(message: string): ExportResult {
  return { code: ExportResultCode.FAILED, error: new Error(message) };
}

function backoffMillis(attempt: number): number {
  const base = Math.min(RETRY_FIRST_MILLIS * 2 ** attempt, RETRY_LAST_MILLIS);
  return base * (0.8 + Math.random() * 0.4);
}

function destinationOf(signal: Signal, options: OtlpExporterOptions): Destination {
  const { url, protocol, headers, compression, timeoutMillis, tls } = options;
  // An exporter made by hand sends, whatever OTEL_TRACES_EXPORTER says of the SDK's own.
  const environment = { ...process.env, [`OTEL_${signal.toUpperCase()}_EXPORTER`]: undefined };
  const settings = resolveSettings(
    {
      ...(protocol === undefined ? {} : { protocol }),
      ...(headers === undefined || typeof headers === 'function' ? {} : { headers }),
      ...(compression === undefined ? {} : { compression }),
      ...(timeoutMillis === undefined ? {} : { timeoutMillis }),
      ...(tls === undefined ? {} : { tls }),
      // Decides on compression, too.
      ...(url === undefined ? {} : { endpoint: withScheme(url, true) }),
    },
    environment,
  );
  const destination = settings.destinations[signal]!;
  if (url === undefined) return destination;
  const full = withScheme(url, true);
  return { ...destination, url: urlOf(destination.protocol, signal, full, full) };
}
