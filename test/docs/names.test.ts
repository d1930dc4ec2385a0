/** What the documents name exists in the source, and what a user meets in the source is in the documents. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ERRORS } from '../../src/errors.ts'
import { ask, startRouter } from '../support/start-router.ts'
import { readDocument, ROOT } from './markdown.ts'

function sources(...folders: readonly string[]): string {
  return folders
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
        .map((name) => readFileSync(join(ROOT, folder, name), 'utf8')),
    )
    .join('\n')
}

/** Every first group of every match, each once, sorted. */
function all(text: string, pattern: RegExp): readonly string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? ''))].toSorted()
}

const readme = readDocument('README.md')
const product = sources('src', 'cli')

describe('the README', () => {
  it('has every environment variable, and no other', () => {
    const documented = all(readme, /^\| `([A-Z][A-Z0-9_]+)` \|/gm)
    const read = all(product, /env\['([A-Z0-9_]+)'\]/g)
    const keys = all(product, /apiKeyEnv: '([A-Z0-9_]+)'/g)
    assert.deepEqual(documented, [...new Set([...read, ...keys])].toSorted())
  })

  it('has every command and option, and no other', () => {
    const run = readFileSync(join(ROOT, 'cli/run.ts'), 'utf8')
    const commands = all(run, /case '([a-z]+)'/g)
    const rows = readme.split('\n').filter((line) => line.startsWith('| `llr '))
    const documented = all(rows.join('\n'), /`llr ([a-z]+)/g).filter(
      (name) => name !== 'help' && name !== 'version',
    )
    assert.deepEqual(documented, commands)
    const options = all(run, /^ {2}'?([\w-]+)'?: \{ type: '(?:boolean|string)'/gm)
    const named = all(rows.join('\n'), /--([a-z-]+)/g)
    assert.deepEqual(
      named,
      options.filter((name) => name !== 'help' && name !== 'version'),
    )
  })

  it('has every path that is served, and no other', async () => {
    const router = await startRouter('backends: { demo: { type: demo } }\nroutes: [{ default: demo }]')
    try {
      const refused = (await (await fetch(`${router.url}/nothing-here`)).json()) as {
        error: { message: string }
      }
      const served = all(refused.error.message, /((?:GET|POST|DELETE) \/[\w/{}]*)/g)
      for (const line of served) {
        const [method = '', path = ''] = line.split(' ')
        const { status, headers } = await fetch(router.url + path.replace('{id}', 'auto'), { method })
        // Without a body a POST is refused for that, and no response has the id `auto`.
        const isServed = method === 'POST' ? status === 415 || status === 400 : status === 200
        const isUnknownResponse = path.startsWith('/v1/responses/{id}') && status === 404
        assert.ok(isServed || isUnknownResponse, `${line}: ${status}`)
        assert.ok(headers.has('x-llr-request-id'), line)
      }
      const rows = readme.split('\n').filter((line) => /^\| `(?:GET|POST) /.test(line))
      assert.deepEqual(all(rows.join('\n'), /`((?:GET|POST|DELETE) [^`]+)`/g), served)
    } finally {
      await router.close()
    }
  })

  it('gives the header names that are sent', () => {
    const sent = all(readFileSync(join(ROOT, 'src/reply/headers.ts'), 'utf8'), /'(x-llr-[a-z-]+)'/g)
    for (const name of all(readme, /^(x-llr-[a-z-]+):/gm)) assert.ok(sent.includes(name), name)
  })
})

describe('docs/metrics.md', () => {
  it('has every metric, and no other', () => {
    const defined = all(sources('src/record'), /'(llr_[a-z_]+)'/g)
    assert.deepEqual(all(readDocument('docs/metrics.md'), /^\| `(llr_[a-z_]+)`/gm), defined)
  })

  it('has every key that a router answers with', async () => {
    const document = readDocument('docs/metrics.md')
    const router = await startRouter(
      'backends: { a: { type: demo }, b: { type: demo } }\nroutes: [{ default: a }]\nab: { enabled: true, sampleRate: 1, candidates: { a: b } }',
    )
    try {
      await router.post('/v1/chat/completions', ask('Hello'))
      for (const path of ['/v1/metrics', '/v1/ab']) {
        const answer: unknown = await (await fetch(`${router.url}${path}`)).json()
        for (const key of keysOf(answer)) {
          assert.ok(document.includes(`\`${key}\``) || document.includes(`\`${key}[]`), `${path}: ${key}`)
        }
      }
    } finally {
      await router.close()
    }
  })
})

/** The policy's own settings, repeated in the report and explained where the policy is. */
const SETTINGS = 'settings'

function keysOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(keysOf)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [key, ...(key === SETTINGS ? [] : keysOf(inner))])
}

describe('docs/lifecycle.md', () => {
  it('has every error code with its status, and no other', () => {
    const document = readDocument('docs/lifecycle.md')
    for (const [code, { status }] of Object.entries(ERRORS)) {
      const lines = document.split('\n').filter((line) => new RegExp(`\\b${code}\\b`).test(line))
      assert.ok(
        lines.some((line) => line.includes(String(status))),
        `${code} (${status}) is not there`,
      )
    }
    for (const code of all(document, /\b[45]\d\d `?([a-z]+(?:_[a-z]+)+)/g)) {
      assert.ok(Object.hasOwn(ERRORS, code), `${code} is not an error of the router`)
    }
  })
})
