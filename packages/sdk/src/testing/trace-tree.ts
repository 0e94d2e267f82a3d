/** Spans as trees, and trees as text. */
import { PRINTED_ATTRIBUTES, PRINTED_SPANS } from './limits.js';
import type { PlainAttributes, PlainValue, ReceivedSpan } from './received.js';

/** A span and the spans below it, in the order of their starts. */
export interface TraceNode {
  readonly span: ReceivedSpan;
  readonly children: readonly TraceNode[];
}

/** The spans of one trace. */
export interface ReceivedTrace {
  readonly traceId: string;
  /** Spans without a parent among those that arrived, in the order of their starts. */
  readonly roots: readonly TraceNode[];
  /** All of them, in the order of their starts. */
  readonly spans: readonly ReceivedSpan[];
}

/** Groups spans by trace, in the order of the traces' first starts. */
export function tracesOf(spans: readonly ReceivedSpan[]): ReceivedTrace[] {
  const byTrace = new Map<string, ReceivedSpan[]>();
  for (const span of byStart(spans)) {
    const known = byTrace.get(span.traceId);
    if (known === undefined) byTrace.set(span.traceId, [span]);
    else known.push(span);
  }
  return [...byTrace].map(([traceId, own]) => ({ traceId, roots: rootsOf(own), spans: own }));
}

/** Stable: spans that started at the same time stay in the order in which they arrived. */
function byStart(spans: readonly ReceivedSpan[]): ReceivedSpan[] {
  return spans.toSorted((a, b) => Number(a.startTimeUnixNano - b.startTimeUnixNano));
}

function rootsOf(spans: readonly ReceivedSpan[]): TraceNode[] {
  interface Growing {
    readonly span: ReceivedSpan;
    readonly children: Growing[];
  }
  const nodes = new Map<string, Growing>(
    spans.map((span) => [span.spanId, { span, children: [] }]),
  );
  const roots: Growing[] = [];
  for (const node of nodes.values()) {
    const parent = nodes.get(node.span.parentSpanId);
    if (parent === undefined || parent === node) roots.push(node);
    else parent.children.push(node);
  }
  return roots;
}

/**
 * A trace as an indented tree: name, kind unless internal, duration, status, attributes, events.
 * `mark` gets an arrow behind its line. Names stand first, two spaces before the rest, so that the
 * text can be given back to `expectTrace` as the shape that is expected.
 */
export function formatTrace(trace: ReceivedTrace, mark?: ReceivedSpan): string {
  const lines: string[] = [];
  for (const root of trace.roots) formatNode(root, '', '', lines, mark);
  const marked = lines.findIndex((line) => line.endsWith(ARROW));
  if (lines.length <= PRINTED_SPANS) return lines.join('\n');
  const first = Math.max(0, Math.min(marked - PRINTED_SPANS / 2, lines.length - PRINTED_SPANS));
  const shown = lines.slice(first, first + PRINTED_SPANS);
  return `${shown.join('\n')}\n(${lines.length - PRINTED_SPANS} more lines)`;
}

const ARROW = '  ◄';

function formatNode(
  node: TraceNode,
  head: string,
  below: string,
  lines: string[],
  mark: ReceivedSpan | undefined,
): void {
  const { span, children } = node;
  lines.push(`${head}${formatSpan(span)}${span === mark ? ARROW : ''}`);
  const rail = children.length > 0 ? '│ ' : '  ';
  for (const event of span.events) {
    const attributes = formatAttributes(event.attributes);
    lines.push(`${below}${rail}· ${event.name}${attributes === '' ? '' : `  ${attributes}`}`);
  }
  children.forEach((child, index) => {
    const isLast = index === children.length - 1;
    const branch = isLast ? '└─ ' : '├─ ';
    formatNode(child, below + branch, below + (isLast ? '   ' : '│  '), lines, mark);
  });
}

/** One line: what is usual (kind INTERNAL, status UNSET, no attributes) is left out. */
export function formatSpan(span: ReceivedSpan): string {
  const { code, message } = span.status;
  const parts = [span.name];
  if (span.kind !== 'INTERNAL') parts.push(span.kind);
  parts.push(span.running ? 'running' : formatMillis(span.durationMillis));
  if (code !== 'UNSET') parts.push(message === '' ? code : `${code} ${JSON.stringify(message)}`);
  const attributes = formatAttributes(span.attributes);
  if (attributes !== '') parts.push(attributes);
  return parts.join('  ');
}

/** Milliseconds with at most three digits after the point. */
export function formatMillis(millis: number): string {
  return `${Number(millis.toFixed(3))} ms`;
}

/** `{key: value, …}`; empty for none. */
export function formatAttributes(attributes: PlainAttributes): string {
  const entries = Object.entries(attributes);
  if (entries.length === 0) return '';
  const text = `{${entries.map(([key, value]) => `${key}: ${formatValue(value)}`).join(', ')}}`;
  return text.length <= PRINTED_ATTRIBUTES ? text : `${text.slice(0, PRINTED_ATTRIBUTES - 1)}…`;
}

/** A value as code would show it, on one line. */
export function formatValue(value: PlainValue): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return `[${(value as PlainValue[]).map(formatValue).join(', ')}]`;
  if (typeof value === 'object') return formatAttributes(value as PlainAttributes) || '{}';
  return String(value);
}
