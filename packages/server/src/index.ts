/** Write an MCP server that is secure by construction. */
export { ToolError } from './errors.ts';
export { secureServer, type SecureServer, type SecureServerOptions } from './secure-server.ts';
export { tool, type Tool, type ToolContext } from './tool.ts';
