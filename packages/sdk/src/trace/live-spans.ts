/**
 * Shows spans while they run, to backends that ask for it (contracts.md §3, Running spans): a span
 * that is open 100 ms after its start is sent without an end time, and again, at most every
 * second, when it gained attributes, events or links.
 *
 * Open spans form a list through fields of their own, in the order of their starts: joining and
 * leaving it costs a few writes, and a span that has ended is not held.
 *
 *     oldest ⇄ span ⇄ span ⇄ newest
 */
import { readClock, reading } from '../common/clock.js';
import {
  LIVE_AGE_MILLIS,
  LIVE_AGAIN_MILLIS,
  LIVE_HEARTBEAT_MILLIS,
  LIVE_IDLE_TICKS,
  LIVE_SPANS,
} from '../common/limits.js';
import { ChunkWriter } from '../common/chunk-writer.js';
import { asksForLiveSpans } from '../export/live-probe.js';
import type { Telemetry } from '../export/telemetry.js';
import type { RecordedSpan } from './span.js';

const TAG_RESOURCE_SPANS = 0x0a;

/** What was last shown of a span. */
interface Shown {
  readonly revision: number;
  readonly atMillis: number;
}

/** The open spans of one provider. */
export class LiveSpans {
  readonly #telemetry: Telemetry;
  readonly #isWanted: boolean | undefined;
  readonly #shown = new Map<RecordedSpan, Shown>();
  #oldest: RecordedSpan | undefined;
  #newest: RecordedSpan | undefined;
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #idleTicks = 0;
  /** What the backend at {@link #askedUrl} said; `undefined` while it has not answered. */
  #answer: boolean | undefined;
  #askedUrl: string | undefined;
  #askedMillis = Number.NEGATIVE_INFINITY;
  #beatMillis = 0;

  /** `isWanted`: `true` shows without being asked, `undefined` asks the backend. */
  constructor(telemetry: Telemetry, isWanted: boolean | undefined) {
    this.#telemetry = telemetry;
    this.#isWanted = isWanted;
    telemetry.onShutdown(() => this.#stop());
  }

  /** Takes a span at its start. Past 10,000 open ones it is not shown before its end. */
  started(span: RecordedSpan): void {
    if (this.#count >= LIVE_SPANS) return;
    this.#count++;
    const newest = this.#newest;
    if (newest === undefined) {
      this.#oldest = span;
    } else {
      newest.openedAfter = span;
      span.openedBefore = newest;
    }
    this.#newest = span;
    if (this.#timer === undefined) this.#begin();
  }

  /** The open spans, oldest first. */
  open(): RecordedSpan[] {
    const spans: RecordedSpan[] = [];
    for (let span = this.#oldest; span !== undefined; span = span.openedAfter) spans.push(span);
    return spans;
  }

  /** Lets a span go at its end. */
  ended(span: RecordedSpan): void {
    const { openedBefore, openedAfter } = span;
    if (openedBefore === undefined) {
      if (this.#oldest !== span) return;
      this.#oldest = openedAfter;
    } else {
      openedBefore.openedAfter = openedAfter;
    }
    if (openedAfter === undefined) this.#newest = openedBefore;
    else openedAfter.openedBefore = openedBefore;
    span.openedBefore = undefined;
    span.openedAfter = undefined;
    this.#count--;
    if (this.#shown.size > 0) this.#shown.delete(span);
  }

  #begin(): void {
    this.#idleTicks = 0;
    this.#timer = setInterval(() => this.#tick(), LIVE_AGE_MILLIS);
    this.#timer.unref();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    if (this.#count === 0) {
      // Some ticks later, so that a program of single requests does not make a timer for each.
      if (++this.#idleTicks >= LIVE_IDLE_TICKS) this.#stop();
      return;
    }
    this.#idleTicks = 0;
    readClock();
    const nowMillis = reading.seconds * 1000 + reading.nanos / 1_000_000;
    if (!this.#isAsked(nowMillis)) return;
    for (let span = this.#oldest; span !== undefined; span = span.openedAfter) {
      this.#show(span, nowMillis);
    }
    if (this.#shown.size > 0 && nowMillis - this.#beatMillis >= LIVE_HEARTBEAT_MILLIS) {
      if (this.#beatMillis > 0) this.#beat();
      this.#beatMillis = nowMillis;
    }
  }

  #show(span: RecordedSpan, nowMillis: number): void {
    // A span may have been given a start time of its own; then its age is by that.
    const startMillis = span.startSeconds * 1000 + span.startNanos / 1_000_000;
    if (nowMillis - startMillis < LIVE_AGE_MILLIS) return;
    const last = this.#shown.get(span);
    const revision = revisionOf(span);
    if (last !== undefined) {
      if (last.revision === revision || nowMillis - last.atMillis < LIVE_AGAIN_MILLIS) return;
    }
    this.#shown.set(span, { revision, atMillis: nowMillis });
    span.owner.spanOpen(span);
  }

  /** True when the backend in use wants to see running spans; asks it when that is not known. */
  #isAsked(nowMillis: number): boolean {
    if (this.#isWanted !== undefined) return this.#isWanted;
    if (this.#telemetry.exporter.isInProcess === true) return false;
    const destination = this.#telemetry.settings.destinations.traces;
    if (destination === undefined) return false;
    if (destination.url !== this.#askedUrl) {
      this.#askedUrl = destination.url;
      this.#answer = undefined;
      this.#askedMillis = Number.NEGATIVE_INFINITY;
    }
    const isDue = nowMillis - this.#askedMillis >= LIVE_HEARTBEAT_MILLIS;
    if (this.#answer === undefined && isDue) {
      this.#askedMillis = nowMillis;
      void this.#ask(destination.url);
    }
    return this.#answer === true;
  }

  async #ask(url: string): Promise<void> {
    const destination = this.#telemetry.settings.destinations.traces;
    if (destination === undefined) return;
    const answer = await asksForLiveSpans(destination);
    if (url !== this.#askedUrl) return;
    this.#answer = answer;
    if (answer === true && this.#timer !== undefined) this.#tick();
  }

  /** An empty ResourceSpans: the process lives, so do the spans that it showed. */
  #beat(): void {
    const { bytes } = this.#telemetry.resource;
    const writer = new ChunkWriter(bytes.length + 6);
    writer.byte(TAG_RESOURCE_SPANS);
    writer.lengthAndBytes(bytes);
    this.#telemetry.exporter.enqueue('traces', writer.bytes.subarray(0, writer.position), 0);
  }
}

/** Grows with each attribute, event and link. */
function revisionOf(span: RecordedSpan): number {
  const { attributes, details } = span;
  if (details === undefined) return attributes.length;
  return (
    attributes.length +
    details.events.length +
    details.droppedEvents +
    details.links.length +
    details.droppedLinks
  );
}
