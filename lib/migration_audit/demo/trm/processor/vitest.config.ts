import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // The integration tests wait for a container to start.
    hookTimeout: 120_000,
    testTimeout: 30_000,
  },
});
