// Mocha's words for vitest: before, after, and callbacks for «done».
import { afterAll, afterEach, beforeAll, beforeEach, it } from 'vitest';

const MOCHA = { timeout() {}, skip() {} };

function promised(fn) {
  if (typeof fn !== 'function') return fn;
  if (fn.length === 0) return () => fn.call(MOCHA);
  return () =>
    new Promise((resolve, reject) => {
      fn.call(MOCHA, (error) => (error ? reject(error) : resolve()));
    });
}

const mochaIt = Object.assign((name, fn) => it(name, promised(fn)), { skip: it.skip });
Object.assign(globalThis, {
  before: beforeAll,
  after: afterAll,
  beforeEach: (fn) => beforeEach(promised(fn)),
  afterEach: (fn) => afterEach(promised(fn)),
  it: mochaIt,
  test: mochaIt,
});
