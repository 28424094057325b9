/** For authors of MCP servers: tools behind the guard. */
export { ToolError } from './errors.ts';
export type { SecureServerOptions } from './options.ts';
export { secureServer, type SecureServer } from './secure-server.ts';
export { tool, type Tool, type ToolContext } from './tool.ts';
