/** Foreign servers from the Go module proxy, each with its version. */
import type { ForeignServer } from './server.ts';

const EXAMPLES_OF_THE_SDK = 'github.com/modelcontextprotocol/go-sdk/examples/server';

export const GO_SERVERS: readonly ForeignServer[] = [
  {
    name: 'go-sdk-memory',
    ecosystem: 'Go',
    package: `${EXAMPLES_OF_THE_SDK}/memory`,
    version: 'v1.8.0',
    run: ['memory', '-memory', '{folder}/memory.json'],
    call: {
      tool: 'create_entities',
      arguments: { entities: [{ name: 'Ada', entityType: 'person', observations: ['wrote programs'] }] },
      answer: /Ada/,
    },
  },
  {
    name: 'go-sdk-everything',
    ecosystem: 'Go',
    package: `${EXAMPLES_OF_THE_SDK}/everything`,
    version: 'v1.8.0',
    run: ['everything'],
    call: { tool: 'greet', arguments: { name: 'Ada' }, answer: /Ada/ },
  },
  {
    name: 'go-sdk-thinking',
    ecosystem: 'Go',
    package: `${EXAMPLES_OF_THE_SDK}/sequentialthinking`,
    version: 'v1.8.0',
    run: ['sequentialthinking'],
    call: {
      tool: 'start_thinking',
      arguments: { problem: 'six times seven', sessionId: 'one', estimatedSteps: 2 },
      answer: /one/,
    },
  },
  {
    name: 'mcp-go-everything',
    ecosystem: 'Go',
    package: 'github.com/mark3labs/mcp-go/examples/everything',
    version: 'v1.2.1',
    run: ['everything'],
    call: { tool: 'echo', arguments: { message: 'hi' }, answer: /hi/ },
  },
  {
    name: 'gopls',
    ecosystem: 'Go',
    package: 'golang.org/x/tools/gopls',
    version: 'v0.23.0',
    run: ['gopls', 'mcp'],
    env: { HOME: '{folder}', GOFLAGS: '-mod=mod' },
    call: { tool: 'go_workspace', arguments: {}, answer: /module|workspace/i },
  },
  {
    name: 'grafana',
    ecosystem: 'Go',
    package: 'github.com/grafana/mcp-grafana/cmd/mcp-grafana',
    version: 'v1.6.3',
    run: ['mcp-grafana'],
    env: { GRAFANA_URL: 'http://127.0.0.1:9' },
    listOnly: 'its tools need a Grafana',
  },
];
