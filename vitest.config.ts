import { defineConfig } from 'vitest/config';

const conditions = ['sallyport-source', 'node', 'import', 'module', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    globalSetup: ['test/fixtures/temp-folder.ts'],
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts'],
    // Ends a test that hangs; no test measures time by it, so it is generous to a busy machine.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    execArgv: ['--conditions=sallyport-source'],
    // Loading the modules anew for each file would cost a third of the whole run. So a test restores what it changes.
    isolate: false,
    // Many tests wait for a process or a timeout of the product; meanwhile another file can use the core.
    maxWorkers: 3,
  },
});
