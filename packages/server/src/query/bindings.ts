import type { QueryParameters } from '../store/engine.js';

/**
 * Collects the values of one SQL text. What came from outside reaches the engine only through
 * `bind`, as a bound parameter; it never becomes SQL text.
 */
export class Bindings {
  readonly #values: Record<string, QueryParameters[string]> = {};
  #count = 0;

  /** The placeholder of a value: `{p0:String}`. The type is ours, never input. */
  bind(type: string, value: QueryParameters[string]): string {
    const name = `p${this.#count++}`;
    this.#values[name] = value;
    return `{${name}:${type}}`;
  }

  text(value: string): string {
    return this.bind('String', value);
  }

  /** A point in time, nanoseconds since the epoch, as DateTime64(9). */
  time(nanos: bigint): string {
    return `fromUnixTimestamp64Nano(${this.bind('Int64', nanos)})`;
  }

  get values(): QueryParameters {
    return this.#values;
  }
}
