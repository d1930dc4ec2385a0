#!/usr/bin/env node
/**
 * `llr`: the only place for argv, process.env and exit codes. The commands are loaded after the check below,
 * because an old Node cannot even link them (`node:sqlite`).
 */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    `local-llm-router needs Node 24.12 or later; this is ${process.versions.node}. In a clone of the repository, npm start brings its own.\n`,
  )
  process.exitCode = 1
} else {
  const { run } = await import('./run.ts')
  process.exitCode = await run(process.argv.slice(2))
}
