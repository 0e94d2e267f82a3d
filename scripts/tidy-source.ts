import { parseSync, Visitor } from 'oxc-parser';

/** What the rules look at in one file. Lines are 1-based. */
export interface Source {
  /** Relative to the repository, with `/`. */
  readonly path: string;
  readonly lines: readonly string[];
  readonly imports: readonly { readonly from: string; readonly line: number }[];
  readonly functions: readonly { readonly name: string; readonly line: number; length: number }[];
  readonly typeNames: readonly { readonly name: string; readonly line: number }[];
  readonly hasDefaultExport: boolean;
  readonly hasExportAll: boolean;
}

interface Node {
  readonly start: number;
  readonly end: number;
}

/** Parses one file; throws with its name when it is no TypeScript. */
export function readSource(path: string, text: string): Source {
  const result = parseSync(path, text);
  const fault = result.errors[0];
  if (fault !== undefined) throw new Error(`cannot parse ${path}: ${fault.message}`);
  const lineOf = lineIndex(text);
  const functions: Source['functions'][number][] = [];
  const typeNames: { name: string; line: number }[] = [];
  const imports: { from: string; line: number }[] = [];
  const note = (name: string, node: Node): void => {
    const line = lineOf(node.start);
    functions.push({ name, line, length: lineOf(node.end) - line + 1 });
  };
  const named = (id: { readonly name: string } | null | undefined, node: Node): void => {
    if (id) typeNames.push({ name: id.name, line: lineOf(node.start) });
  };
  new Visitor({
    FunctionDeclaration: (node) => note(node.id?.name ?? 'function', node),
    FunctionExpression: (node) => note(node.id?.name ?? 'function', node),
    ArrowFunctionExpression: (node) => note('arrow function', node),
    ClassDeclaration: (node) => named(node.id, node),
    TSInterfaceDeclaration: (node) => named(node.id, node),
    TSTypeAliasDeclaration: (node) => named(node.id, node),
    ImportExpression: (node) => {
      if (node.source.type === 'Literal' && typeof node.source.value === 'string') {
        imports.push({ from: node.source.value, line: lineOf(node.start) });
      }
    },
  }).visit(result.program);
  for (const item of result.module.staticImports) {
    imports.push({ from: item.moduleRequest.value, line: lineOf(item.start) });
  }
  const exported = result.module.staticExports.flatMap((item) => item.entries);
  for (const entry of exported) {
    const request = entry.moduleRequest;
    if (request) imports.push({ from: request.value, line: lineOf(entry.start) });
  }
  return {
    path,
    lines: text.split('\n'),
    imports,
    functions,
    typeNames,
    hasDefaultExport: exported.some((entry) => entry.exportName.kind === 'Default'),
    hasExportAll: exported.some((entry) => entry.importName.kind === 'AllButDefault'),
  };
}

/** Offset → line, by binary search over the line starts. */
function lineIndex(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}
