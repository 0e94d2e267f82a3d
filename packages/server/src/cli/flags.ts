import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** What is wrong with the command line, in one sentence for the person who wrote it. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

interface Flag {
  readonly name: string;
  readonly kind: 'text' | 'switch' | 'list';
  readonly value?: string;
  readonly help: string;
}

/** contracts.md §3. Each is also CODOMYRMEX_TELEMETRY_<NAME>. */
const SERVE_FLAGS: readonly Flag[] = [
  flag('port', 'PORT', 'page and API; takes OTLP/HTTP on /v1/* too (default 4320; 0: a free one)'),
  flag('otlp-http-port', 'PORT', 'OTLP/HTTP (default 4318; 0: a free one; off: none)'),
  flag('otlp-grpc-port', 'PORT', 'OTLP/gRPC (default 4317; 0: a free one; off: none)'),
  flag('host', 'ADDRESS', 'address to bind (default 127.0.0.1; another one needs --auth-token)'),
  flag('data-dir', 'DIR', "where data is kept (default: the platform's data folder)"),
  toggle('memory', 'keep data in a temporary directory that is removed at exit'),
  flag('retention', 'AGE', 'drop records this long after they arrived (default 7d; 0: keep all)'),
  flag(
    'max-disk',
    'SIZE',
    'drop the oldest records when all take more, such as 20GB (at least 256MiB)',
  ),
  toggle('no-fsync', 'answer before data is on the disk: faster; a power cut may lose seconds'),
  flag('auth-token', 'TOKEN', 'token (or file:PATH) that every request must carry as a bearer'),
  { ...flag('allow-origin', 'ORIGIN', 'a page that may send OTLP and use the API'), kind: 'list' },
  flag('max-request-bytes', 'SIZE', 'largest request after inflating (default 64MiB)'),
  toggle('exit-with-stdin', 'stop when standard input closes: a child ends with its parent'),
  toggle('json', 'print one line of JSON when ready; logs go to stderr'),
  toggle('open', 'open the page in the browser'),
  flag('config', 'FILE', 'a JSON file with these options, such as { "retention": "3d" }'),
];

/** Flags of the contract that are not built yet: refused by name, never ignored. */
const LATER_FLAGS: ReadonlyMap<string, string> = new Map([
  ['clickhouse-url', 'a ClickHouse server as the store'],
  ['clickhouse-database', 'a ClickHouse server as the store'],
  ['clickhouse-cluster', 'a ClickHouse cluster as the store'],
  ['allow-sql', 'SQL over the API'],
]);

/** Values as given, the command line before the environment before the configuration file. */
export interface FlagValues {
  readonly texts: ReadonlyMap<string, string>;
  readonly switches: ReadonlySet<string>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

function flag(name: string, value: string, help: string): Flag {
  return { name, kind: 'text', value, help };
}

function toggle(name: string, help: string): Flag {
  return { name, kind: 'switch', help };
}

/** Reads flags. Throws UsageError naming an option that is unknown, doubled or not built yet. */
export function parseFlags(args: readonly string[], env: NodeJS.ProcessEnv): FlagValues {
  const options = Object.fromEntries(
    SERVE_FLAGS.map(({ name, kind }) => [
      name,
      kind === 'switch'
        ? { type: 'boolean' as const }
        : { type: 'string' as const, multiple: true },
    ]),
  );
  const { values, positionals } = parseOrExplain(args, options);
  if (positionals.length > 0) throw new UsageError(`unexpected argument ${positionals[0] ?? ''}`);
  const file = values['config'] ?? fromEnvironment('config', 'text', env);
  const config = Array.isArray(file) ? readConfig(file[0] ?? '') : new Map<string, unknown>();
  const texts = new Map<string, string>();
  const switches = new Set<string>();
  const lists = new Map<string, readonly string[]>();
  for (const { name, kind } of SERVE_FLAGS) {
    const given =
      values[name] ?? fromEnvironment(name, kind, env) ?? fromConfig(name, kind, config);
    if (given === undefined) continue;
    if (typeof given === 'boolean') {
      if (given) switches.add(name);
    } else if (kind === 'list') {
      lists.set(name, given);
    } else if (given.length > 1) {
      throw new UsageError(`--${name} is given ${given.length} times`);
    } else {
      texts.set(name, given[0] ?? '');
    }
  }
  return { texts, switches, lists };
}

function parseOrExplain(
  args: readonly string[],
  options: { [name: string]: { type: 'boolean' } | { type: 'string'; multiple: boolean } },
): { values: { [name: string]: boolean | string[] | undefined }; positionals: string[] } {
  for (const arg of args) {
    const name = /^--(?:no-)?([^=]+)/.exec(arg)?.[1] ?? '';
    const later = LATER_FLAGS.get(name);
    if (later !== undefined) throw new UsageError(`--${name}: ${later} comes with a later release`);
  }
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    return {
      values: parsed.values as { [name: string]: boolean | string[] | undefined },
      positionals: parsed.positionals,
    };
  } catch (error) {
    // Node's message names the option; its second sentence is about positionals.
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(message.split('. To specify')[0] ?? message);
  }
}

function fromEnvironment(
  name: string,
  kind: Flag['kind'],
  env: NodeJS.ProcessEnv,
): boolean | string[] | undefined {
  const variable = variableOf(name);
  const text = env[variable];
  if (text === undefined || text === '') return undefined;
  if (kind === 'list') return text.split(',').map((part) => part.trim());
  if (kind === 'text') return [text];
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  if (/^(0|false|no|off)$/i.test(text)) return false;
  throw new UsageError(`${variable} is ${JSON.stringify(text)}: say 1 or 0`);
}

/** The options in a configuration file. Throws UsageError naming what is wrong with it. */
function readConfig(path: string): ReadonlyMap<string, unknown> {
  let config: unknown;
  try {
    config = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--config: cannot read ${path}: ${reason}`);
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new UsageError(`--config: ${path} is not an object of options`);
  }
  const known = SERVE_FLAGS.map((one) => one.name).filter((name) => name !== 'config');
  for (const name of Object.keys(config)) {
    if (!known.includes(name)) {
      throw new UsageError(`--config: ${path} has an unknown option ${JSON.stringify(name)}`);
    }
  }
  return new Map(Object.entries(config));
}

function fromConfig(
  name: string,
  kind: Flag['kind'],
  config: ReadonlyMap<string, unknown>,
): boolean | string[] | undefined {
  const value = config.get(name);
  if (value === undefined) return undefined;
  if (kind === 'switch' && typeof value === 'boolean') return value;
  const isText = (one: unknown): boolean => typeof one === 'string' || typeof one === 'number';
  if (kind === 'text' && isText(value)) return [String(value)];
  if (kind === 'list' && Array.isArray(value) && value.every(isText)) return value.map(String);
  const wanted = { switch: 'true or false', text: 'a text', list: 'a list of texts' }[kind];
  throw new UsageError(`--config: ${name} is ${JSON.stringify(value)}: say ${wanted}`);
}

/** `--data-dir` is CODOMYRMEX_TELEMETRY_DATA_DIR. */
function variableOf(name: string): string {
  return `CODOMYRMEX_TELEMETRY_${name.replaceAll('-', '_').toUpperCase()}`;
}

/** The help text of `serve`. */
export function serveHelp(): string {
  const lines = SERVE_FLAGS.map(({ name, value, help }) => {
    const left = value === undefined ? `--${name}` : `--${name} ${value}`;
    return `  ${left.padEnd(28)}${help}`;
  });
  return `Usage: codomyrmex-telemetry [serve] [options]\n\n${lines.join('\n')}\n
Each option is also an environment variable: --data-dir is ${variableOf('data-dir')}.\n`;
}
