import { defineConfig } from 'vitest/config';

const conditions = ['sallyport-source', 'node', 'import', 'module', 'default'];
/** These tests start nothing and replace nothing that other files use, so several files share one worker. */
const PURE = ['packages/guard/src/**/*.test.ts', 'packages/gateway/src/mcp/**/*.test.ts'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    globalSetup: ['test/fixtures/temp-folder.ts'],
    // Ends a test that hangs; no test measures time by it, so it is generous to a busy machine.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    execArgv: ['--conditions=sallyport-source'],
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'pure', include: PURE, isolate: false } },
      {
        extends: true,
        test: {
          name: 'processes',
          include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', ...PURE],
        },
      },
    ],
  },
});
