/** For authors of MCP servers: tools, resources and prompts behind the guard. */
export type { ApprovalText } from './approval.ts';
export type { CallContext } from './call-context.ts';
export type { Effect } from './effects.ts';
export { ToolError, type ToolErrorAdvice } from './errors.ts';
export type { ClientLogLevel, FetchRequest, HandlerCall } from './handler.ts';
export type { ItemOptions } from './item.ts';
export type { LimitText } from './limit-text.ts';
export type { ListenOptions } from './listen-options.ts';
export type { AuthOptions, IssuerOptions, SecureServerOptions } from './options.ts';
export type { Permission, Roles } from './permission.ts';
export { prompt, type Prompt, type PromptAnswer, type PromptOptions } from './prompt.ts';
export {
  resource,
  resourceTemplate,
  type Complete,
  type Resource,
  type ResourceContent,
  type ResourceOptions,
  type ResourceTemplate,
  type ResourceTemplateOptions,
} from './resource.ts';
export type { Schema, SchemaInput, SchemaOutput, StandardSchema } from './schema.ts';
export { secureServer, type RunningServer, type SecureServer } from './secure-server.ts';
export { tool, type Tool, type ToolAnswer, type ToolOptions } from './tool.ts';
export { toolContents, type ToolContents } from './tool-contents.ts';
