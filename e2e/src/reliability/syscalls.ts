/** A system call of a trace by strace -f -y -yy, its beginning and its end put together. */
export interface SystemCall {
  readonly name: string;
  /** Between the parentheses. */
  readonly args: string;
  /** Negative when it failed. */
  readonly result: number;
  /** Places in the order of the trace: others may lie between a call's beginning and its end. */
  readonly began: number;
  readonly ended: number;
}

/**
 * The calls of interest: whatever changes a file, makes it durable, or answers a client. A question
 * mark: not every processor has it.
 */
export const TRACED_CALLS: string = [
  ['openat', '?open', '?creat', '?mkdir', 'mkdirat', '?rmdir', '?unlink', 'unlinkat'],
  ['ftruncate', 'truncate', '?rename', '?renameat', 'renameat2', '?link', 'linkat'],
  ['?symlink', 'symlinkat', 'write', 'writev', 'pwrite64', 'pwritev', '?pwritev2', 'sendfile'],
  ['copy_file_range', 'fallocate', 'sendto', 'sendmsg', 'fsync', 'fdatasync', 'syncfs', 'sync'],
]
  .flat()
  .join(',');

const LINE = /^(\d+) +(?:(\w+)\((.*)|<\.\.\. (\w+) resumed>(.*))$/s;
const END = /^(.*)\) += (-?\d+)/s;

/** Reads a trace; what had not ended when the trace ended is left out. */
export function systemCalls(trace: string): readonly SystemCall[] {
  const calls: SystemCall[] = [];
  const open = new Map<string, { readonly args: string; readonly began: number }>();
  for (const [at, line] of trace.split('\n').entries()) {
    const [, thread = '', name, rest = '', resumed, tail = ''] = LINE.exec(line) ?? [];
    if (name !== undefined && rest.endsWith(' <unfinished ...>')) {
      open.set(thread, { args: rest.slice(0, -' <unfinished ...>'.length), began: at });
    } else if (name !== undefined) {
      push(calls, name, rest, at, at);
    } else if (resumed !== undefined) {
      const begin = open.get(thread);
      open.delete(thread);
      if (begin !== undefined) push(calls, resumed, begin.args + tail, begin.began, at);
    }
  }
  return calls.toSorted((a, b) => a.ended - b.ended);
}

function push(calls: SystemCall[], name: string, text: string, began: number, ended: number): void {
  const [, args, result] = END.exec(text) ?? [];
  if (args !== undefined) calls.push({ name, args, result: Number(result), began, ended });
}

/** The file behind a descriptor, as strace -y shows it: `71</data/redo/x.rows>`. */
export function fileOf(args: string): string | undefined {
  return /^\d+<([^>]*)>/.exec(args)?.[1];
}

/** The quoted paths of a call, in order. */
export function pathsOf(args: string): readonly string[] {
  return [...args.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1] ?? '');
}
