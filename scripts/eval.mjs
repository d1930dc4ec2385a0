// Scores the classifier on the evaluation data next to the repository, when that is there: it is no part of the
// repository, since its licences differ and its fake keys trip secret scanners.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'

const DATA = fileURLToPath(new URL('../../shared/eval/', import.meta.url))
const GOLD = ['routing', 'task', 'sensitivity', 'tokens'].map((name) => join(DATA, `${name}.jsonl`))
const SCORER = join(DATA, 'score.mjs')

if (![SCORER, ...GOLD].every((file) => existsSync(file))) {
  console.log(`No evaluation data at ${DATA}: nothing to score. The data is not part of the repository.`)
  process.exit(0)
}

const { classify } = await import('../src/classify/classify.ts')
const { clientCodec } = await import('../src/wire/codecs.ts')
const codec = clientCodec('chat')

function predict(line) {
  const { id, prompt, has_image: hasImage } = JSON.parse(line)
  const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }
  const content = hasImage ? [{ type: 'text', text: prompt }, image] : prompt
  const body = { model: 'auto', messages: [{ role: 'user', content }] }
  const input = { body, request: codec.decodeRequest(body), markedSensitive: false }
  const begin = performance.now()
  const tags = classify(input, { unscannable: 'allow' })
  const us = (performance.now() - begin) * 1000
  return JSON.stringify({
    id,
    task: tags.task,
    complexity: tags.complexity,
    complexity_score: tags.complexityScore,
    sensitive: tags.sensitivity === 'high',
    kinds: tags.findings,
    tokens: tags.tokens,
    us: Math.round(us * 10) / 10,
  })
}

const folder = mkdtempSync(join(tmpdir(), 'llr-eval-'))
try {
  const lines = GOLD.flatMap((file) => readFileSync(file, 'utf8').split('\n')).filter((line) => line !== '')
  const predictions = join(folder, 'predictions.jsonl')
  writeFileSync(predictions, lines.map((line) => predict(line)).join('\n'))
  const scored = spawnSync(
    process.execPath,
    [SCORER, '--gold', GOLD.join(','), '--pred', predictions, ...process.argv.slice(2)],
    { stdio: 'inherit' },
  )
  process.exitCode = scored.status ?? 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
