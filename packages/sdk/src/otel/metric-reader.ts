/** What every reader of metrics shares (specification, metrics SDK, "MetricReader"). */
import { report } from '../common/diagnostics.js';
import { CARDINALITY } from './limits.js';
import { AggregationTemporality, AggregationType } from './metric-types.js';
import type {
  AggregationOption,
  CollectionResult,
  MetricReaderContract,
  InstrumentType,
  MetricProducer,
} from './metric-types.js';

/** Options of {@link MetricReader}, under the official names. */
export interface MetricReaderOptions {
  /** Default: by the instrument's kind. */
  readonly aggregationSelector?: (instrumentType: InstrumentType) => AggregationOption;
  /** Default: cumulative. */
  readonly aggregationTemporalitySelector?: (
    instrumentType: InstrumentType,
  ) => AggregationTemporality;
  /** Attribute sets of an instrument; default 2,000. */
  readonly cardinalitySelector?: (instrumentType: InstrumentType) => number;
  /** Collected beside the SDK's own; the resource they name is ignored. */
  readonly metricProducers?: readonly MetricProducer[];
}

interface Bounded {
  /** Default: as long as it takes. */
  readonly timeoutMillis?: number;
}

/** Base of readers: extend it to collect at a time of your own, such as a scrape. */
export abstract class MetricReader implements MetricReaderContract {
  readonly #options: MetricReaderOptions;
  #producer: MetricProducer | undefined;
  #isEnded = false;

  constructor(options: MetricReaderOptions = {}) {
    this.#options = options;
  }

  /** Called by the meter provider, once; a second time throws. */
  setMetricProducer(producer: MetricProducer): void {
    if (this.#producer !== undefined) {
      throw new Error('cannot give a metric reader to a second meter provider');
    }
    this.#producer = producer;
    this.onInitialized();
  }

  selectAggregation(instrumentType: InstrumentType): AggregationOption {
    const select = this.#options.aggregationSelector;
    return select?.(instrumentType) ?? { type: AggregationType.DEFAULT };
  }

  selectAggregationTemporality(instrumentType: InstrumentType): AggregationTemporality {
    const select = this.#options.aggregationTemporalitySelector;
    return select?.(instrumentType) ?? AggregationTemporality.CUMULATIVE;
  }

  selectCardinalityLimit(instrumentType: InstrumentType): number {
    return this.#options.cardinalitySelector?.(instrumentType) ?? CARDINALITY;
  }

  /** Collects without exporting. Rejects before setMetricProducer and after shutdown. */
  async collect(options?: Bounded): Promise<CollectionResult> {
    if (this.#producer === undefined) throw new Error('the reader has no meter provider');
    if (this.#isEnded) throw new Error('the reader is shut down');
    const others = this.#options.metricProducers ?? [];
    const [own, ...added] = await Promise.all(
      [this.#producer, ...others].map((producer) => producer.collect(options)),
    );
    if (own === undefined || added.length === 0) return own!;
    return {
      resourceMetrics: {
        resource: own.resourceMetrics.resource,
        scopeMetrics: [own, ...added].flatMap((one) => one.resourceMetrics.scopeMetrics),
      },
      errors: [own, ...added].flatMap((one) => one.errors),
    };
  }

  /** Collects and exports what there is; does nothing after shutdown but say so. */
  async forceFlush(options?: Bounded): Promise<void> {
    if (this.#isEnded) report('warn', 'cannot flush a metric reader that is shut down');
    else await within(this.onForceFlush(), options?.timeoutMillis);
  }

  /** Ends the reader; a second call does nothing but say so. */
  async shutdown(options?: Bounded): Promise<void> {
    if (this.#isEnded) {
      report('warn', 'cannot shut down a metric reader twice');
      return;
    }
    await within(this.onShutdown(), options?.timeoutMillis);
    this.#isEnded = true;
  }

  /** The meter provider is there: timers may start. */
  protected onInitialized(): void {
    // Most readers have nothing to start.
  }

  protected abstract onForceFlush(): Promise<void>;

  protected abstract onShutdown(): Promise<void>;
}

/** Rejects when `work` takes over `millis`; the work goes on. */
async function within(work: Promise<void>, millis: number | undefined): Promise<void> {
  if (millis === undefined) return work;
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`the metric reader did not end within ${millis} ms`));
    }, millis);
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
