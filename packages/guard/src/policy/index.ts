/** Cedar policies, compiled when they are loaded. */
export { compileCedar, type PolicyJson, type SourcePolicy } from './cedar.ts';
