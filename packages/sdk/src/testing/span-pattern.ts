/** What a test can say of a span, and reading the short forms of it. */
import type { AttributesPattern, NumberPattern, TextPattern } from './match-value.js';
import type { SpanKindName, StatusName } from './received.js';

/**
 * What is expected of a span. What is left out may be anything. Maps (attributes) may have more
 * keys than the pattern; lists (children, events, links) are complete and in order.
 */
export interface SpanPattern {
  readonly name?: TextPattern;
  readonly kind?: SpanKindName;
  /** `service.name`. */
  readonly service?: TextPattern;
  /** Name of the instrumentation scope. */
  readonly scope?: TextPattern;
  readonly status?: StatusName | { readonly code?: StatusName; readonly message?: TextPattern };
  readonly attributes?: AttributesPattern;
  /** No attributes but those of {@link attributes}. Default false. */
  readonly onlyAttributes?: boolean;
  readonly events?: readonly (TextPattern | EventPattern)[];
  readonly links?: readonly LinkPattern[];
  /** Milliseconds from start to end; a number is exact, for a fake clock. */
  readonly duration?: NumberPattern;
  /** Left out: any. A text is a name. */
  readonly children?: readonly (string | RegExp | SpanPattern)[];
  /**
   * `start`: children in the order of their starts. `sequence`: each also starts when the one
   * before has ended. `any`: in any order. Default `start`.
   */
  readonly order?: 'start' | 'sequence' | 'any';
  /** There may be children besides those listed. Default false. */
  readonly moreChildren?: boolean;
}

/** What is expected of an event. */
export interface EventPattern {
  readonly name?: TextPattern;
  readonly attributes?: AttributesPattern;
}

/** What is expected of a link: the span that it points to, by itself or by its name. */
export interface LinkPattern {
  readonly to?: string | { readonly spanId: string; readonly traceId: string };
  readonly attributes?: AttributesPattern;
}

/** A pattern, a name, or a shape: one name a line, two spaces deeper for each level. */
export type TracePattern = string | RegExp | SpanPattern;

/** The long form. A text of several lines is a shape, in which every span is listed. */
export function spanPattern(pattern: TracePattern): SpanPattern {
  if (typeof pattern !== 'string') {
    return pattern instanceof RegExp ? { name: pattern } : pattern;
  }
  const lines = pattern.split('\n').filter((line) => line.trim() !== '');
  return lines.length > 1 ? shapeOf(lines) : { name: nameOf(lines[0] ?? '') };
}

interface Growing {
  readonly name: string;
  readonly depth: number;
  readonly children: Growing[];
  moreChildren: boolean;
}

/** A name may stand behind the lines of a printed tree, and two spaces before what else it says. */
function shapeOf(lines: readonly string[]): SpanPattern {
  const open: Growing[] = [];
  let root: Growing | undefined;
  for (const line of lines) {
    const depth = /^[\s│├└─]*/.exec(line)?.[0].length ?? 0;
    const name = nameOf(line);
    // An event of a printed tree.
    if (name.startsWith('· ')) continue;
    while ((open.at(-1)?.depth ?? -1) >= depth) open.pop();
    const parent = open.at(-1);
    if (parent !== undefined && (name === '...' || name === '…')) {
      parent.moreChildren = true;
      continue;
    }
    const node: Growing = { name, depth, children: [], moreChildren: false };
    if (parent !== undefined) parent.children.push(node);
    else if (root === undefined) root = node;
    else throw new TypeError(`cannot read the shape: a second root ${JSON.stringify(name)}`);
    open.push(node);
  }
  if (root === undefined) throw new TypeError('cannot read the shape: it has no line');
  return patternOf(root);
}

function nameOf(line: string): string {
  const text = line.replace(/^[\s│├└─]*/, '');
  return text.split(/\s{2,}/)[0]?.trimEnd() ?? '';
}

function patternOf({ name, children, moreChildren }: Growing): SpanPattern {
  return { name, children: children.map(patternOf), moreChildren };
}
