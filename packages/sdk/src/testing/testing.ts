/** `@codomyrmex/telemetry/testing`: tests of what a program records, by what it would send. */
export { MemoryBackend, memoryBackend } from './memory-backend.js';
export { expectNoSpan, expectSpan, expectTrace } from './expect-trace.js';
export { expectMetric } from './expect-metric.js';
export type { MetricPattern } from './expect-metric.js';
export { expectLog } from './expect-log.js';
export type { LogPattern } from './expect-log.js';
export { fakeClock } from './fake-clock.js';
export type { FakeClock, FakeClockOptions } from './fake-clock.js';
export { fakeIds } from './fake-ids.js';
export type { FakeIds } from './fake-ids.js';
export { formatTrace } from './trace-tree.js';
export type { ReceivedTrace, TraceNode } from './trace-tree.js';
export type { EventPattern, LinkPattern, SpanPattern, TracePattern } from './span-pattern.js';
export type { AttributesPattern, NumberPattern, TextPattern, ValuePattern } from './match-value.js';
export type {
  PlainAttributes,
  PlainValue,
  ReceivedEvent,
  ReceivedLink,
  ReceivedLog,
  ReceivedOrigin,
  ReceivedSpan,
  SpanKindName,
  StatusName,
} from './received.js';
export type {
  MetricType,
  ReceivedBuckets,
  ReceivedExemplar,
  ReceivedPoint,
} from './read-metrics.js';
