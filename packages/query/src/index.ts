export type * from './api.js';
export type * from './live.js';
