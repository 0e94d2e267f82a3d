import { expect, test } from 'vitest';
import { expressRoute } from './express-route.js';

test.each([
  [{}, undefined],
  [{ route: {} }, undefined],
  [{ route: { path: '/users/:id' } }, '/users/:id'],
  [{ route: { path: '/' }, baseUrl: '' }, '/'],
  [{ route: { path: '/' }, baseUrl: '/api' }, '/api'],
  [{ route: { path: '/x' }, baseUrl: '/api/v1' }, '/api/v1/x'],
  [{ route: { path: ['/a', /b/] } }, '/a,/b/'],
  [{ route: { path: /^\/c/ } }, String.raw`/^\/c/`],
  [{ route: { path: '/o' }, baseUrl: '/users/ann', params: { user: 'ann' } }, '/users/:user/o'],
  [{ route: { path: '/o' }, baseUrl: '/users/42' }, '/users/:id/o'],
  [{ route: { path: '/o' }, baseUrl: '/t/0af76519-16cd-43dd-8448-eb211c80319c' }, '/t/:id/o'],
])('%j', (request, expected) => {
  expect(expressRoute(request)).toBe(expected);
});
