import { posix } from 'node:path';

import type { Floors } from './tidy-floors.js';
import type { Source } from './tidy-source.js';

/** One thing that is wrong. `key` is stable across edits: the baseline names debts by it. */
export interface Finding {
  readonly rule: string;
  readonly key: string;
  readonly message: string;
}

/** A file over 400 lines wants a reason, given in LONG_FILES; 600 is the wall. */
const FILE_LINES = 400;
const FILE_LINES_WALL = 600;
const LONG_FILES: Readonly<Record<string, string>> = {
  'packages/query/src/api.ts': 'one contract: every answer of the API in one place',
};
const FUNCTION_LINES = 70;
const LINE_COLUMNS = 100;
const BANNED_FILES = /^(utils?|helpers?|misc|common)\.tsx?$|-shim\.tsx?$/;
const BANNED_TYPES = /(Manager|Impl|Base)$|^I[A-Z][a-z]/;
/** Names that the specification or the platform's own vocabulary gives. */
const ALLOWED_TYPES = new Set(['ContextManager', 'AsyncLocalStorageContextManager']);

/** Sizes and names of one file. */
export function checkFile(source: Source): Finding[] {
  const findings: Finding[] = [];
  const report = (rule: string, what: string, message: string): void => {
    findings.push({ rule, key: `${rule} ${source.path} ${what}`.trim(), message });
  };
  const { path, lines } = source;
  const isTest = /\.(test|suite|e2e|bench)\.tsx?$|\/fixtures\//.test(path);
  const wall = isTest || path in LONG_FILES ? FILE_LINES_WALL : FILE_LINES;
  if (lines.length > wall) {
    report('file-length', '', `${path}: ${lines.length} lines, ${wall} at most`);
  }
  lines.forEach((line, index) => {
    if (line.length > LINE_COLUMNS && !/https?:\/\//.test(line)) {
      report(
        'line-length',
        line.trim().slice(0, 40),
        `${path}:${index + 1}: over ${LINE_COLUMNS} columns`,
      );
    }
  });
  if (!isTest) {
    for (const item of source.functions) {
      if (item.length <= FUNCTION_LINES) continue;
      const where = `${path}:${item.line}`;
      report('function-length', item.name, `${where}: ${item.name} has ${item.length} lines`);
    }
  }
  if (BANNED_FILES.test(posix.basename(path))) {
    report('file-name', '', `${path}: name the file after the concept it holds`);
  }
  for (const type of source.typeNames) {
    if (!BANNED_TYPES.test(type.name) || ALLOWED_TYPES.has(type.name)) continue;
    report('type-name', type.name, `${path}:${type.line}: ${type.name} says how, not what`);
  }
  if (source.hasDefaultExport) report('default-export', '', `${path}: export by name`);
  if (source.hasExportAll && !path.endsWith('/index.ts')) {
    report('export-all', '', `${path}: name what is exported`);
  }
  return findings;
}

/** Import floors and cycles over all files. */
export function checkImports(sources: readonly Source[], floors: Floors): Finding[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const findings = sources.flatMap((source) =>
    source.imports.flatMap(({ from, line }) => {
      const fault = importFault(source.path, from, floors);
      if (fault === undefined) return [];
      const key = `import ${source.path} ${from}`;
      return [{ rule: 'import', key, message: `${source.path}:${line}: ${fault}` }];
    }),
  );
  for (const cycle of cycles(byPath)) {
    const key = `cycle ${cycle.join(' ')}`;
    findings.push({ rule: 'cycle', key, message: `import cycle: ${cycle.join(' → ')}` });
  }
  return findings;
}

function importFault(path: string, from: string, floors: Floors): string | undefined {
  const home = place(path);
  if (home === undefined) return undefined;
  const own = /^@codomyrmex\/(otlp|telemetry(?:-\w+)?)(\/.*)?$/.exec(from);
  if (own) {
    const target = PACKAGE_FOLDERS[own[1] ?? ''] ?? '';
    const allowed = floors.packages[home.package] ?? [];
    if (allowed.includes(target)) return undefined;
    return `${home.package} may not import ${target}`;
  }
  if (!from.startsWith('.')) return undefined;
  const target = place(posix.join(posix.dirname(path), from));
  if (target === undefined || target.package !== home.package) {
    return `import ${from} by its package's entry point`;
  }
  if (target.folder === home.folder || isTestOf(path)) return undefined;
  const allowed = floors.folders[`${home.package}/${home.folder}`];
  if (allowed === undefined || allowed.includes(target.folder)) return undefined;
  return `${home.package}/${home.folder} may not import ${target.folder || 'its package root'}`;
}

/** Tests may use what they like: they stand outside the flow of data. */
function isTestOf(path: string): boolean {
  return /\.(test|suite|e2e)\.tsx?$|\/fixtures\//.test(path);
}

const PACKAGE_FOLDERS: Readonly<Record<string, string>> = {
  otlp: 'otlp',
  telemetry: 'sdk',
  'telemetry-query': 'query',
  'telemetry-server': 'server',
  'telemetry-dashboard': 'dashboard',
};

function place(path: string): { package: string; folder: string } | undefined {
  const inPackage = /^packages\/([^/]+)\/src\/(?:([^/]+)\/)?/.exec(path);
  if (inPackage) return { package: inPackage[1] ?? '', folder: inPackage[2] ?? '' };
  const top = /^(bench|examples|e2e|scripts)\//.exec(path);
  return top ? { package: top[1] ?? '', folder: '' } : undefined;
}

/** Every cycle once, as the files on it (Tarjan: strongly connected components). */
function cycles(byPath: ReadonlyMap<string, Source>): string[][] {
  const targets = (path: string): string[] =>
    (byPath.get(path)?.imports ?? []).flatMap(({ from }) => resolve(path, from, byPath));
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const onStack = new Set<string>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (path: string): void => {
    index.set(path, index.size);
    low.set(path, index.get(path)!);
    stack.push(path);
    onStack.add(path);
    for (const target of targets(path)) {
      if (!index.has(target)) {
        visit(target);
        low.set(path, Math.min(low.get(path)!, low.get(target)!));
      } else if (onStack.has(target)) {
        low.set(path, Math.min(low.get(path)!, index.get(target)!));
      }
    }
    if (low.get(path) !== index.get(path)) return;
    const component = stack.splice(stack.indexOf(path));
    for (const member of component) onStack.delete(member);
    if (component.length > 1 || targets(path).includes(path)) found.push(component.toSorted());
  };
  for (const path of byPath.keys()) if (!index.has(path)) visit(path);
  return found;
}

function resolve(path: string, from: string, byPath: ReadonlyMap<string, Source>): string[] {
  if (!from.startsWith('.')) return [];
  const base = posix.join(posix.dirname(path), from).replace(/\.jsx?$/, '');
  return [`${base}.ts`, `${base}.tsx`, base].filter((candidate) => byPath.has(candidate));
}
