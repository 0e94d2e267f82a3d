import { EngineError, type QueryParameters } from './engine.js';

/**
 * Parameters for the embedded engine, bound by the engine itself: `SET param_<name> = '<value>'`
 * on the reader's own session, then `{name:Type}` in the query. The binding's own bound call
 * serialises every bound query of the process through one chain (its parameters are global), so
 * three readers would be one; session parameters are not shared and run beside each other.
 *
 * A value is escaped twice: once as the text form that the engine parses for `Type` (tabs, line
 * ends, backslashes), once as the SQL string literal around it.
 */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const PLACEHOLDER = /\{([A-Za-z_][A-Za-z0-9_]*)\s*:/g;

const TEXT_ESCAPES: { readonly [character: string]: string } = {
  '\\': '\\\\',
  '\0': '\\0',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** A SQL string literal: only backslash and quote can end it; NUL is kept out of C strings. */
export function sqlString(text: string): string {
  return `'${text.replaceAll(/[\\'\0]/g, (found) => (found === '\0' ? '\\0' : `\\${found}`))}'`;
}

function textForm(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are the characters to escape
  return text.replaceAll(/[\\\0\b\f\n\r\t]/g, (found) => TEXT_ESCAPES[found] ?? found);
}

function elementForm(value: string | number | bigint): string {
  return typeof value === 'string' ? sqlString(value) : scalarForm(value);
}

function scalarForm(value: number | boolean | bigint): string {
  if (typeof value !== 'number') return String(value);
  if (Number.isNaN(value)) return 'nan';
  if (value === Infinity) return 'inf';
  return value === -Infinity ? '-inf' : String(value);
}

function valueForm(value: QueryParameters[string]): string {
  if (typeof value === 'string') return textForm(value);
  if (typeof value === 'object') return `[${value.map(elementForm).join(',')}]`;
  return scalarForm(value);
}

/**
 * `param_a = '…'`, … for a SET statement; empty without parameters. Throws EngineError
 * 456 for a placeholder without a value: the session may still hold an older one under that name.
 */
export function parameterSettings(sql: string, parameters: QueryParameters): readonly string[] {
  for (const match of sql.matchAll(PLACEHOLDER)) {
    const name = match[1] ?? '';
    if (!Object.hasOwn(parameters, name)) {
      throw new EngineError(456, `Substitution {${name}} is not set`);
    }
  }
  return Object.entries(parameters).map(([name, value]) => {
    if (!NAME.test(name)) throw new EngineError(456, `Bad parameter name ${JSON.stringify(name)}`);
    return `param_${name} = ${sqlString(valueForm(value))}`;
  });
}
