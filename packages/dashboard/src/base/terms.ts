/** One term of a query as it is shown: a chip. `text` is exactly what stands in the query. */
export interface Term {
  readonly text: string;
  readonly negated: boolean;
  /** Empty for a word of full text. */
  readonly key: string;
  /** As shown: `=`, `≠`, `>`, `≥`, `<`, `≤`, `~`, `!~`, or empty. */
  readonly operator: string;
  readonly value: string;
}

const OPERATOR = /^([^\s"=!<>~]+)(!=|>=|<=|!~|=|>|<|~)(.*)$/s;
const SIGNS: { readonly [operator: string]: string } = { '!=': '≠', '>=': '≥', '<=': '≤' };

/** Splits a query at the blanks outside quotes and parentheses. */
export function splitTerms(query: string): Term[] {
  const terms: Term[] = [];
  let start = -1;
  let quoted = false;
  let depth = 0;
  for (let i = 0; i <= query.length; i += 1) {
    const char = query[i];
    if (char === undefined || (!quoted && depth === 0 && /\s/.test(char))) {
      if (start >= 0) terms.push(termOf(query.slice(start, i)));
      start = -1;
      continue;
    }
    if (start < 0) start = i;
    if (quoted) {
      // A backslash at the very end has nothing to escape.
      if (char === '\\' && i + 1 < query.length) i += 1;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '(') depth += 1;
    else if (char === ')' && depth > 0) depth -= 1;
  }
  return terms;
}

function termOf(text: string): Term {
  const negated = text.length > 1 && text.startsWith('-');
  const body = negated ? text.slice(1) : text;
  const match = body.startsWith('(') ? null : OPERATOR.exec(body);
  if (match === null) return { text, negated, key: '', operator: '', value: unquote(body) };
  const [, key = '', operator = '', value = ''] = match;
  const shown = negated && operator === '=' ? '≠' : (SIGNS[operator] ?? operator);
  return { text, negated, key, operator: shown, value: unquote(value) };
}

function unquote(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value;
  return value.slice(1, -1).replace(/\\(.)/gs, '$1');
}

/** A value as the query language takes it: bare when it can be, else in quotes. */
export function quoteValue(value: string): string {
  if (/^[^\s"()\\=!<>~]+$/.test(value) && value !== 'OR' && value !== 'AND') return value;
  return `"${value.replace(/[\\"]/g, '\\$&')}"`;
}

/** `query` with a term added; the same term is not added twice, its opposite is taken out. */
export function withTerm(query: string, term: string): string {
  const opposite = term.startsWith('-') ? term.slice(1) : `-${term}`;
  const kept = splitTerms(query)
    .map((other) => other.text)
    .filter((text) => text !== opposite && text !== term);
  return [...kept, term].join(' ');
}

/** `query` without a term. */
export function withoutTerm(query: string, term: string): string {
  return splitTerms(query)
    .map((other) => other.text)
    .filter((text) => text !== term)
    .join(' ');
}

/** Whether a query holds exactly this term. */
export function hasTerm(query: string, term: string): boolean {
  return splitTerms(query).some((other) => other.text === term);
}

/** The id when the text is a trace id (32 hex digits, dashes allowed), else undefined. */
export function traceIdOf(text: string): string | undefined {
  const hex = text.trim().replace(/-/g, '').toLowerCase();
  return /^[0-9a-f]{32}$/.test(hex) ? hex : undefined;
}
