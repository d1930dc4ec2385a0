// Runs before `npm start`, `npm test` and `npm run llr`: installs what is missing, so that these work from a
// fresh clone. Plain JavaScript for whatever Node started npm; the pinned Node comes with this very install.
//   node scripts/install-missing.mjs serve|develop
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const purpose = process.argv[2]
const read = (...path) => JSON.parse(readFileSync(join(root, ...path), 'utf8'))

/** True when every pinned package is there in its pinned version. */
function isInstalled(wanted) {
  return Object.entries(wanted).every(([name, version]) => {
    const file = join(root, 'node_modules', name, 'package.json')
    return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version === version
  })
}

const project = read('package.json')
const serving = { ...project.dependencies, ...read('runtime', 'package.json').dependencies }
const wanted = purpose === 'develop' ? { ...serving, ...project.devDependencies } : serving

if (!isInstalled(wanted) || !existsSync(join(root, 'node_modules', '.bin', 'node'))) {
  const omit = purpose === 'develop' ? [] : ['--omit=dev']
  process.stderr.write(`Installing what is missing to ${purpose} (once, with npm ci)...\n`)
  // Windows has npm as a batch file, which needs a shell.
  const result = spawnSync('npm', ['ci', ...omit, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (result.status !== 0) {
    process.stderr.write('npm ci failed; its message is above. Is the package registry reachable?\n')
    process.exit(1)
  }
}
