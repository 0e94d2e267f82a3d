import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/**
 * Runs the benchmarks (all, or those named on the command line) one after another, keeps each
 * result as JSON under bench/results and writes the table in bench/README.md from what is kept.
 */
const HERE: string = fileURLToPath(new URL('..', import.meta.url));
const RESULTS = join(HERE, 'results');

/** One row: what was measured, ours beside the peer's. */
export interface BenchRow {
  readonly what: string;
  /** With its unit: "1.4 µs", "162,000 spans/s". */
  readonly ours: string;
  readonly peer?: string;
  /** The peer's name and version. */
  readonly peerName?: string;
  /** Ours divided by the peer's; below 1 is better for costs. */
  readonly ratio?: number;
  readonly goal?: string;
}

export interface BenchResult {
  readonly name: string;
  /** The Node that was measured, when not this one. */
  readonly node?: string;
  readonly results: readonly BenchRow[];
}

/** What the command line asks of a benchmark. */
export interface BenchOptions {
  /** The Node to measure, for benchmarks that start programs: `--node PATH`. */
  readonly node: string;
}

interface KeptResult extends BenchResult {
  readonly date: string;
  readonly node: string;
  readonly machine: string;
}

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return `${cpus().length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
}

function table(kept: KeptResult): string {
  const where = `${kept.date.slice(0, 10)}, Node ${kept.node}, ${kept.machine}`;
  const head = `### ${kept.name}\n\n${where}\n`;
  const rows = kept.results.map((row) => {
    const peer = row.peer === undefined ? '–' : `${row.peer} (${row.peerName ?? 'peer'})`;
    const ratio = row.ratio === undefined ? '–' : row.ratio.toFixed(2);
    return `| ${row.what} | ${row.ours} | ${peer} | ${ratio} | ${row.goal ?? '–'} |`;
  });
  return [
    head,
    '| what | ours | peer | ratio | goal |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function writeTables(): void {
  const readme = join(HERE, 'README.md');
  const marker = '<!-- results: written by npm run bench -->';
  const [head = ''] = readFileSync(readme, 'utf8').split(marker);
  const tables = readdirSync(RESULTS)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .map((file) => table(JSON.parse(readFileSync(join(RESULTS, file), 'utf8')) as KeptResult));
  writeFileSync(readme, `${head}${marker}\n\n${tables.join('\n')}`);
}

/** The result's name: that of another Node's does not take the place of the usual one's. */
function idOf(file: string, node: string | undefined): string {
  const name = file.replace('.bench.js', '');
  return node === undefined ? name : `${name}-node${node.split('.', 1)[0]}`;
}

async function main(words: readonly string[]): Promise<void> {
  const { values, positionals: names } = parseArgs({
    args: [...words],
    options: { node: { type: 'string' } },
    allowPositionals: true,
  });
  mkdirSync(RESULTS, { recursive: true });
  const files = readdirSync(fileURLToPath(new URL('.', import.meta.url)))
    .filter((file) => file.endsWith('.bench.js'))
    .filter((file) => names.length === 0 || names.includes(file.replace('.bench.js', '')))
    .toSorted();
  if (files.length === 0) throw new Error(`no benchmark named ${names.join(', ')}`);
  for (const file of files) {
    console.error(`› ${file.replace('.bench.js', '')}`);
    const { run } = (await import(new URL(file, import.meta.url).href)) as {
      run: (options: BenchOptions) => Promise<BenchResult>;
    };
    const result = await run({ node: values.node ?? process.execPath });
    const kept: KeptResult = {
      ...result,
      date: new Date().toISOString(),
      node: result.node ?? process.versions.node,
      machine: machine(),
    };
    const id = idOf(file, values.node === undefined ? undefined : result.node);
    writeFileSync(join(RESULTS, `${id}.json`), `${JSON.stringify(kept, undefined, 2)}\n`);
    console.log(table(kept));
  }
  writeTables();
}

await main(process.argv.slice(2));
