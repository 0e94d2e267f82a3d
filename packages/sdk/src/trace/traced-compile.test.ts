// What the compiler makes of `traced`: programs are compiled as a user's would be, with the
// standard decorators and with the legacy ones, and run. A line under @ts-expect-error that does
// compile is an error too, so both directions are held.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));
const TSC = join(PACKAGE, '..', '..', 'node_modules', '.bin', 'tsc');

const HEAD = `
import { init, shutdown, traced } from '@codomyrmex/telemetry';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@codomyrmex/telemetry/otel';

const exporter = new InMemorySpanExporter();
init({ spanProcessors: [new SimpleSpanProcessor(exporter)], diagnostics: 'none' });

async function finish(result: unknown): Promise<void> {
  const spans = exporter.getFinishedSpans().map(({ name, attributes }) => [name, attributes]);
  console.log(JSON.stringify({ result, spans }));
  await shutdown();
}
`;

const METHODS = `
class Shop {
  stock = 5;

  @traced()
  sell(count: number): number {
    this.stock -= count;
    return this.stock;
  }

  @traced('restock', (count: number) => ({ count }))
  async restock(count: number): Promise<this> {
    this.stock += count;
    return this;
  }

  @traced()
  get left(): number {
    return this.stock;
  }

  @traced()
  static open(name: string): string {
    return \`\${this.name} \${name}\`;
  }

  find(id: number): number;
  find(name: string): string;
  @traced()
  find(key: number | string): number | string {
    return key;
  }

  @traced()
  *items(): Generator<number, string> {
    yield this.stock;
    return 'end';
  }

  @traced()
  async *later(): AsyncGenerator<number, void> {
    yield this.stock;
  }
}

const shop = new Shop();
const sold: number = shop.sell(1);
const restocked: Shop = await shop.restock(2);
const left: number = restocked.left;
const opened: string = Shop.open('today');
const byId: number = shop.find(7);
const byName: string = shop.find('x');
const items: number[] = [...shop.items()];
const later: number[] = [];
for await (const item of shop.later()) later.push(item);
// @ts-expect-error: arguments keep their types
shop.sell('1');
// @ts-expect-error: results too
const wrong: string = shop.sell(0);
// @ts-expect-error: no overload takes a boolean
shop.find(true);
await finish([sold, left, opened, byId, byName, items, later, typeof wrong]);
`;

const WRAPPERS = `
interface Counter {
  count: number;
}

const add = traced('add')(function (this: Counter, by: number): number {
  return (this.count += by);
});
const counter = { count: 1, add };
const sum: number = counter.add(2);
// @ts-expect-error: this is not a Counter
add.call({}, 1);

function pick(key: number): number;
function pick(key: string): string;
function pick(key: number | string): number | string {
  return key;
}
const traceable = traced()(pick);
const one: number = traceable(1);
const text: string = traceable('x');
// @ts-expect-error: no overload takes a boolean
traceable(true);

const same = traced('same')(async <T>(value: T): Promise<T> => value);
const kept: string = await same('kept');
function* steps(to: number): Generator<number, void, undefined> {
  for (let step = 0; step < to; step++) yield step;
}
const wrapped: (to: number) => Generator<number, void, undefined> = traced()(steps);
// @ts-expect-error: a number is no function
const refuse = (): unknown => traced()(5);
await finish([sum, one, text, kept, [...wrapped(2)], traceable.name, typeof refuse]);
`;

const ACCESSORS = `
class Dial {
  @traced()
  accessor level = 1;

  @traced('doubled')
  doubled = (by: number): number => this.level * by;

  @traced()
  #secret(): string {
    return 'hidden';
  }

  reveal(): string {
    return this.#secret();
  }
}
const dial = new Dial();
dial.level = 4;
const level: number = dial.level;
const doubled: number = dial.doubled(2);
// @ts-expect-error: the field keeps its type
dial.doubled('2');
await finish([level, doubled, dial.reveal()]);
`;

let folder: string;
beforeAll(() => {
  mkdirSync(join(PACKAGE, 'dist'), { recursive: true });
  folder = mkdtempSync(join(PACKAGE, 'dist', 'compile-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly result: unknown;
  readonly spans: readonly (readonly [string, Record<string, unknown>])[];
}

/** Compiles a program with the strictest settings and runs it. */
function run(name: string, text: string, compilerOptions: object): Outcome {
  const own = join(folder, name);
  mkdirSync(own);
  writeFileSync(join(own, 'program.ts'), HEAD + text);
  writeFileSync(join(own, 'package.json'), '{ "type": "module" }');
  const off = { composite: false, incremental: false, isolatedDeclarations: false };
  const unused = { noUnusedLocals: false, declaration: false, declarationMap: false };
  writeFileSync(
    join(own, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../../../../tsconfig.base.json',
      compilerOptions: { ...off, ...unused, ...compilerOptions },
      include: ['program.ts'],
    }),
  );
  const compiled = spawnSync(process.execPath, [TSC, '-p', own], { encoding: 'utf8' });
  expect(compiled.stdout).toBe('');
  const ran = spawnSync(process.execPath, [join(own, 'program.js')], {
    encoding: 'utf8',
    env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
    timeout: 15_000,
  });
  expect({ status: ran.status, said: ran.stderr }).toEqual({ status: 0, said: '' });
  return JSON.parse(ran.stdout) as Outcome;
}

const SPANS = [
  ['sell', {}],
  ['restock', { count: 2 }],
  ['left', {}],
  ['open', {}],
  ['find', {}],
  ['find', {}],
  ['items', {}],
  ['later', {}],
  ['sell', {}],
  ['sell', {}],
  ['find', {}],
];
// The calls under @ts-expect-error run as well: NaN is null in JSON.
const RESULT = [4, 6, 'Shop today', 7, 'x', [6], [6], 'number'];

describe('the compiler takes traced', () => {
  it('as a standard decorator', { timeout: 60_000 }, () => {
    const { result, spans } = run('standard', METHODS, {});
    expect(result).toEqual(RESULT);
    expect(spans).toEqual(SPANS);
  });

  it('as a legacy decorator (experimentalDecorators)', { timeout: 60_000 }, () => {
    const { result, spans } = run('legacy', METHODS, { experimentalDecorators: true });
    expect(result).toEqual(RESULT);
    expect(spans).toEqual(SPANS);
  });

  it('on accessors, fields and private methods', { timeout: 60_000 }, () => {
    const { result, spans } = run('accessors', ACCESSORS, {});
    expect(result).toEqual([4, 8, 'hidden']);
    const names = spans.map(([name]) => name);
    expect(names).toEqual(['level', 'level', 'level', 'doubled', 'level', 'doubled', '#secret']);
  });

  it('as a wrapper with this, overloads and generics', { timeout: 60_000 }, () => {
    const { result, spans } = run('wrappers', WRAPPERS, {});
    expect(result).toEqual([3, 1, 'x', 'kept', [0, 1], 'pick', 'function']);
    const names = spans.map(([name]) => name);
    expect(names).toEqual(['add', 'add', 'pick', 'pick', 'pick', 'same', 'steps']);
  });
});
