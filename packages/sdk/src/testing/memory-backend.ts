/** A backend inside the test: it gets the bytes that would be sent, and decodes them. */
import { AssertionError } from 'node:assert';
// Not the global one, which a test may have replaced.
import { setTimeout as pause } from 'node:timers/promises';
import type { ExportStats, Exporter, Signal } from '../export/exporter.js';
import { divertExports, runningTelemetry } from '../export/telemetry.js';
import { POLL_MILLIS, UNTIL_MILLIS } from './limits.js';
import { currentPoints, readPoints } from './read-metrics.js';
import type { ReceivedPoint } from './read-metrics.js';
import { readLogs, readSpans } from './read-spans.js';
import { startReceiver } from './receiver.js';
import type { Receiver } from './receiver.js';
import type { ReceivedLog, ReceivedSpan } from './received.js';
import { tracesOf } from './trace-tree.js';
import type { ReceivedTrace } from './trace-tree.js';

/**
 * Keeps what it receives until {@link reset}: from this process's SDK ({@link memoryBackend}), and
 * from others over HTTP ({@link listen}). Reading hands over first what the SDK still holds, so
 * that a test sees all that was recorded before without waiting; only asynchronous callbacks of
 * observable instruments need {@link flush}.
 */
export class MemoryBackend {
  #spans: ReceivedSpan[] = [];
  #points: ReceivedPoint[] = [];
  #logs: ReceivedLog[] = [];
  readonly #exporter = new MemoryExporter((signal, bytes) => this.take(signal, bytes));
  #isAttached = false;
  #receiver: Promise<Receiver> | undefined;

  /** Has this process's SDK, whoever starts it and however, send here instead of anywhere else. */
  attach(): this {
    divertExports(this.#exporter);
    this.#isAttached = true;
    return this;
  }

  /** Ends {@link attach}: later records go where the SDK's options say. */
  detach(): void {
    if (!this.#isAttached) return;
    this.#handOver();
    this.#isAttached = false;
    divertExports(undefined);
  }

  /**
   * Takes an export request in protobuf, as its bytes. Throws OtlpError where they are none, and
   * keeps nothing of them.
   */
  take(signal: Signal, bytes: Uint8Array): void {
    if (signal === 'traces') this.#takeSpans(readSpans(bytes));
    else if (signal === 'metrics') this.#points.push(...readPoints(bytes));
    else this.#logs.push(...readLogs(bytes));
  }

  /** A span that was shown while it ran makes way for what comes of it later. */
  #takeSpans(spans: readonly ReceivedSpan[]): void {
    for (const span of spans) {
      const place = this.#spans.findIndex(
        ({ running, spanId, traceId }) =>
          running && spanId === span.spanId && traceId === span.traceId,
      );
      if (place < 0) this.#spans.push(span);
      else this.#spans[place] = span;
    }
  }

  #handOver(): void {
    if (!this.#isAttached) return;
    runningTelemetry()?.handOver();
    this.#exporter.check();
  }

  /** Every span, in the order in which they ended. */
  get spans(): readonly ReceivedSpan[] {
    this.#handOver();
    return this.#spans;
  }

  /** Every trace as a tree. */
  get traces(): readonly ReceivedTrace[] {
    return tracesOf(this.spans);
  }

  /** Every point of every collection, oldest first. */
  get points(): readonly ReceivedPoint[] {
    this.#handOver();
    return this.#points;
  }

  /** One point a series: where totals stand now, deltas added up. */
  get metrics(): readonly ReceivedPoint[] {
    return currentPoints(this.points);
  }

  /** Every log record. */
  get logs(): readonly ReceivedLog[] {
    this.#handOver();
    return this.#logs;
  }

  /** As reading does, and waits for asynchronous callbacks too. */
  async flush(): Promise<void> {
    if (this.#isAttached) await runningTelemetry()?.forceFlush();
  }

  /** Forgets all that was received, and starts the metrics of this process over: for beforeEach. */
  reset(): void {
    if (this.#isAttached) {
      this.#handOver();
      runningTelemetry()?.reset();
    }
    this.#spans = [];
    this.#points = [];
    this.#logs = [];
  }

  /**
   * Resolves with what `check` returns once it neither throws nor returns false; it is asked now
   * and every 10 ms. After `timeoutMillis`, 4 s by default, it rejects with what `check` threw
   * last.
   */
  async until<T>(check: () => T, timeoutMillis: number = UNTIL_MILLIS): Promise<T> {
    const deadline = performance.now() + timeoutMillis;
    for (;;) {
      let thrown: unknown = new AssertionError({ message: `not met within ${timeoutMillis} ms` });
      try {
        const result = check();
        if (result !== false) return result;
      } catch (error: unknown) {
        thrown = error;
      }
      if (performance.now() >= deadline) throw thrown;
      await pause(POLL_MILLIS);
    }
  }

  /**
   * Opens an OTLP/HTTP endpoint (protobuf and JSON) on a free port of 127.0.0.1 and returns its
   * URL, for child processes and other SDKs; a second call returns the same one.
   */
  async listen(): Promise<string> {
    this.#receiver ??= startReceiver((signal, bytes) => this.take(signal, bytes));
    return (await this.#receiver).url;
  }

  /** Closes the endpoint of {@link listen}, if it is open, and detaches. */
  async close(): Promise<void> {
    this.detach();
    const receiver = this.#receiver;
    this.#receiver = undefined;
    await (await receiver)?.close();
  }
}

let attached: MemoryBackend | undefined;

/**
 * The backend of this process's own SDK: the first call attaches it, later ones return the same.
 * Nothing leaves the process from then on, whatever endpoint is configured.
 */
export function memoryBackend(): MemoryBackend {
  attached ??= new MemoryBackend();
  return attached.attach();
}

/** In the place of the exporter that would post; bounded by the test that it runs in. */
class MemoryExporter implements Exporter {
  readonly isInProcess = true;
  readonly #take: (signal: Signal, bytes: Uint8Array) => void;
  readonly #sent: Record<Signal, number> = { traces: 0, metrics: 0, logs: 0 };
  readonly #dropped: Record<Signal, number> = { traces: 0, metrics: 0, logs: 0 };
  #isShutDown = false;
  #fault: unknown;

  constructor(take: (signal: Signal, bytes: Uint8Array) => void) {
    this.#take = take;
  }

  enqueue(signal: Signal, chunk: Uint8Array, recordCount: number): void {
    if (this.#isShutDown) {
      this.#dropped[signal] += recordCount;
      return;
    }
    try {
      this.#take(signal, chunk);
      this.#sent[signal] += recordCount;
    } catch (error: unknown) {
      // Not into the program that recorded: the test hears of it when it reads.
      this.#fault = error;
    }
  }

  /** Throws what could not be decoded. */
  check(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    this.#isShutDown = true;
    return Promise.resolve();
  }

  stats(): ExportStats {
    const dropped = this.#dropped.traces + this.#dropped.metrics + this.#dropped.logs;
    return {
      sent: { ...this.#sent },
      dropped: { ...this.#dropped },
      droppedBy: dropped === 0 ? {} : { 'shut down': dropped },
    };
  }
}
