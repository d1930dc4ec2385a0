# The version is that of runtime/package.json; test/docs/deploy.test.ts holds the two together.
ARG NODE_IMAGE=node:26.10.0-trixie-slim

# What the router needs to run. `--workspaces=false` leaves out the pinned Node: the image is one.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --workspaces=false --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --workspaces=false --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
COPY cli ./cli
RUN npm run --silent build

FROM ${NODE_IMAGE}
ENV NODE_ENV=production LLR_HOST=0.0.0.0 LLR_PORT=3030 LLR_DB=/data/metrics.db
WORKDIR /app
RUN mkdir /data && chown node:node /data
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE policy.example.yaml policy.schema.json ./
USER node
VOLUME /data
EXPOSE 3030
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.LLR_PORT}/health`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/cli/main.js", "serve"]
