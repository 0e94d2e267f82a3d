import { readCount } from '../common/environment.js';
import { timerSource } from '../common/timers.js';
import type { Timer } from '../common/timers.js';
import { isLoopback } from '../export/settings.js';
import type { Telemetry } from '../export/telemetry.js';
import { checkedInterval } from './check-metrics-options.js';
import { DEFAULT_INTERVAL_MILLIS, DEFAULT_TIMEOUT_MILLIS } from './limits.js';
import type { MeterProvider } from './meter-provider.js';

/**
 * Collects a provider's metrics at an interval, at each flush, and a last time at shutdown. The
 * timer does not keep the program alive.
 */
export class PeriodicReader {
  /** Milliseconds between two collections. */
  readonly intervalMillis: number;
  /** Milliseconds that asynchronous callbacks may take. */
  readonly timeoutMillis: number;
  readonly #provider: MeterProvider;
  readonly #telemetry: Telemetry;
  #timer: Timer | undefined;
  /** Callbacks were asked after the event loop had run empty. */
  #lastWords = false;
  #isStopped = false;

  constructor(provider: MeterProvider, telemetry: Telemetry) {
    const { options, environment } = telemetry;
    this.#provider = provider;
    this.#telemetry = telemetry;
    this.intervalMillis =
      checkedInterval(options.metrics?.intervalMillis) ??
      readCount(environment, 'OTEL_METRIC_EXPORT_INTERVAL', 1) ??
      DEFAULT_INTERVAL_MILLIS;
    // The specification wants the timeout no longer than the interval.
    this.timeoutMillis = Math.min(
      readCount(environment, 'OTEL_METRIC_EXPORT_TIMEOUT', 1) ?? DEFAULT_TIMEOUT_MILLIS,
      this.intervalMillis,
    );
  }

  /** Starts the timer and takes part in flush and shutdown. */
  start(): void {
    // Programs that start together should not all export in the same moment; nobody else uses the
    // backend on this machine, and who looks at it there wants the first values soon.
    const url = this.#telemetry.settings.destinations.metrics?.url;
    const spread = url === undefined || isLoopback(url) ? 0 : Math.random() / 2;
    if (!this.#telemetry.settings.isServerless) {
      this.#schedule(this.intervalMillis * (1 - spread));
    }
    this.#telemetry.onFlush(() => this.#flush());
    this.#telemetry.onShutdown(() => this.stop());
    watchEnd();
  }

  /**
   * A flush collects what is new. At the program's end flushes come until nothing is left: totals
   * that have not changed, and callbacks that always answer, must not make that forever.
   */
  #flush(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    if (!this.#provider.hasNews() && (this.#lastWords || !this.#provider.hasObservables())) {
      return Promise.resolve();
    }
    this.#lastWords = isEnding;
    return this.collect();
  }

  /** Collects now; nothing when metrics are switched off (OTEL_METRICS_EXPORTER=none). */
  collect(): Promise<void> {
    if (this.#telemetry.settings.destinations.metrics === undefined) return Promise.resolve();
    const { collected } = this.#telemetry.counts;
    const began = performance.now();
    const work = this.#provider.collect(this.timeoutMillis);
    if (collected === undefined) return work;
    return work.then(() => collected((performance.now() - began) / 1000, undefined));
  }

  /** No further collections, by the clock or at a flush: nobody would take them. */
  stop(): void {
    this.#isStopped = true;
    timerSource.stop(this.#timer);
    this.#timer = undefined;
  }

  #schedule(millis: number): void {
    this.#timer = timerSource.start(() => this.#tick(), millis);
  }

  #tick(): void {
    this.#schedule(this.intervalMillis);
    void this.collect();
  }
}

/** The event loop has run empty at least once. One listener for all readers of the process. */
let isEnding = false;
let isWatching = false;

function watchEnd(): void {
  if (isWatching) return;
  isWatching = true;
  process.once('beforeExit', () => {
    isEnding = true;
  });
}
