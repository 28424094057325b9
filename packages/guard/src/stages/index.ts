/** The stages of the guard, one room each. */
export * from './approve/index.ts';
export * from './authenticate/index.ts';
export * from './authorize/index.ts';
export * from './inspect/index.ts';
export * from './limit/index.ts';
export * from './tenant/index.ts';
export * from './validate/index.ts';
export * from './visible/index.ts';
