/** Meters whose metrics go to the given readers (metrics SDK, "MeterProvider"). */
import { createNoopMeter } from '@opentelemetry/api';
import type { Meter, MeterOptions, MeterProvider as Contract } from '@opentelemetry/api';
import type { MetricViewOptions, ViewAggregation } from '../common/metric-view-options.js';
import type { Exporter } from '../export/exporter.js';
import { Telemetry } from '../export/telemetry.js';
import type { InstrumentKind } from '../metrics/instrument-descriptor.js';
import { MeterProvider as ReaderMeterProvider } from '../metrics/meter-provider.js';
import type { MetricSelectors } from '../metrics/meter-provider.js';
import { resolveViews } from '../metrics/views.js';
import { CollectedMetrics } from './collected-metrics.js';
import { FanOutMeter } from './fan-out-meter.js';
import { CARDINALITY, EXPORT_TIMEOUT_MILLIS } from './limits.js';
import { AggregationTemporality, AggregationType, INSTRUMENT_TYPES } from './metric-types.js';
import type {
  AggregationOption,
  CollectionResult,
  MetricReaderContract,
  InstrumentType,
  MetricProducer,
} from './metric-types.js';
import { defaultResource, encodedResource } from './resource.js';
import type { Resource } from './resource.js';

/** A view under the official names. */
export interface ViewOptions {
  /** Name in any case; `*` stands for any characters, `?` for one. */
  readonly instrumentName?: string;
  readonly instrumentType?: InstrumentType;
  readonly instrumentUnit?: string;
  readonly meterName?: string;
  readonly meterVersion?: string;
  readonly meterSchemaUrl?: string;
  /** Name of the metric; only where `instrumentName` has no wildcard. */
  readonly name?: string;
  readonly description?: string;
  /** From createAllowListAttributesProcessor and createDenyListAttributesProcessor. */
  readonly attributesProcessors?: readonly AttributesProcessor[];
  /** Default: by the instrument's kind. */
  readonly aggregation?: AggregationOption;
  /** Attribute sets, the overflow set included. */
  readonly aggregationCardinalityLimit?: number;
}

/** Says which attribute keys a view keeps. */
export interface AttributesProcessor {
  readonly attributeKeys?: readonly string[];
  readonly excludedAttributeKeys?: readonly string[];
}

/** Keeps these attribute keys only. */
export function createAllowListAttributesProcessor(attributeKeys: string[]): AttributesProcessor {
  return { attributeKeys };
}

/** Leaves these attribute keys out. */
export function createDenyListAttributesProcessor(
  excludedAttributeKeys: string[],
): AttributesProcessor {
  return { excludedAttributeKeys };
}

/** Options of {@link MeterProvider}, under the official names. */
export interface MeterProviderOptions {
  /** Default: `unknown_service:node` and the SDK's name. */
  readonly resource?: Resource;
  readonly views?: readonly ViewOptions[];
  /** Where metrics go; none: nowhere. Each has temporality, aggregation and limits of its own. */
  readonly readers?: readonly MetricReaderContract[];
}

/** Makes meters whose metrics the readers collect. */
export class MeterProvider implements Contract {
  readonly #readers: readonly MetricReaderContract[];
  readonly #producers: readonly ReaderProducer[];
  readonly #meters = new Map<string, Meter>();
  #ended: Promise<void> | undefined;

  /** Views that cannot be used throw. */
  constructor(options: MeterProviderOptions = {}) {
    const resource = options.resource ?? defaultResource();
    const views = (options.views ?? []).map(ownView);
    this.#readers = [...(options.readers ?? [])];
    this.#producers = this.#readers.map((reader) => {
      const producer = new ReaderProducer(reader, resource, views);
      reader.setMetricProducer(producer);
      return producer;
    });
  }

  /** The meter of a scope; after shutdown one that does nothing. */
  getMeter(name: string, version: string = '', options: MeterOptions = {}): Meter {
    if (this.#ended !== undefined || this.#producers.length === 0) return createNoopMeter();
    const key = JSON.stringify([name, version, options.schemaUrl]);
    let meter = this.#meters.get(key);
    if (meter === undefined) {
      const parts = this.#producers.map(({ meters }) => meters.getMeter(name, version, options));
      meter = parts.length === 1 ? parts[0]! : new FanOutMeter(parts);
      this.#meters.set(key, meter);
    }
    return meter;
  }

  /** Has every reader collect and export. */
  async forceFlush(options?: { readonly timeoutMillis?: number }): Promise<void> {
    if (this.#ended !== undefined) return;
    await Promise.all(this.#readers.map((reader) => reader.forceFlush(options)));
  }

  /** Shuts every reader down; a second call returns the first promise. */
  shutdown(options?: { readonly timeoutMillis?: number }): Promise<void> {
    this.#ended ??= Promise.all(this.#readers.map((reader) => reader.shutdown(options))).then(
      () => undefined,
    );
    return this.#ended;
  }
}

/** One reader's state: its own meters, and what they hand out at a collection. */
class ReaderProducer implements MetricProducer {
  readonly meters: ReaderMeterProvider;
  readonly #resource: Resource;
  #parts: Uint8Array[] = [];

  constructor(
    reader: MetricReaderContract,
    resource: Resource,
    views: readonly MetricViewOptions[],
  ) {
    this.#resource = resource;
    const exporter = exporterInto((part) => this.#parts.push(part));
    const shared = { resource: lateResource(resource), exporter };
    this.meters = new ReaderMeterProvider(
      new Telemetry({ metrics: { views } }, {}, shared),
      selectorsOf(reader),
    );
  }

  async collect(options?: {
    readonly timeoutMillis?: number | undefined;
  }): Promise<CollectionResult> {
    if (this.#resource.asyncAttributesPending === true) {
      await this.#resource.waitForAsyncAttributes?.();
    }
    await this.meters.collect(options?.timeoutMillis ?? EXPORT_TIMEOUT_MILLIS);
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    return { resourceMetrics: new CollectedMetrics(this.#resource, bytes), errors: [] };
  }
}

/** The resource's bytes as they are when metrics are collected: attributes may come late. */
function lateResource(resource: Resource): ReturnType<typeof encodedResource> {
  return {
    get attributes() {
      return encodedResource(resource).attributes;
    },
    get bytes() {
      return encodedResource(resource).bytes;
    },
    get schemaUrl() {
      return resource.schemaUrl;
    },
    merge: (attributes) => encodedResource(resource).merge(attributes),
  };
}

function exporterInto(take: (part: Uint8Array) => void): Exporter {
  const none = { traces: 0, metrics: 0, logs: 0 };
  return {
    enqueue: (_signal, chunk) => take(chunk),
    flush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
    stats: () => ({ sent: none, dropped: none, droppedBy: {} }),
  };
}

function selectorsOf(reader: MetricReaderContract): MetricSelectors {
  return {
    temporalityOf: (kind) => {
      const chosen = reader.selectAggregationTemporality(INSTRUMENT_TYPES[kind]);
      return chosen === AggregationTemporality.DELTA ? 'delta' : 'cumulative';
    },
    cardinalityLimitOf: (kind) =>
      reader.selectCardinalityLimit?.(INSTRUMENT_TYPES[kind]) ?? CARDINALITY,
    shapeOf: (descriptor) => {
      const option = reader.selectAggregation(INSTRUMENT_TYPES[descriptor.kind]);
      const aggregation = ownAggregation(option);
      return resolveViews([{ instrumentName: '*', aggregation }])[0]?.shape(descriptor);
    },
  };
}

function ownView(view: ViewOptions): MetricViewOptions {
  const { instrumentType, attributesProcessors, aggregation, aggregationCardinalityLimit } = view;
  const keys = { instrumentType, attributesProcessors, aggregation, aggregationCardinalityLimit };
  const same = Object.entries(view).filter(([key]) => !Object.hasOwn(keys, key));
  return {
    ...Object.fromEntries(same),
    ...(instrumentType === undefined ? {} : { instrumentType: kindOf(instrumentType) }),
    ...(aggregation === undefined ? {} : { aggregation: ownAggregation(aggregation) }),
    ...(aggregationCardinalityLimit === undefined
      ? {}
      : { cardinalityLimit: aggregationCardinalityLimit }),
    ...ownKeys(attributesProcessors ?? []),
  };
}

function ownKeys(processors: readonly AttributesProcessor[]): MetricViewOptions {
  let options: MetricViewOptions = {};
  for (const processor of processors) {
    const { attributeKeys, excludedAttributeKeys } = processor;
    if (attributeKeys === undefined && excludedAttributeKeys === undefined) {
      throw new TypeError(
        'cannot use a view: attributesProcessors must come from this package: ' +
          'createAllowListAttributesProcessor or createDenyListAttributesProcessor',
      );
    }
    options = {
      ...options,
      ...(attributeKeys === undefined ? {} : { attributeKeys }),
      ...(excludedAttributeKeys === undefined ? {} : { excludedAttributeKeys }),
    };
  }
  return options;
}

function kindOf(type: InstrumentType): InstrumentKind {
  const kinds = Object.keys(INSTRUMENT_TYPES) as InstrumentKind[];
  const kind = kinds.find((each) => INSTRUMENT_TYPES[each] === type);
  if (kind === undefined) throw new TypeError(`cannot use a view: instrumentType ${String(type)}`);
  return kind;
}

function ownAggregation(option: AggregationOption): ViewAggregation {
  switch (option.type) {
    case AggregationType.DEFAULT:
      return 'default';
    case AggregationType.DROP:
      return 'drop';
    case AggregationType.SUM:
      return 'sum';
    case AggregationType.LAST_VALUE:
      return 'lastValue';
    case AggregationType.EXPLICIT_BUCKET_HISTOGRAM:
      return { type: 'explicitHistogram', ...option.options };
    case AggregationType.EXPONENTIAL_HISTOGRAM:
      return { type: 'exponentialHistogram', ...option.options };
  }
}
