import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['sallyport-source', 'node', 'import', 'module', 'default'] },
  ssr: { resolve: { conditions: ['sallyport-source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    globalSetup: ['test/fixtures/temp-folder.ts'],
    // Ends a test that hangs; no test measures time by it, so it is generous to a busy machine.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    execArgv: ['--conditions=sallyport-source'],
    maxWorkers: 2,
  },
});
