/** What a sampler turned down: it costs an identity, and that only when asked for. */
import type { SpanContext } from '@opentelemetry/api';
import { randomInt32 } from '../common/ids.js';
import type { Span } from './span.js';
import { spanContextOf } from './trace-ids.js';
import type { Trace } from './trace-ids.js';

/** A span that is not recorded: an identity for what starts below it. Ids are made when asked. */
export class UnrecordedSpan implements Span {
  declare readonly trace: Trace;
  declare idHigh: number;
  declare idLow: number;
  declare contextObject: SpanContext | undefined;

  constructor(trace: Trace) {
    this.trace = trace;
    this.idHigh = 0;
    this.idLow = 0;
    this.contextObject = undefined;
  }

  /** Makes the id if that has not happened. */
  ensureId(): void {
    while ((this.idHigh | this.idLow) === 0) {
      this.idHigh = randomInt32();
      this.idLow = randomInt32();
    }
  }

  spanContext(): SpanContext {
    this.ensureId();
    this.contextObject ??= spanContextOf(this.trace, this.idHigh, this.idLow);
    return this.contextObject;
  }

  isRecording(): boolean {
    return false;
  }

  setAttribute(): this {
    return this;
  }

  setAttributes(): this {
    return this;
  }

  addEvent(): this {
    return this;
  }

  addLink(): this {
    return this;
  }

  addLinks(): this {
    return this;
  }

  setStatus(): this {
    return this;
  }

  updateName(): this {
    return this;
  }

  recordException(): void {}

  end(): void {}

  [Symbol.dispose](): void {}
}
