/** Comparing spans and trees with patterns: the first difference, and where it is. */
import {
  compareAttributes,
  compareNumber,
  compareValue,
  difference,
  formatPattern,
} from './match-value.js';
import type { Difference } from './match-value.js';
import type { ReceivedEvent, ReceivedLink, ReceivedSpan } from './received.js';
import { spanPattern } from './span-pattern.js';
import type { EventPattern, LinkPattern, SpanPattern, TracePattern } from './span-pattern.js';
import type { TraceNode } from './trace-tree.js';

/** A difference and the span that shows it, with the names on the way there. */
export interface Mismatch extends Difference {
  readonly span: ReceivedSpan;
  readonly path: readonly string[];
  /** How many spans were as expected before: the candidate with the most is told of. */
  readonly matched: number;
}

/** Finds the span that a link of that target points to. */
export type FindSpan = (traceId: string, spanId: string) => ReceivedSpan | undefined;

/** `undefined` where the tree is as expected. */
export function compareTree(
  node: TraceNode,
  given: TracePattern,
  find: FindSpan,
): Mismatch | undefined {
  const comparison = new Comparison(find);
  return comparison.compare(node, spanPattern(given), []);
}

class Comparison {
  readonly #find: FindSpan;
  #matched = 0;

  constructor(find: FindSpan) {
    this.#find = find;
  }

  compare(node: TraceNode, pattern: SpanPattern, above: readonly string[]): Mismatch | undefined {
    const path = [...above, node.span.name];
    const own = compareSpan(node.span, pattern, this.#find);
    if (own !== undefined) return this.#mismatch(own, node, path);
    this.#matched++;
    if (pattern.children === undefined) return undefined;
    const children = pattern.children.map(spanPattern);
    return pattern.order === 'any'
      ? this.#compareAnyOrder(node, children, pattern.moreChildren === true, path)
      : this.#compareInOrder(node, children, pattern, path);
  }

  #compareInOrder(
    node: TraceNode,
    expected: readonly SpanPattern[],
    pattern: SpanPattern,
    path: readonly string[],
  ): Mismatch | undefined {
    const { children } = node;
    let place = 0;
    let before: TraceNode | undefined;
    for (const [index, wanted] of expected.entries()) {
      const found = pattern.moreChildren === true ? this.#seek(children, place, wanted) : place;
      const child = children[found];
      if (child === undefined) return this.#missing(node, index, wanted, path);
      const mismatch = this.compare(child, wanted, path);
      if (mismatch !== undefined) return mismatch;
      if (pattern.order === 'sequence' && before !== undefined) {
        const overlap = overlapOf(before.span, child.span);
        if (overlap !== undefined) {
          return this.#mismatch(overlap, child, [...path, child.span.name]);
        }
      }
      before = child;
      place = found + 1;
    }
    const extra = children[place];
    if (extra === undefined || pattern.moreChildren === true) return undefined;
    return this.#unexpected(extra, place, expected.length, path);
  }

  /** The first child from `place` on that matches; else one of its name; else none. */
  #seek(children: readonly TraceNode[], place: number, wanted: SpanPattern): number {
    const rest = children.slice(place);
    const exact = rest.findIndex((child) => this.#matches(child, wanted));
    if (exact >= 0) return place + exact;
    const { name } = wanted;
    const named = rest.findIndex(
      ({ span }) => name === undefined || compareValue('', span.name, name) === undefined,
    );
    return named >= 0 ? place + named : children.length;
  }

  #matches(node: TraceNode, wanted: SpanPattern): boolean {
    return new Comparison(this.#find).compare(node, wanted, []) === undefined;
  }

  /** Each pattern its own child: a pattern that took another's child may have to give it back. */
  #compareAnyOrder(
    node: TraceNode,
    expected: readonly SpanPattern[],
    allowsMore: boolean,
    path: readonly string[],
  ): Mismatch | undefined {
    const { children } = node;
    const fits = expected.map((wanted) => children.map((child) => this.#matches(child, wanted)));
    const takenBy = new Map<number, number>();
    const assign = (index: number, tried: Set<number>): boolean => {
      for (const [place, isFit] of (fits[index] ?? []).entries()) {
        if (!isFit || tried.has(place)) continue;
        tried.add(place);
        const holder = takenBy.get(place);
        if (holder !== undefined && !assign(holder, tried)) continue;
        takenBy.set(place, index);
        return true;
      }
      return false;
    };
    for (const [index, wanted] of expected.entries()) {
      if (assign(index, new Set())) continue;
      return this.#nearest(node, wanted, takenBy, path) ?? this.#missing(node, index, wanted, path);
    }
    this.#matched += takenBy.size;
    const place = children.findIndex((_, at) => !takenBy.has(at));
    const extra = children[place];
    if (extra === undefined || allowsMore) return undefined;
    return this.#unexpected(extra, place, expected.length, path);
  }

  /** What a free child of the expected name has that is not as expected. */
  #nearest(
    node: TraceNode,
    wanted: SpanPattern,
    takenBy: ReadonlyMap<number, number>,
    path: readonly string[],
  ): Mismatch | undefined {
    const { name } = wanted;
    if (name === undefined) return undefined;
    const free = node.children.find(
      ({ span }, place) => !takenBy.has(place) && compareValue('', span.name, name) === undefined,
    );
    return free && this.compare(free, wanted, path);
  }

  #missing(node: TraceNode, index: number, wanted: SpanPattern, path: readonly string[]): Mismatch {
    const name = wanted.name === undefined ? 'any name' : formatPattern(wanted.name);
    const message = `child ${index + 1} is missing, expected ${name}`;
    return this.#mismatch(
      { what: 'children', actual: undefined, expected: name, message },
      node,
      path,
    );
  }

  #unexpected(extra: TraceNode, place: number, count: number, path: readonly string[]): Mismatch {
    const message = `child ${place + 1} is not expected: there should be ${count}`;
    const found = { what: 'children', actual: extra.span.name, expected: undefined, message };
    return this.#mismatch(found, extra, [...path, extra.span.name]);
  }

  #mismatch(found: Difference, { span }: TraceNode, path: readonly string[]): Mismatch {
    return { ...found, span, path, matched: this.#matched };
  }
}

function overlapOf(before: ReceivedSpan, after: ReceivedSpan): Difference | undefined {
  const early = before.endTimeUnixNano - after.startTimeUnixNano;
  if (early <= 0n) return undefined;
  const message =
    `it starts ${Number(early) / 1e6} ms before ${JSON.stringify(before.name)} ends, ` +
    'expected one after the other';
  return { what: 'order', actual: 'overlapping', expected: 'sequence', message };
}

/** The first difference of a span's own fields; its children are not looked at. */
export function compareSpan(
  span: ReceivedSpan,
  pattern: SpanPattern,
  find: FindSpan,
): Difference | undefined {
  const { name, kind, service, scope, duration } = pattern;
  return (
    (name === undefined ? undefined : compareValue('the name', span.name, name)) ??
    (kind === undefined ? undefined : compareValue('the kind', span.kind, kind)) ??
    (service === undefined ? undefined : compareValue('the service', span.service, service)) ??
    (scope === undefined ? undefined : compareValue('the scope', span.scope.name, scope)) ??
    compareStatus(span, pattern.status) ??
    compareAttributes(span.attributes, pattern.attributes) ??
    (pattern.onlyAttributes === true ? findOther(span, pattern) : undefined) ??
    (pattern.events && compareEvents(span.events, pattern.events)) ??
    (pattern.links && compareLinks(span.links, pattern.links, find)) ??
    (duration === undefined
      ? undefined
      : compareNumber('the duration in ms', span.durationMillis, duration))
  );
}

function compareStatus(
  span: ReceivedSpan,
  expected: SpanPattern['status'],
): Difference | undefined {
  if (expected === undefined) return undefined;
  const { code, message } = typeof expected === 'string' ? { code: expected } : expected;
  const { status } = span;
  return (
    (code === undefined ? undefined : compareValue('the status', status.code, code)) ??
    (message === undefined
      ? undefined
      : compareValue("the status's message", status.message, message))
  );
}

function findOther(span: ReceivedSpan, pattern: SpanPattern): Difference | undefined {
  const expected = pattern.attributes ?? {};
  const other = Object.keys(span.attributes).find((key) => !Object.hasOwn(expected, key));
  if (other === undefined) return undefined;
  return difference(`attribute ${JSON.stringify(other)}`, span.attributes[other], undefined);
}

function compareEvents(
  events: readonly ReceivedEvent[],
  expected: NonNullable<SpanPattern['events']>,
): Difference | undefined {
  for (const [index, given] of expected.entries()) {
    const isName = typeof given === 'string' || given instanceof RegExp;
    const { name, attributes }: EventPattern = isName ? { name: given } : given;
    const event = events[index];
    const what = `event ${index + 1}`;
    if (event === undefined) return difference(what, undefined, name ?? 'an event');
    const found =
      (name === undefined ? undefined : compareValue(what, event.name, name)) ??
      compareAttributes(event.attributes, attributes, `${what}, `);
    if (found !== undefined) return found;
  }
  const extra = events[expected.length];
  return extra && difference(`event ${expected.length + 1}`, extra.name, undefined);
}

function compareLinks(
  links: readonly ReceivedLink[],
  expected: readonly LinkPattern[],
  find: FindSpan,
): Difference | undefined {
  for (const [index, { to, attributes }] of expected.entries()) {
    const link = links[index];
    const what = `link ${index + 1}`;
    if (link === undefined) return difference(what, undefined, 'a link');
    const found =
      compareTarget(what, link, to, find) ??
      compareAttributes(link.attributes, attributes, `${what}, `);
    if (found !== undefined) return found;
  }
  const extra = links[expected.length];
  return extra && difference(`link ${expected.length + 1}`, extra.spanId, undefined);
}

function compareTarget(
  what: string,
  link: ReceivedLink,
  to: LinkPattern['to'],
  find: FindSpan,
): Difference | undefined {
  if (to === undefined) return undefined;
  const target = `the target of ${what}`;
  if (typeof to === 'string') {
    return compareValue(target, find(link.traceId, link.spanId)?.name ?? link.spanId, to);
  }
  return (
    compareValue(`${target}, its span id,`, link.spanId, to.spanId) ??
    compareValue(`${target}, its trace id,`, link.traceId, to.traceId)
  );
}
