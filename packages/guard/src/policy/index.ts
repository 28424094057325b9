/** Cedar policies, compiled when they are loaded. */
export { compileCedar, type PolicyJson, type SourcePolicy } from './cedar.ts';
export { compileCondition, type Condition } from './condition.ts';
