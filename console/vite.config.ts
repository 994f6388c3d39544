import { fileURLToPath } from "node:url"
import vue from "@vitejs/plugin-vue"
import { defineConfig } from "vitest/config"
import { precompress } from "./plugins/precompress.ts"

/** The service that `npm run dev` hands everything but the console's own files on to. */
const service = process.env["ROADBED_URL"] ?? "http://127.0.0.1:8000"

export default defineConfig({
  base: "/console/",
  plugins: [vue(), precompress()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    target: "es2022",
    // A strict Content-Security-Policy allows no data: scripts or styles, and inlined files cannot be cached.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    host: "127.0.0.1",
    proxy: {
      "^/(?!console/|@)": {
        target: service,
        // The service checks Host and Origin: it sees those of its own address.
        changeOrigin: true,
        configure: (proxy) => proxy.on("proxyReq", (request) => request.removeHeader("origin")),
      },
    },
  },
  test: { environment: "happy-dom", include: ["tests/**/*.test.ts"] },
})
