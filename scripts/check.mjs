// The one gate, `npm run check`: every step, in an order that fails fast, with its time.
import { spawnSync } from 'node:child_process'

const steps = ['types', 'lint', 'format', 'generated', 'dead', 'package', 'suite']

for (const step of steps) {
  const startedAtMs = performance.now()
  process.stdout.write(`\n== check:${step}\n`)
  const { status } = spawnSync('npm', ['run', '--silent', `check:${step}`], { stdio: 'inherit' })
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1)
  if (status !== 0) {
    process.stdout.write(`\ncheck:${step} failed after ${seconds} s.\n`)
    process.exit(1)
  }
  process.stdout.write(`ok (${seconds} s)\n`)
}
process.stdout.write('\nAll checks passed.\n')
