import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The build is started by tools/dashboard.mjs, which says where the files go. */
export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2023',
    // Inlined files would be data: addresses, which the Content-Security-Policy allows for images only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
