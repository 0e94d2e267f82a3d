/** One line of a stack trace. */
export interface StackFrame {
  /** Of the program itself, not of a library or the runtime. */
  readonly own: boolean;
  /** The function; empty when the line names none. */
  readonly name: string;
  /** Where, shortened to the last two parts of its path: `src/stripe.ts:88:12`. */
  readonly place: string;
  /** The line as it came. */
  readonly text: string;
}

const FOREIGN = /node_modules|node:|<anonymous>|site-packages|\/rustc\/|\b(java|sun|jdk)\./;
/** V8: `at charge (file:///app/src/stripe.ts:88:12)`, `at async file:///…`. */
const V8_FRAME = /^at (?:async )?(?:(.+?) \()?((?:file:\/\/)?[^()]*?:\d+(?::\d+)?)\)?$/;
/** Gecko and WebKit: `charge@https://…/stripe.js:88:12`. */
const AT_FRAME = /^(.*?)@(.+:\d+:\d+)$/;

/** Cuts a stack trace into frames; what stands before the first one (type, message) is left out. */
export function stackFrames(stack: string): StackFrame[] {
  const lines = stack.split('\n').map((line) => line.trim());
  const first = lines.findIndex((line) => frameOf(line) !== undefined);
  return lines
    .slice(Math.max(0, first < 0 ? 1 : first))
    .filter((line) => line !== '')
    .map((text) => {
      const own = !FOREIGN.test(text);
      return frameOf(text) ?? { own, name: '', place: '', text };
    });
}

function frameOf(text: string): StackFrame | undefined {
  const match = V8_FRAME.exec(text) ?? AT_FRAME.exec(text);
  if (match === null) return undefined;
  return {
    own: !FOREIGN.test(text),
    name: match[1] ?? '',
    place: shortPlace(match[2] ?? ''),
    text,
  };
}

function shortPlace(place: string): string {
  const parts = place.replace(/^\w+:\/\//, '').split('/');
  return parts.slice(-2).join('/');
}
