/** Assertions over traces. They throw AssertionError, which every test runner understands. */
import { AssertionError } from 'node:assert';
import type { MemoryBackend } from './memory-backend.js';
import { formatPattern } from './match-value.js';
import { compareSpan, compareTree } from './match-span.js';
import type { FindSpan, Mismatch } from './match-span.js';
import type { ReceivedSpan } from './received.js';
import { spanPattern } from './span-pattern.js';
import type { SpanPattern, TracePattern } from './span-pattern.js';
import { formatSpan, formatTrace } from './trace-tree.js';
import type { ReceivedTrace, TraceNode } from './trace-tree.js';

/**
 * Asserts that one of the received traces, or the given one, is as `expected`: a name, a shape (a
 * text with one name a line, indented), or a pattern of its root span and what is below. The trace
 * must have one root. Returns it. Throws AssertionError that prints the nearest trace and the
 * first difference.
 */
export function expectTrace(
  source: MemoryBackend | ReceivedTrace,
  expected: TracePattern,
): ReceivedTrace {
  const traces = 'traces' in source ? source.traces : [source];
  const find = finderIn('traces' in source ? source.spans : source.spans);
  let nearest: { readonly trace: ReceivedTrace; readonly mismatch: Mismatch } | undefined;
  for (const trace of traces) {
    const mismatch = compareRoots(trace, expected, find);
    if (mismatch === undefined) return trace;
    if (nearest === undefined || mismatch.matched > nearest.mismatch.matched) {
      nearest = { trace, mismatch };
    }
  }
  throw failure(traces, expected, nearest, expectTrace);
}

function compareRoots(
  trace: ReceivedTrace,
  expected: TracePattern,
  find: FindSpan,
): Mismatch | undefined {
  const [root, second] = trace.roots as [TraceNode, ...TraceNode[]];
  const mismatch = compareTree(root, expected, find);
  if (mismatch !== undefined || second === undefined) return mismatch;
  const { span } = second;
  const message =
    `${JSON.stringify(span.name)} is a second root: its parent ` +
    (span.parentSpanId === '' ? 'is none' : `${span.parentSpanId} was not received`);
  const found = { what: 'roots', actual: trace.roots.length, expected: 1, message };
  return { ...found, span, path: [], matched: 0 };
}

function failure(
  traces: readonly ReceivedTrace[],
  expected: TracePattern,
  nearest: { readonly trace: ReceivedTrace; readonly mismatch: Mismatch } | undefined,
  caller: (...parameters: never[]) => unknown,
): AssertionError {
  const name = formatPattern(spanPattern(expected).name);
  if (nearest === undefined) {
    return assertionError(`no trace was received, expected ${name}${hint()}`, caller);
  }
  const { trace, mismatch } = nearest;
  const where = mismatch.path.map((part) => JSON.stringify(part)).join(' > ');
  const others = traces.filter((other) => other !== trace);
  const message = [
    `the trace is not as expected${where === '' ? '' : ` at ${where}`}: ${mismatch.message}`,
    '',
    traces.length === 1 ? 'received:' : 'received, the nearest:',
    formatTrace(trace, mismatch.span),
    ...(others.length === 0 ? [] : ['', `and ${others.length} more: ${rootNames(others)}`]),
  ].join('\n');
  return assertionError(message, caller, mismatch.actual, mismatch.expected);
}

function rootNames(traces: readonly ReceivedTrace[]): string {
  const names = traces.slice(0, 10).map(({ roots }) => JSON.stringify(roots[0]?.span.name));
  return names.join(', ') + (traces.length > 10 ? ', …' : '');
}

/**
 * Asserts that a received span, wherever it stands, is as `expected`; `children` are looked at as
 * well. Returns the first one. Throws AssertionError that lists the spans that were received.
 */
export function expectSpan(
  source: MemoryBackend | ReceivedTrace,
  expected: TracePattern,
): ReceivedSpan {
  const find = finderIn(source.spans);
  const traces = 'traces' in source ? source.traces : [source];
  const pattern = spanPattern(expected);
  let nearest: Mismatch | undefined;
  for (const node of traces.flatMap(({ roots }) => roots).flatMap(withDescendants)) {
    const mismatch = compareTree(node, pattern, find);
    if (mismatch === undefined) return node.span;
    const isNamed = nameFits(node.span, pattern, find);
    if (isNamed && (nearest === undefined || mismatch.matched > nearest.matched)) {
      nearest = mismatch;
    }
  }
  const name = formatPattern(pattern.name);
  const said = nearest === undefined ? '' : `; nearest: ${nearest.message}`;
  const lines = traces.map((trace) => formatTrace(trace, nearest?.span));
  const received = lines.length === 0 ? `nothing${hint()}` : `\n${lines.join('\n\n')}`;
  throw assertionError(
    `no span is as expected (${name})${said}\n\nreceived: ${received}`,
    expectSpan,
    nearest?.actual,
    nearest?.expected,
  );
}

function nameFits(span: ReceivedSpan, { name }: SpanPattern, find: FindSpan): boolean {
  return name === undefined || compareSpan(span, { name }, find) === undefined;
}

/** Asserts that no received span is as `expected`. Throws AssertionError that shows the span. */
export function expectNoSpan(source: MemoryBackend | ReceivedTrace, expected: TracePattern): void {
  const find = finderIn(source.spans);
  const traces = 'traces' in source ? source.traces : [source];
  const pattern = spanPattern(expected);
  for (const node of traces.flatMap(({ roots }) => roots).flatMap(withDescendants)) {
    if (compareTree(node, pattern, find) !== undefined) continue;
    const message = `a span is there that should not be: ${formatSpan(node.span)}`;
    throw assertionError(message, expectNoSpan, node.span.name, undefined);
  }
}

function withDescendants(node: TraceNode): TraceNode[] {
  return [node, ...node.children.flatMap(withDescendants)];
}

function finderIn(spans: readonly ReceivedSpan[]): FindSpan {
  return (traceId, spanId) =>
    spans.find((span) => span.spanId === spanId && span.traceId === traceId);
}

/** Why there may be nothing, where that can be told. */
function hint(): string {
  return process.env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true'
    ? ' (OTEL_SDK_DISABLED is true)'
    : '';
}

/** The error that runners show with its message, values and the caller's line. */
export function assertionError(
  message: string,
  caller: (...parameters: never[]) => unknown,
  actual?: unknown,
  expected?: unknown,
): AssertionError {
  return new AssertionError({
    message,
    actual,
    expected,
    operator: caller.name,
    stackStartFn: caller,
  });
}
