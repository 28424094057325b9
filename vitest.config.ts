import { configDefaults, defineConfig } from 'vitest/config';

// Node.js gets them, too, so `import` is not among them: `require` of a package that has both would get a module.
const conditions = ['sallyport-source', 'node', 'module', 'default'];
/** Tests that replace a module of Node.js get modules of their own. */
const ISOLATED = ['packages/server/src/jwks/addresses.test.ts'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    globalSetup: ['test/fixtures/temp-folder.ts'],
    // Ends a test that hangs; no test measures time by it, so it is generous to a busy machine.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    execArgv: ['--conditions=sallyport-source'],
    // Many tests wait for a process or a timeout of the product; meanwhile another file can use the core.
    maxWorkers: 3,
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts'],
          exclude: [...configDefaults.exclude, '**/dist/**', ...ISOLATED],
          // Loading the modules anew for each file would cost a third of the whole run, so a test restores what it
          // changes.
          isolate: false,
        },
      },
      { extends: true, test: { name: 'isolated', include: ISOLATED } },
    ],
  },
});
