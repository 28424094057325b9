/** For authors of MCP servers: tools behind the guard. */
export type { CallContext } from './call-context.ts';
export { ToolError, type ToolErrorAdvice } from './errors.ts';
export type { SecureServerOptions } from './options.ts';
export { secureServer, type SecureServer } from './secure-server.ts';
export { tool, type Tool } from './tool.ts';
